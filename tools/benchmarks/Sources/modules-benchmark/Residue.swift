import Bytes

/// What of a patch's bytes falls on which section of the new file.
struct Residue {
  struct Sum {
    var copies = 0
    var inserted = 0
    var differences = 0
    var weight: Int { copies * 4 + inserted + differences * 2 }
  }

  private(set) var sums: [String: Sum] = [:]

  /// Adds a patch that makes an ELF file.
  mutating func add(_ patch: [UInt8], new: [UInt8]) {
    var reader = Numbers(bytes: patch, at: 1)
    let kind = patch[0]
    _ = reader.next()
    let copyCount = reader.next()
    var streams: [Numbers] = []
    var lengths: [Int] = []
    for _ in 0..<(kind == 2 ? 7 : 6) { lengths.append(reader.next()) }
    var at = reader.at
    for length in lengths {
      streams.append(Numbers(bytes: patch, at: at, end: at + length))
      at += length
    }
    sums["(tables)", default: Sum()].inserted += lengths.count > 6 ? lengths[6] : 0
    let sections = Sections(new)
    var place = 0
    var gap = streams[3].isAtEnd ? Int.max : streams[3].next()
    for _ in 0..<copyCount {
      let insert = streams[0].next()
      sums[sections.name(at: place), default: Sum()].inserted += insert
      place += insert
      sums[sections.name(at: place), default: Sum()].copies += 1
      var left = streams[1].next()
      while gap < left {
        left -= gap + 1
        place += gap
        sums[sections.name(at: place), default: Sum()].differences += 1
        place += 1
        gap = streams[3].isAtEnd ? Int.max : streams[3].next()
      }
      place += left
      if gap != Int.max { gap -= left }
    }
    sums[sections.name(at: place), default: Sum()].inserted += new.count - place
  }
}

/// LEB128 numbers.
private struct Numbers {
  let bytes: [UInt8]
  var at: Int
  var end = Int.max
  var isAtEnd: Bool { at >= end }

  mutating func next() -> Int {
    var value = 0
    var shift = 0
    while true {
      let byte = bytes[at]
      at += 1
      value |= Int(byte & 127) << shift
      shift += 7
      if byte < 128 { return value }
    }
  }
}

/// The sections of an ELF file, by offset.
private struct Sections {
  private var ranges: [(start: Int, end: Int, name: String)] = []

  init(_ bytes: [UInt8]) {
    func number(_ at: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }
    guard bytes.count > 64, bytes[0] == 0x7f else { return }
    let table = number(40, 8)
    let count = number(60, 2)
    let names = number(table + number(62, 2) * 64 + 24, 8)
    ranges.append((0, 64, "(header)"))
    ranges.append((table, table + count * 64, "(section table)"))
    for index in 0..<count {
      let at = table + index * 64
      guard number(at + 4, 4) != 0, number(at + 4, 4) != 8 else { continue }
      let start = names + number(at, 4)
      var name = ""
      for byte in bytes[start...].prefix(while: { $0 != 0 }) {
        name.unicodeScalars.append(Unicode.Scalar(byte))
      }
      for prefix in [".rela.text", ".rela", ".text", ".rodata.str", ".rodata", ".data"]
      where name.hasPrefix(prefix) && (prefix != ".rela" || name.count > 5) {
        name = prefix
        break
      }
      let offset = number(at + 24, 8)
      if name == ".BTF" {
        let header = offset + number(offset + 4, 4)
        ranges.append((offset, header, ".BTF header"))
        let strings = header + number(offset + 16, 4)
        ranges.append((header, strings, ".BTF types"))
        ranges.append((strings, offset + number(at + 32, 8), ".BTF strings"))
      } else {
        ranges.append((offset, offset + number(at + 32, 8), name))
      }
    }
    ranges = ranges.filter { $0.start < $0.end }.sorted { $0.start < $1.start }
  }

  func name(at offset: Int) -> String {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].start <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0, offset < ranges[low - 1].end else { return "(between)" }
    return ranges[low - 1].name
  }
}
