/// A tar archive as headers with what follows them, so that each can lie for itself.
struct HostileArchive {
  private struct Member {
    var header: [UInt8]
    var data: [UInt8]
  }

  private static let block = 512
  private static let extended = "xgLKX".utf8
  private static let types = Array("01234567SxgLKVX\u{0}DMN".utf8)
  /// Where numbers are, and how long.
  private static let numbers =
    [(100, 8), (108, 8), (116, 8), (124, 12), (124, 12), (136, 12), (329, 8), (337, 8), (483, 12)]
    + (0..<8).map { (386 + 12 * $0, 12) }
  private static let keys = [
    "path", "linkpath", "size", "uid", "gid", "mtime", "comment", "GNU.sparse.name",
    "GNU.sparse.size", "GNU.sparse.realsize", "GNU.sparse.major", "GNU.sparse.map",
    "GNU.sparse.offset", "GNU.sparse.numbytes", "SCHILY.devmajor", "SCHILY.devminor",
    "SCHILY.acl.access", "SCHILY.acl.default", "SCHILY.xattr.user.a", "SCHILY.xattr.",
    "SCHILY.fflags",
    "SCHILY.xattr.system.posix_acl_access", "LIBARCHIVE.xattr.user.%00%zz%", "RHT.security.selinux",
  ]

  private var members: [Member] = []
  /// The end's mark, or what is no header.
  private var end: [UInt8]

  init(_ bytes: [UInt8]) {
    var at = 0
    while at + Self.block <= bytes.count, bytes[at] != 0 {
      let header = Array(bytes[at..<(at + Self.block)])
      let digits = String(decoding: header[124..<135], as: UTF8.self)
      let size = Int(digits, radix: 8).map { ($0 + Self.block - 1) & ~(Self.block - 1) } ?? 0
      let map = header[156] == UInt8(ascii: "S") && header[482] != 0 ? Self.block : 0
      at += Self.block
      let next = at + min(bytes.count - at, size + map)
      members.append(Member(header: header, data: Array(bytes[at..<next])))
      at = next
    }
    end = Array(bytes[at...])
  }

  /// The archive, with each header's right checksum, which no search would find.
  var sealed: [UInt8] { members.flatMap { Self.sealed($0.header) + $0.data } + end }

  private static func sealed(_ header: [UInt8]) -> [UInt8] {
    var header = header
    header.replaceSubrange(148..<156, with: "        ".utf8)
    let sum = header.reduce(0) { $0 + Int($1) }
    put("0" + String(sum, radix: 8), in: &header, at: 148, length: 7)
    return header
  }

  private static func put(_ text: String, in header: inout [UInt8], at start: Int, length: Int) {
    let field = text.utf8.prefix(length)
    header.replaceSubrange(
      start..<(start + length), with: field + [UInt8](repeating: 0, count: length - field.count))
  }

  /// Changes a few members.
  ///
  /// - Parameter paths: names that lead out.
  mutating func mutate(paths: [String], using random: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...4, using: &random) where !members.isEmpty {
      let at = Int.random(in: members.indices, using: &random)
      switch Int.random(in: 0..<14, using: &random) {
      case 0: members.remove(at: at)
      case 1: members.insert(members[at], at: Int.random(in: 0...members.count, using: &random))
      case 2: members.swapAt(at, Int.random(in: members.indices, using: &random))
      case 3: members[at].header[156] = Self.types.randomElement(using: &random) ?? 0
      case 4, 5: Self.lie(&members[at].header, using: &random)
      case 6: members[at].header = Self.resized(members[at].header.damaged(using: &random))
      case 7, 8: rename(at, paths, using: &random)
      case 9, 10: members.insert(Self.records(paths, using: &random), at: at)
      case 11: cut(at, using: &random)
      case 12: end = end.damaged(using: &random)
      default: damageData(at, using: &random)
      }
    }
  }

  private static func resized(_ header: [UInt8]) -> [UInt8] {
    Array(header.prefix(block)) + [UInt8](repeating: 0, count: max(0, block - header.count))
  }

  /// Puts another number into a field: octal, binary, negative, too long.
  private static func lie(_ header: inout [UInt8], using random: inout SeededGenerator) {
    let (start, length) = numbers.randomElement(using: &random) ?? (124, 12)
    let digits = String(decoding: header[start..<(start + length - 1)], as: UTF8.self)
    let value = (UInt64(digits, radix: 8) ?? 0).hostile(using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1: put(String(value, radix: 8), in: &header, at: start, length: length)
    case 2: put("-" + String(value & 0xFFF, radix: 8), in: &header, at: start, length: length)
    case 3: put("  \(value & 7) 9", in: &header, at: start, length: length)
    default:
      let mark: UInt8 = Bool.random(using: &random) ? 0x80 : 0xFF
      for index in 0..<length {
        let shift = UInt64(8 * (length - 1 - index))
        header[start + index] = shift < 64 ? UInt8(truncatingIfNeeded: value >> shift) : 0
      }
      header[start] = mark | UInt8.random(in: 0...1, using: &random)
    }
  }

  /// Gives a member, or what it links to, the name of another, or one that leads out.
  private mutating func rename(
    _ at: Int, _ paths: [String], using random: inout SeededGenerator
  ) {
    let start = Bool.random(using: &random) ? 0 : 157
    // Of links, and of what is only in the catalog, no call of the kernel says that it cannot be.
    if Bool.random(using: &random) {
      let types = start > 0 ? "120" : "2635"
      members[at].header[156] = types.utf8.randomElement(using: &random) ?? 0
    }
    if Bool.random(using: &random) {
      Self.put(
        paths.randomElement(using: &random) ?? "", in: &members[at].header, at: start, length: 100)
      return
    }
    let other = members[Int.random(in: members.indices, using: &random)].header
    members[at].header.replaceSubrange(start..<(start + 100), with: other[0..<100])
    // Below the other one, too.
    guard Bool.random(using: &random), let free = other[0..<98].firstIndex(of: 0) else { return }
    members[at].header.replaceSubrange((start + free)..<(start + free + 2), with: "/n".utf8)
  }

  /// An extended header for the next member, or for all.
  private static func records(
    _ paths: [String], using random: inout SeededGenerator
  ) -> Member {
    var archive = SampleArchive()
    let records = (0..<Int.random(in: 1...3, using: &random)).map { _ in
      (keys.randomElement(using: &random) ?? "", value(paths, using: &random))
    }
    archive.addRecords(records, UInt8.random(in: 0..<4, using: &random) == 0 ? "g" : "x")
    return Member(
      header: Array(archive.bytes[..<block]), data: Array(archive.bytes[block...]))
  }

  private static func value(_ paths: [String], using random: inout SeededGenerator) -> String {
    let number = UInt64(1000).hostile(using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: return String(number)
    case 2: return "-\(number).\(number)"
    case 3: return "\(number),\(number &+ 1),0,\(number & 0xFFFF)"
    case 4:
      return ["user::rwx,group::r-x,other::---", "u::rwx,u:1:r,g::r,m::x,o::-", "a:b:c"]
        .randomElement(using: &random) ?? ""
    case 5: return String(repeating: "n/", count: Int(number & 0x7FF))
    case 6:
      return ["nodump", "immutable,append", "AAEC/w==", "", "1", "\u{0}"].randomElement(
        using: &random) ?? ""
    default: return paths.randomElement(using: &random) ?? ""
    }
  }

  /// Takes away the end of a member's data, or puts more there; its header may follow.
  private mutating func cut(_ at: Int, using random: inout SeededGenerator) {
    let blocks = members[at].data.count / Self.block
    if blocks > 0, Bool.random(using: &random) {
      members[at].data.removeLast(Self.block * Int.random(in: 1...blocks, using: &random))
    } else {
      let byte = UInt8.random(in: 0...50, using: &random)
      members[at].data += [UInt8](repeating: byte, count: Self.block)
    }
    guard Bool.random(using: &random) else { return }
    let size = String(members[at].data.count, radix: 8)
    Self.put(size, in: &members[at].header, at: 124, length: 12)
  }

  /// Edits data; of extended headers so that the next header stands where it was.
  private mutating func damageData(_ at: Int, using random: inout SeededGenerator) {
    let extended = members.indices.filter {
      Self.extended.contains(members[$0].header[156]) && !members[$0].data.isEmpty
    }
    let at = extended.randomElement(using: &random) ?? at
    let length = members[at].data.count
    let damaged = members[at].data.damaged(using: &random).prefix(length)
    members[at].data = damaged + [UInt8](repeating: 0, count: length - damaged.count)
  }
}
