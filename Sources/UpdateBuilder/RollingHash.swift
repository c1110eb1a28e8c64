internal import Bytes

/// A hash of the last 32 bytes, moved on byte by byte (a gear hash, two bits a byte).
///
/// The places where it is small depend on the contents around them only, so they are found again
/// wherever the same bytes are.
struct RollingHash {
  private(set) var value: UInt64 = 0

  /// Goes through bytes, and hands on each hash that is below a limit, with the offset behind its
  /// last byte; the closure gives the limit from then on.
  mutating func scan(
    _ bytes: RawSpan, below limit: UInt64, _ found: (UInt64, Int) -> UInt64
  ) {
    var (hash, limit) = (value, limit)
    let table = Self.table.span
    var at = 0
    while at < bytes.byteCount {
      let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      hash = (hash &<< 2) &+ table[Int(byte)]
      at &+= 1
      if hash < limit { limit = found(hash, at) }
    }
    value = hash
  }

  /// A fixed random number for each byte (SplitMix64 from 0).
  private static let table: [UInt64] = {
    var state: UInt64 = 0
    return (0..<256).map { _ in
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed &>> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed &>> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed &>> 31)
    }
  }()
}
