internal import Bytes

/// The header of a member: a block of 512 bytes.
///
///     offset  size  field
///          0   100  name
///        100     8  permissions, octal
///        108     8  user, octal
///        116     8  group, octal
///        124    12  size of the data, octal
///        136    12  modification time, octal, in seconds since 1970
///        148     8  sum of all bytes of the header, octal; itself counted as blanks
///        156     1  type flag
///        157   100  target of a link
///        257     8  "ustar\0" "00" (POSIX), "ustar  \0" (GNU), or anything (before POSIX)
///        265    64  names of user and group: not used here
///        329     8  major number of a device
///        337     8  minor number
///        345   155  POSIX: what comes before the name, and a slash between
///        386    96  GNU, type S: four parts of the sparse file's map, offset and length of each
///        482     1  GNU, type S: whether a block with further parts follows
///        483    12  GNU, type S: the file's size
struct TarHeader {
  static let blockLength = 512

  var name: [UInt8]
  var permissions: UInt32
  var user: UInt32
  var group: UInt32
  var size: UInt64
  var seconds: Int64
  var type: UInt8
  var target: [UInt8]
  var deviceMajor: Int64
  var deviceMinor: Int64
  /// Only of GNU's own type S.
  var sparse: GNUSparse?

  /// What a sparse file of GNU's own format says in its header.
  struct GNUSparse {
    var parts: [TarSparseMap.Part]
    var isContinued: Bool
    var size: UInt64
  }

  /// Whether a block's checksum is good.
  static func hasChecksum(_ block: RawSpan) -> Bool {
    guard block.byteCount == blockLength,
      let sum = TarNumber.field(block.extracting(148..<156))
    else { return false }
    var (unsigned, signed): (Int64, Int64) = (0, 0)
    for at in 0..<blockLength {
      let byte = (148..<156).contains(at) ? 0x20 : block[at]
      unsigned += Int64(byte)
      // Some programs before POSIX counted so.
      signed += Int64(Int8(bitPattern: byte))
    }
    return sum == unsigned || sum == signed
  }

  /// Reads a block whose checksum is good.
  init(_ block: RawSpan) throws(ArchiveError.Reason) {
    func number(_ range: Range<Int>, _ field: TarField) throws(ArchiveError.Reason) -> Int64 {
      guard let value = TarNumber.field(block.extracting(range)) else { throw .number(field) }
      return value
    }
    let mode = try number(100..<108, .mode)
    permissions = UInt32(truncatingIfNeeded: mode) & 0o7777
    user = try Self.identifier(try number(108..<116, .user), .user)
    group = try Self.identifier(try number(116..<124, .group), .group)
    guard let size = UInt64(exactly: try number(124..<136, .size)) else { throw .number(.size) }
    self.size = size
    seconds = try number(136..<148, .modificationTime)
    type = block[156]
    target = Self.text(block.extracting(157..<257))
    let isDevice = type == UInt8(ascii: "3") || type == UInt8(ascii: "4")
    // Elsewhere, these may be anything.
    deviceMajor = isDevice ? try number(329..<337, .deviceMajor) : 0
    deviceMinor = isDevice ? try number(337..<345, .deviceMinor) : 0
    name = Self.text(block.extracting(0..<100))
    if Self.text(block.extracting(257..<263)) == Array("ustar".utf8) {
      let isStar = [UInt8](copying: block.extracting(508..<512)) == Array("tar\0".utf8)
      let prefix = Self.text(block.extracting(345..<(isStar ? 476 : 500)))
      if !prefix.isEmpty { name = prefix + [0x2F] + name }
    }
    sparse = type == UInt8(ascii: "S") ? try Self.sparse(block) : nil
  }

  /// A user or group; the highest number stands for none.
  static func identifier(_ value: Int64, _ field: TarField) throws(ArchiveError.Reason) -> UInt32 {
    guard let number = UInt32(exactly: value), number != .max else { throw .number(field) }
    return number
  }

  private static func sparse(_ block: RawSpan) throws(ArchiveError.Reason) -> GNUSparse {
    guard let value = TarNumber.field(block.extracting(483..<495)),
      let size = UInt64(exactly: value)
    else { throw .number(.size) }
    return GNUSparse(
      parts: try parts(block.extracting(386..<482)), isContinued: block[482] != 0, size: size)
  }

  /// A block with further parts of a sparse file's map.
  static func continuation(
    _ block: RawSpan
  ) throws(ArchiveError.Reason) -> (parts: [TarSparseMap.Part], isContinued: Bool) {
    guard block.byteCount == blockLength else { throw .truncated }
    return (try parts(block.extracting(0..<504)), block[504] != 0)
  }

  private static func parts(
    _ bytes: RawSpan
  ) throws(ArchiveError.Reason) -> [TarSparseMap.Part] {
    var parts: [TarSparseMap.Part] = []
    for start in stride(from: 0, to: bytes.byteCount - 23, by: 24) {
      // The first that is empty is behind the last.
      if bytes[start] == 0 { break }
      guard let offset = TarNumber.field(bytes.extracting(start..<(start + 12))),
        let length = TarNumber.field(bytes.extracting((start + 12)..<(start + 24))),
        let part = TarSparseMap.Part(offset: offset, length: length)
      else { throw .sparseMap }
      parts.append(part)
    }
    return parts
  }

  /// The bytes up to a NUL.
  private static func text(_ bytes: RawSpan) -> [UInt8] {
    var end = 0
    while end < bytes.byteCount, bytes[end] != 0 { end += 1 }
    return [UInt8](copying: bytes.extracting(0..<end))
  }
}
