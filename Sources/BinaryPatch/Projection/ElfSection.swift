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

  static func table(_ bytes: RawSpan, _ header: ElfHeader) -> [ElfSection]? {
    let names = header.sectionTable &+ header.nameSection &* ElfHeader.sectionEntrySize
    let strings = range(bytes, names)
    return (0..<header.sectionCount).map { index in
      let at = header.sectionTable &+ index &* ElfHeader.sectionEntrySize
      return ElfSection(bytes, at, strings, header)
    }
  }

  private init(_ bytes: RawSpan, _ at: Int, _ strings: Range<Int>, _ header: ElfHeader) {
    name = bytes.string(at: Int(bytes.load32(at)), in: strings, atMost: Self.longestName)
    type = bytes.load32(at &+ 4)
    flags = bytes.load64(at &+ 8)
    offset = bytes.load64(at &+ 24)
    address = header.type == .relocatable ? offset : bytes.load64(at &+ 16)
    size = bytes.load64(at &+ 32)
    let link = Int(bytes.load32(at &+ 40))
    let info = Int(bytes.load32(at &+ 44))
    self.link = link < header.sectionCount ? link : 0
    self.info = info < header.sectionCount ? info : 0
    range = Self.range(bytes, at)
  }

  private static func range(_ bytes: RawSpan, _ at: Int) -> Range<Int> {
    let type = bytes.load32(at &+ 4)
    let flags = bytes.load64(at &+ 8)
    guard type != Kind.null, type != Kind.noBits, flags & Flag.compressed == 0,
      let offset = Int(exactly: bytes.load64(at &+ 24)), offset <= bytes.byteCount,
      let size = Int(exactly: bytes.load64(at &+ 32)), size <= bytes.byteCount &- offset
    else { return 0..<0 }
    return offset..<(offset &+ size)
  }
}
