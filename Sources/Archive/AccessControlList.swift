internal import Bytes

/// A POSIX access control list, as an archive words it and as the kernel stores it.
///
/// The text has entries `kind:name:permissions`, with a comma or newline between, and may have a
/// number behind a third colon: `user:lisa:rw-:502`. The attribute is a version, 2, of four bytes,
/// and for each entry its kind and its permissions, two bytes each, and the number of the user or
/// group in four, the lowest byte first.
struct AccessControlList {
  static let accessName = Array("system.posix_acl_access".utf8)
  static let defaultName = Array("system.posix_acl_default".utf8)
  /// The length of a list of owner, group and others.
  static let minimalLength = 4 + 3 * 8

  private enum Kind: UInt16 {
    case owner = 0x01
    case user = 0x02
    case owningGroup = 0x04
    case group = 0x08
    case mask = 0x10
    case others = 0x20
  }

  private struct Entry {
    var kind: Kind
    var permissions: UInt16
    var number: UInt32
  }

  private var entries: [Entry] = []

  /// Reads the text of a list.
  init(text: [UInt8]) throws(ArchiveError.Reason) {
    for line in text.split(whereSeparator: { $0 == 0x2C || $0 == 0x0A }) {
      // A comment shows what the mask leaves of an entry.
      let entry = line.prefix { $0 != 0x23 }.filter { $0 != 0x20 && $0 != 0x09 }
      if !entry.isEmpty { entries.append(try Self.entry(entry)) }
    }
    guard entries.count >= 3 else { throw .accessControlList }
    // The order of kinds is the kernel's; sorting is stable.
    entries.sort { $0.kind.rawValue < $1.kind.rawValue }
  }

  private static func entry(_ text: [UInt8]) throws(ArchiveError.Reason) -> Entry {
    var fields = text.split(separator: 0x3A, omittingEmptySubsequences: false).map { Array($0) }
    // Of masks and others, some programs leave out the empty name.
    if fields.count == 2 { fields.insert([], at: 1) }
    guard fields.count == 3 || fields.count == 4, let permissions = permissions(fields[2]) else {
      throw .accessControlList
    }
    let name = fields[1]
    let kind: Kind
    switch String(decoding: fields[0], as: UTF8.self) {
    case "user", "u": kind = name.isEmpty ? .owner : .user
    case "group", "g": kind = name.isEmpty ? .owningGroup : .group
    case "mask", "m": kind = .mask
    case "other", "o": kind = .others
    default: throw .accessControlList
    }
    guard kind == .user || kind == .group else {
      return Entry(kind: kind, permissions: permissions, number: .max)
    }
    guard let number = TarNumber.decimal(fields.count == 4 ? fields[3] : name) else {
      throw .accessControlName(name)
    }
    guard let number = UInt32(exactly: number) else { throw .accessControlList }
    return Entry(kind: kind, permissions: permissions, number: number)
  }

  private static func permissions(_ text: [UInt8]) -> UInt16? {
    var bits: UInt16 = 0
    for byte in text {
      switch byte {
      case UInt8(ascii: "r"): bits |= 4
      case UInt8(ascii: "w"): bits |= 2
      case UInt8(ascii: "x"): bits |= 1
      case UInt8(ascii: "-"): break
      default: return nil
      }
    }
    return text.isEmpty ? nil : bits
  }

  /// The permissions of a file that has a list: those of owner, mask and others, which the kernel
  /// keeps the same in both. libarchive writes the owning group's in the mask's place.
  static func permissions(_ permissions: UInt32, with value: [UInt8]?) -> UInt32 {
    guard let value, !value.isEmpty else { return permissions }
    var result = permissions
    var cursor = ByteCursor(value.rawSpan)
    _ = cursor.read(UInt32.self)
    while let kind = cursor.read(UInt16.self), let bits = cursor.read(UInt16.self),
      cursor.read(UInt32.self) != nil
    {
      let bits = UInt32(bits & 7)
      switch Kind(rawValue: kind) {
      case .owner: result = result & ~0o700 | bits << 6
      case .mask: result = result & ~0o070 | bits << 3
      case .others: result = result & ~0o007 | bits
      default: break
      }
    }
    return result
  }

  /// What the kernel has as the attribute's value.
  var attributeValue: [UInt8] {
    var value: [UInt8] = []
    value.append(littleEndian: UInt32(2))
    for entry in entries {
      value.append(littleEndian: entry.kind.rawValue)
      value.append(littleEndian: entry.permissions)
      value.append(littleEndian: entry.number)
    }
    return value
  }
}
