internal import BinaryPatch
internal import Bytes

/// About how many bytes a patch will take after compression.
enum PatchEstimate {
  /// The entropy of its bytes, those of each stream by themselves.
  static func size(_ patch: [UInt8]) -> Int {
    guard let lengths = try? PatchStream.ranges(in: patch.rawSpan) else { return patch.count }
    return lengths.reduce(0) { $0 + entropy(patch.rawSpan.extracting($1)) } / 8
  }

  /// In bits.
  private static func entropy(_ bytes: RawSpan) -> Int {
    var counts = [Int](repeating: 0, count: 256)
    var span = counts.mutableSpan
    for at in 0..<bytes.byteCount { span[Int(bytes[at])] &+= 1 }
    let total = Double(bytes.byteCount)
    return Int(counts.reduce(0.0) { $0 + ($1 == 0 ? 0 : Double($1) * log2(total / Double($1))) })
  }

  /// The binary logarithm, of a number of 1 or more, within a hundredth.
  private static func log2(_ value: Double) -> Double {
    let fraction = value.significand - 1
    return Double(value.exponent) + fraction * (1.3465 - 0.3465 * fraction)
  }
}
