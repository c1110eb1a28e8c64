/// Makes the next release of a file up: edits as they are between real ones.
public struct FileMutator: Sendable {
  /// One sort of edit.
  public enum Edit: CaseIterable, Sendable {
    /// Bytes that were not there.
    case insertion
    /// Bytes that are there no more.
    case deletion
    /// A block that stands elsewhere.
    case move
    /// What looks like addresses behind a place, and in a part of the file, grows.
    case addressShift
    /// A section grows, and most of what points behind it follows: see ``ElfFile``.
    case relink
    /// The file ends early.
    case truncation
    /// Bytes here and there.
    case noise
  }

  /// The longest run of bytes that one edit inserts, deletes or moves.
  private static let longestRun = 600

  /// The file after a few edits, and which.
  public static func mutated(
    _ bytes: [UInt8], using random: inout SeededGenerator
  ) -> (bytes: [UInt8], edits: [Edit]) {
    var out = bytes
    var edits: [Edit] = []
    for index in 0..<Int.random(in: 1...4, using: &random) {
      // Half of the files are linked anew before all else, as long as they are in order.
      let isFirst = index == 0 && Bool.random(using: &random)
      let edit = isFirst ? .relink : Edit.allCases.randomElement(using: &random) ?? .noise
      apply(edit, to: &out, using: &random)
      edits.append(edit)
    }
    return (out, edits)
  }

  /// One edit.
  public static func apply(
    _ edit: Edit, to bytes: inout [UInt8], using random: inout SeededGenerator
  ) {
    let start = Int.random(in: 0...bytes.count, using: &random)
    let count = min(Int.random(in: 0...longestRun, using: &random), bytes.count - start)
    switch edit {
    case .insertion: bytes.insert(contentsOf: random.bytes(count), at: start)
    case .deletion: bytes.removeSubrange(start..<start + count)
    case .move:
      let block = Array(bytes[start..<start + count])
      bytes.removeSubrange(start..<start + count)
      bytes.insert(contentsOf: block, at: Int.random(in: 0...bytes.count, using: &random))
    case .addressShift: shiftAddresses(&bytes, using: &random)
    case .relink: bytes = ElfFile(bytes)?.relinked(using: &random) ?? bytes
    case .truncation: bytes.removeSubrange(max(start, bytes.count / 2)...)
    case .noise:
      for at in stride(from: start, to: start + count, by: Int.random(in: 3...60, using: &random)) {
        bytes[at] ^= UInt8.random(in: 1...255, using: &random)
      }
    }
  }

  /// Aligned words with a value from a place of the file to its end grow alike.
  private static func shiftAddresses(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
    guard bytes.count >= 64 else { return }
    let width = Bool.random(using: &random) ? 8 : 4
    let from = Int.random(in: 0..<bytes.count / 8, using: &random) * 8
    let end = min(bytes.count - width, from + Int.random(in: 0...20_000, using: &random))
    let least = UInt64.random(in: 16...UInt64(bytes.count), using: &random)
    let step = UInt64.random(in: 1...64, using: &random) * 16
    for at in stride(from: from, to: end, by: width) {
      let value = bytes.number(at: at, width: width)
      if value >= least, value < UInt64(bytes.count) {
        bytes.set(value + step, at: at, width: width)
      }
    }
  }
}

extension [UInt8] {
  /// The little-endian number of `width` bytes at a place that there is.
  public func number(at offset: Int, width: Int) -> UInt64 {
    (0..<width).reduce(0) { $0 | UInt64(self[offset + $1]) << (8 * UInt64($1)) }
  }

  /// Overwrites the little-endian number of `width` bytes at a place that there is.
  public mutating func set(_ value: UInt64, at offset: Int, width: Int) {
    for index in 0..<width {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
    }
  }
}
