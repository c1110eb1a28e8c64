/// Writes archives header by header, also such as no program writes.
struct SampleArchive {
  private(set) var bytes: [UInt8] = []

  /// Fields of a header that are not as usual.
  struct Fields {
    var mode = "0000644"
    var user = "0000000"
    var group = "0000000"
    var size: String?
    var time = "00000000001"
    var target = ""
    var magic: [UInt8] = Array("ustar\u{0}00".utf8)
    var device = ("0000000", "0000000")
    var prefix: [UInt8] = []
    var checksum: String?
  }

  /// Appends a header, and data in whole blocks.
  mutating func add(
    _ name: String, _ type: Character = "0", data: [UInt8] = [], _ fields: Fields = Fields()
  ) {
    add(Array(name.utf8), type, data: data, fields)
  }

  mutating func add(
    _ name: [UInt8], _ type: Character = "0", data: [UInt8] = [], _ fields: Fields = Fields()
  ) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], at offset: Int) {
      for (index, byte) in bytes.enumerated() { header[offset + index] = byte }
    }
    func put(_ text: String, at offset: Int) { put(Array(text.utf8), at: offset) }
    put(name, at: 0)
    put(fields.mode, at: 100)
    put(fields.user, at: 108)
    put(fields.group, at: 116)
    put(fields.size ?? Self.octal(data.count), at: 124)
    put(fields.time, at: 136)
    put("        ", at: 148)
    put([type.asciiValue ?? 0], at: 156)
    put(fields.target, at: 157)
    put(fields.magic, at: 257)
    put(fields.device.0, at: 329)
    put(fields.device.1, at: 337)
    put(fields.prefix, at: 345)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(fields.checksum ?? String(Self.octal(sum).suffix(6)) + "\u{0}", at: 148)
    bytes += header
    addBlocks(data)
  }

  /// Appends bytes as they are, filled up to a block.
  mutating func addBlocks(_ data: [UInt8]) {
    bytes += data
    bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
  }

  /// Appends an extended header.
  mutating func addRecords(_ records: [(String, String)], _ type: Character = "x") {
    addRecords(records.map { (Array($0.0.utf8), Array($0.1.utf8)) }, type)
  }

  mutating func addRecords(_ records: [([UInt8], [UInt8])], _ type: Character = "x") {
    add("PaxHeader", type, data: records.flatMap { Self.record($0.0, $0.1) })
  }

  /// `length key=value`, where the length counts itself.
  static func record(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
    let rest = [0x20] + key + [0x3D] + value + [0x0A]
    var length = rest.count + 1
    while String(length).utf8.count + rest.count != length { length += 1 }
    return Array(String(length).utf8) + rest
  }

  /// The archive, with its end marked.
  var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

  private static func octal(_ value: Int) -> String {
    let digits = String(value, radix: 8)
    return String(repeating: "0", count: max(0, 11 - digits.count)) + digits
  }
}

extension SampleArchive {
  /// Sparse files of pax's three kinds, `r0`, `r0.1` and `r1`: 512 ones at 1024, and `end` at 9000 of 10,000
  /// bytes.
  static var sparse: SampleArchive {
    let data = [UInt8](repeating: 1, count: 512) + Array("end".utf8)
    var archive = SampleArchive()
    archive.addRecords([
      ("GNU.sparse.size", "10000"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "1024"),
      ("GNU.sparse.numbytes", "512"), ("GNU.sparse.offset", "9000"), ("GNU.sparse.numbytes", "3"),
    ])
    archive.add("r0", data: data)
    archive.addRecords([
      ("GNU.sparse.size", "10000"), ("GNU.sparse.map", "1024,512,9000,3"),
      ("GNU.sparse.name", "r0.1"),
    ])
    archive.add("GNUSparseFile.0/r0.1", data: data)
    archive.addRecords([
      ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "r1"),
      ("GNU.sparse.realsize", "10000"),
    ])
    let map = Array("2\n1024\n512\n9000\n3\n".utf8)
    archive.add(
      "GNUSparseFile.0/r1", data: map + [UInt8](repeating: 0, count: 512 - map.count) + data)
    return archive
  }
}
