internal import Bytes

/// One section of a file (`Elf64_Shdr`).
package struct ElfSection: Sendable {
  /// `sh_type`, as far as it matters.
  package enum Kind {
    package static let null: UInt32 = 0
    package static let programBits: UInt32 = 1
    package static let symbols: UInt32 = 2
    package static let relocations: UInt32 = 4
    package static let hash: UInt32 = 5
    package static let dynamic: UInt32 = 6
    package static let noBits: UInt32 = 8
    package static let dynamicSymbols: UInt32 = 11
    package static let relativeRelocations: UInt32 = 19
  }

  /// `sh_flags`, as far as they matter.
  package enum Flag {
    package static let writable: UInt64 = 1
    package static let allocated: UInt64 = 2
    package static let executable: UInt64 = 4
    package static let threadLocal: UInt64 = 0x400
    package static let compressed: UInt64 = 0x800
  }

  /// A longer name counts as none.
  static let longestName = 255

  package let name: [UInt8]
  /// `sh_addr`; in a relocatable file `sh_offset`.
  package let address: UInt64
  package let offset: UInt64
  package let size: UInt64
  package let type: UInt32
  package let flags: UInt64
  package let link: Int
  package let info: Int
  /// Its bytes in the file: none when it has none, is compressed, or would leave the file.
  package let range: Range<Int>

  package var isAllocated: Bool { flags & Flag.allocated != 0 }
  package var isWritable: Bool { flags & Flag.writable != 0 }
  package var isExecutable: Bool { flags & Flag.executable != 0 }
  /// Whether it is machine code of its own, not a table that the linker wrote.
  package var isCode: Bool { isExecutable && type == Kind.programBits }
  package var isSymbolTable: Bool { type == Kind.symbols || type == Kind.dynamicSymbols }

  package func isNamed(_ other: StaticString) -> Bool {
    guard name.count == other.utf8CodeUnitCount else { return false }
    return other.withUTF8Buffer { unsafe name.elementsEqual($0) }
  }

  package func isNamed(startingWith other: StaticString) -> Bool {
    other.withUTF8Buffer { unsafe name.starts(with: $0) }
  }

  /// The address of one of its bytes, by offset in the file.
  package func address(ofOffset offset: Int) -> UInt64 {
    address &+ (UInt64(offset) &- self.offset)
  }

  /// The addresses it has, for finding it by one; `nil`: it is not to be found.
  func memoryRange(inRelocatable: Bool) -> (start: UInt64, count: UInt64)? {
    if inRelocatable { return fileRange }
    let isTemplate = type == Kind.noBits && flags & Flag.threadLocal != 0
    return isAllocated && !isTemplate ? (address, size) : nil
  }

  /// The bytes of the file it has, for finding it by one.
  var fileRange: (start: UInt64, count: UInt64)? {
    type == Kind.null || type == Kind.noBits ? nil : (offset, size)
  }

  /// - Parameters:
  ///   - entry: Its header.
  ///   - byteCount: How many bytes the file has.
  init(_ entry: RawSpan, name: [UInt8], _ header: ElfHeader, byteCount: Int) {
    self.name = name
    type = entry.load32(4)
    flags = entry.load64(8)
    offset = entry.load64(24)
    address = header.type == .relocatable ? offset : entry.load64(16)
    size = entry.load64(32)
    let link = Int(entry.load32(40))
    let info = Int(entry.load32(44))
    self.link = link < header.sectionCount ? link : 0
    self.info = info < header.sectionCount ? info : 0
    range = Self.range(entry, byteCount)
  }

  /// The bytes of a section in the file, by its header.
  static func range(_ entry: RawSpan, _ byteCount: Int) -> Range<Int> {
    let type = entry.load32(4)
    guard type != Kind.null, type != Kind.noBits, entry.load64(8) & Flag.compressed == 0,
      let offset = Int(exactly: entry.load64(24)), offset <= byteCount,
      let size = Int(exactly: entry.load64(32)), size <= byteCount &- offset
    else { return 0..<0 }
    return offset..<(offset &+ size)
  }
}
