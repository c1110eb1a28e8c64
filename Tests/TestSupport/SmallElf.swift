internal import Bytes

/// A small ELF64 file, put together by hand, right or wrong.
public struct SmallElf: Sendable {
  /// One section.
  public struct Section: Sendable {
    /// Its name.
    public var name: String
    /// `sh_type`
    public var type: UInt32
    /// `sh_flags`
    public var flags: UInt64
    /// `sh_addr`; 0: where it is in the file, behind the base.
    public var address: UInt64
    /// Its bytes in the file.
    public var bytes: [UInt8]
    /// `sh_link`
    public var link: UInt32
    /// `sh_info`
    public var info: UInt32
    /// For one without bytes.
    public var size: UInt64?

    /// A section; of program bits in memory when nothing else is said.
    public init(
      _ name: String, type: UInt32 = 1, flags: UInt64 = 2, address: UInt64 = 0,
      _ bytes: [UInt8] = [], link: UInt32 = 0, info: UInt32 = 0, size: UInt64? = nil
    ) {
      self.name = name
      self.type = type
      self.flags = flags
      self.address = address
      self.bytes = bytes
      self.link = link
      self.info = info
      self.size = size
    }
  }

  /// `EM_X86_64` or `EM_AARCH64`.
  public var machine: UInt16
  /// `ET_REL`, `ET_EXEC` or `ET_DYN`.
  public var type: UInt16
  /// The null section comes before them, the section of names after.
  public var sections: [Section]
  /// Where the file starts in memory: one segment has all sections.
  public var base: UInt64

  /// A library for x86-64 when nothing else is said.
  public init(machine: UInt16 = 62, type: UInt16 = 3, base: UInt64 = 0, _ sections: [Section]) {
    self.machine = machine
    self.type = type
    self.base = base
    self.sections = sections
  }

  /// Where the bytes of each section start in the file; all are aligned to 16.
  public var offsets: [Int] {
    var at = 64 + 56
    return sections.map { section in
      at = (at + 15) / 16 * 16
      defer { at += section.bytes.count }
      return at
    }
  }

  /// The file. A section's address counts from ``base`` and its offset when it is zero.
  public var bytes: [UInt8] {
    var names: [UInt8] = [0]
    var nameOffsets: [UInt32] = []
    for section in sections + [Section(".shstrtab")] {
      nameOffsets.append(UInt32(names.count))
      names += Array(section.name.utf8) + [0]
    }
    var body = [UInt8](repeating: 0, count: 64 + 56)
    for (offset, section) in zip(offsets, sections) {
      body += [UInt8](repeating: 0, count: offset - body.count) + section.bytes
    }
    let namesAt = body.count
    body += names
    body += [UInt8](repeating: 0, count: (8 - body.count % 8) % 8)
    let table = body.count
    body += [UInt8](repeating: 0, count: 64)
    for (index, section) in sections.enumerated() {
      let address = section.address == 0 ? base + UInt64(offsets[index]) : section.address
      Self.appendHeader(&body, nameOffsets[index], section, address, UInt64(offsets[index]))
    }
    let strings = Section(".shstrtab", type: 3, flags: 0, names)
    Self.appendHeader(&body, nameOffsets[sections.count], strings, 0, UInt64(namesAt))
    body.replaceSubrange(0..<120, with: headers(table: table, loaded: namesAt))
    return body
  }

  private static func appendHeader(
    _ body: inout [UInt8], _ name: UInt32, _ section: Section, _ address: UInt64, _ offset: UInt64
  ) {
    body.append(littleEndian: name)
    body.append(littleEndian: section.type)
    for value in [
      section.flags, address, offset, section.size ?? UInt64(section.bytes.count),
    ] {
      body.append(littleEndian: value)
    }
    body.append(littleEndian: section.link)
    body.append(littleEndian: section.info)
    body.append(littleEndian: 8 as UInt64)
    body.append(littleEndian: 0 as UInt64)
  }

  private func headers(table: Int, loaded: Int) -> [UInt8] {
    var out: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    out.append(littleEndian: type)
    out.append(littleEndian: machine)
    out.append(littleEndian: 1 as UInt32)
    for value in [base, 64, UInt64(table)] { out.append(littleEndian: value) }
    out.append(littleEndian: 0 as UInt32)
    let counts = [64, 56, 1, 64, UInt16(sections.count + 2), UInt16(sections.count + 1)]
    for value in counts as [UInt16] { out.append(littleEndian: value) }
    out.append(littleEndian: 1 as UInt32)
    out.append(littleEndian: 5 as UInt32)
    // Some room behind the file's bytes: a segment's .bss.
    for value in [0, base, base, UInt64(loaded), UInt64(loaded) + 0x1000, 16] as [UInt64] {
      out.append(littleEndian: value)
    }
    return out
  }
}

/// Little-endian words, one after the other.
public func words(_ values: UInt32...) -> [UInt8] {
  var out: [UInt8] = []
  for value in values { out.append(littleEndian: value) }
  return out
}

/// Little-endian words of eight bytes, one after the other.
public func quads(_ values: UInt64...) -> [UInt8] {
  var out: [UInt8] = []
  for value in values { out.append(littleEndian: value) }
  return out
}
