internal import Bytes

/// What the bytes of the names in a kernel's table of symbols stand for (`kallsyms_token_table`,
/// `kallsyms_token_index`).
package struct NameTokens: Equatable, Sendable {
  /// Each of the 256 is NUL-terminated.
  private let text: [UInt8]
  /// Where each starts in the text.
  private let starts: [UInt16]
  /// How long each is.
  private let lengths: [UInt8]

  /// How many there are.
  static let count = 256
  /// A longer one is none of the kernel's, whose names have 512 bytes at most.
  private static let longest = 255
  /// The table ends at a multiple of eight.
  private static let alignment = 8

  /// The most bytes of table before an index whose last entry is this.
  static func mostBytes(last: Int) -> Int { last &+ longest &+ 1 &+ alignment }

  /// Whether the 512 bytes at an offset look like an index: from zero on, each is larger.
  @inline(__always)
  static func isIndex(_ bytes: RawSpan, at: Int) -> Bool {
    guard bytes.load16(at) == 0 else { return false }
    var previous: UInt16 = 0
    for token in 1..<count {
      let next = bytes.load16(at &+ 2 &* token)
      guard next > previous else { return false }
      previous = next
    }
    return true
  }

  /// Reads the table that ends where its index starts.
  ///
  /// - Parameters:
  ///   - bytes: What is before the index, and the index: 512 bytes.
  /// - Returns: Also how many bytes the table has; `nil`: it does not go with its index.
  static func read(_ bytes: RawSpan) -> (tokens: NameTokens, byteCount: Int)? {
    let index = bytes.byteCount &- 2 &* count
    guard index >= 0 else { return nil }
    let starts = (0..<count).map { bytes.load16(index &+ 2 &* $0) }
    let last = Int(starts[count &- 1])
    let least = (last &+ 2 &+ alignment &- 1) & ~(alignment &- 1)
    for byteCount in stride(from: least, through: min(mostBytes(last: last), index), by: alignment)
    {
      let table = index &- byteCount
      let areNULs = starts.dropFirst().allSatisfy { bytes[table &+ Int($0) &- 1] == 0 }
      guard areNULs, let tokens = NameTokens(bytes.extracting(table..<index), starts) else {
        continue
      }
      return (tokens, byteCount)
    }
    return nil
  }

  private init?(_ table: RawSpan, _ starts: [UInt16]) {
    var lengths: [UInt8] = []
    for (token, start) in starts.enumerated() {
      var end = Int(start)
      while end < table.byteCount, table[end] != 0 { end &+= 1 }
      guard end < table.byteCount, let length = UInt8(exactly: end &- Int(start)) else {
        return nil
      }
      guard token &+ 1 == starts.count || end &+ 1 == Int(starts[token &+ 1]) else { return nil }
      lengths.append(length)
    }
    let end = Int(starts[Self.count &- 1]) &+ Int(lengths[Self.count &- 1])
    // What follows the last is padding, less than there is to a multiple.
    guard table.byteCount &- end <= Self.alignment,
      (end..<table.byteCount).allSatisfy({ table[$0] == 0 })
    else { return nil }
    text = [UInt8](copying: table)
    self.starts = starts
    self.lengths = lengths
  }

  /// How many bytes of a name some tokens are.
  func length(of name: RawSpan) -> Int {
    let lengths = lengths.span
    var sum = 0
    for at in 0..<name.byteCount { sum &+= Int(lengths[Int(name[at])]) }
    return sum
  }

  /// Appends the bytes that some tokens are.
  package func append(_ name: RawSpan, to out: inout [UInt8]) {
    let text = text.rawSpan
    for at in 0..<name.byteCount {
      let token = Int(name[at])
      let start = Int(starts[token])
      out.append(copying: text.extracting(start..<(start &+ Int(lengths[token]))))
    }
  }
}
