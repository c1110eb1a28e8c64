internal import Bytes

/// The regular files of a cpio archive (`newc`, as initial RAM disks are), by what they are called.
struct CpioMembers {
  /// A member.
  struct Member: Equatable {
    /// Its path, without a slash or `./` at the start.
    var path: [UInt8]
    /// Where its contents are.
    var contents: Range<Int>
  }

  private static let headLength = 110
  /// Where in the head there is how long the contents and the name are, with eight digits each.
  private static let (fileSize, nameSize) = (54, 94)

  private(set) var members: [Member] = []

  /// Reads the archive that begins at an offset, as far as it is one.
  init(in bytes: [UInt8], at start: Int) {
    var at = start
    while at + Self.headLength <= bytes.count, bytes[at..<at + 5].elementsEqual("07070".utf8),
      let size = Self.number(bytes, at + Self.fileSize),
      let nameLength = Self.number(bytes, at + Self.nameSize), nameLength > 0
    {
      let name = at + Self.headLength
      let contents = Self.aligned(name + nameLength, from: start)
      guard contents + size <= bytes.count else { return }
      let path = Self.path(bytes[name..<name + nameLength - 1])
      if path.elementsEqual("TRAILER!!!".utf8) { return }
      if size > 0 { members.append(Member(path: path, contents: contents..<contents + size)) }
      at = Self.aligned(contents + size, from: start)
    }
  }

  private static func path(_ name: ArraySlice<UInt8>) -> [UInt8] {
    var name = name
    if name.starts(with: "./".utf8) { name = name.dropFirst(2) }
    return Array(name.drop { $0 == UInt8(ascii: "/") })
  }

  private static func aligned(_ place: Int, from start: Int) -> Int {
    start + (place - start + 3) / 4 * 4
  }

  /// Eight hexadecimal digits: less than 2^32.
  private static func number(_ bytes: [UInt8], _ at: Int) -> Int? {
    Int(String(decoding: bytes[at..<at + 8], as: UTF8.self), radix: 16).flatMap {
      $0 < 0 ? nil : $0
    }
  }
}
