internal import Bytes

/// Makes a message catalog again of its strings: see ``MessageCatalog``.
final class MessagesRebuilder: Rebuilder {
  /// What it may take, in bytes: the strings, while they come and as they go, and the tables.
  static let memory: UInt64 = 16 << 20
  /// How many entries of the hash table are looked at for each string, all of them together: more are
  /// not needed for strings that were not made up for it.
  private static let mostProbes = 64

  private let hasHashTable: Bool
  private var strings: [UInt8] = []

  init(hasHashTable: Bool) { self.hasHashTable = hasHashTable }

  func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError) {
    guard bytes.byteCount <= MessageCatalog.mostBytes &- strings.count else {
      throw .tooLong(limit: UInt64(MessageCatalog.mostBytes))
    }
    strings.append(copying: bytes)
  }

  func finish(into output: inout [UInt8]) throws(RecompressError) {
    let endCount = strings.count { $0 == 0 }
    let count = endCount / 2
    guard count > 0, endCount == 2 &* count, strings.last == 0 else {
      throw .recipeMismatch(offset: UInt64(strings.count))
    }
    let hashSize = hasHashTable ? Self.hashSize(strings: count) : 0
    let start = MessageCatalog.stringsOffset(strings: count, hashSize: hashSize)
    guard start &+ strings.count <= MessageCatalog.mostBytes else {
      throw .tooLong(limit: UInt64(MessageCatalog.mostBytes))
    }
    let ends = strings.indices.filter { strings[$0] == 0 }
    let tables = MessageCatalog.headerLength
    let numbers = [
      Int(MessageCatalog.magic), 0, count, tables, tables &+ 8 &* count, hashSize,
      tables &+ 16 &* count,
    ]
    for number in numbers { Self.append(number, to: &output) }
    var begin = 0
    for end in ends {
      Self.append(end &- begin, to: &output)
      Self.append(start &+ begin, to: &output)
      begin = end &+ 1
    }
    if hasHashTable {
      for entry in try hashTable(ends.prefix(count), size: hashSize) {
        Self.append(entry, to: &output)
      }
    }
    for byte in strings { output.append(byte == MessageCatalog.zeroInside ? 0 : byte) }
    strings = []
  }

  /// All numbers are below the longest catalog's length.
  private static func append(_ number: Int, to output: inout [UInt8]) {
    output.append(littleEndian: UInt32(truncatingIfNeeded: number))
  }

  /// The number of each original string, from 1 on, where its hash leads; 0 where none is.
  private func hashTable(
    _ ends: ArraySlice<Int>, size: Int
  ) throws(RecompressError) -> [Int] {
    var table = [Int](repeating: 0, count: size)
    var probesLeft = ends.count &* Self.mostProbes &+ 4096
    var begin = 0
    for (number, end) in ends.enumerated() {
      let hash = Self.hash(strings[begin..<end])
      var place = hash % size
      let step = 1 &+ hash % (size &- 2)
      while table[place] != 0 {
        place = (place &+ step) % size
        probesLeft &-= 1
        guard probesLeft > 0 else { throw .recipeMismatch(offset: UInt64(begin)) }
      }
      table[place] = number &+ 1
      begin = end &+ 1
    }
    return table
  }

  /// P. J. Weinberger's hash of a string, up to the first zero byte in it.
  private static func hash(_ string: ArraySlice<UInt8>) -> Int {
    var hash: UInt32 = 0
    for byte in string {
      if byte == MessageCatalog.zeroInside { break }
      hash = hash &<< 4 &+ UInt32(byte)
      let high = hash & 0xf000_0000
      hash ^= high &>> 24
      hash ^= high
    }
    return Int(hash)
  }

  /// The size of msgfmt's table: an odd number that is not less than four thirds of the strings, and
  /// that nothing from 3 to its root divides; nor 3 itself. At least 3.
  private static func hashSize(strings: Int) -> Int {
    var size = strings &* 4 / 3 | 1
    while !isTaken(size) { size &+= 2 }
    return max(size, 3)
  }

  private static func isTaken(_ size: Int) -> Bool {
    var divisor = 3
    while divisor &* divisor < size, size % divisor != 0 { divisor &+= 2 }
    return size % divisor != 0
  }
}
