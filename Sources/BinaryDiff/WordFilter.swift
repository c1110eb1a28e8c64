internal import Bytes
internal import CDivSufSort

/// Which words of eight bytes old has, nearly: it may say yes to one that it has not.
///
/// A Bloom filter of two bits a word, both in one 64-bit block. Bisection costs a microsecond;
/// this, a tenth. Bytes with nothing to match, such as compressed ones, are most of what is
/// searched for.
struct WordFilter: Sendable {
  /// Bits for each byte of old: about one yes of ten is wrong.
  private static let density = 5

  private let blocks: [UInt64]

  init(_ old: RawSpan) {
    let count = old.byteCount &* Self.density / 64 &+ 1
    var blocks = unsafe [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe advise_large_pages(buffer.baseAddress, count &* MemoryLayout<UInt64>.stride, 0)
      unsafe buffer.initialize(repeating: 0)
      initialized = count
    }
    var span = blocks.mutableSpan
    for at in 0..<max(old.byteCount &- 7, 0) {
      let hash = Self.hash(old, at)
      span[Self.block(hash, of: span.count)] |= Self.mask(hash)
    }
    self.blocks = blocks
  }

  /// Whether old may have the eight bytes of `new` at `offset`, which must be inside.
  func mayContain(_ new: RawSpan, at offset: Int) -> Bool {
    let hash = Self.hash(new, offset)
    let mask = Self.mask(hash)
    return blocks[Self.block(hash, of: blocks.count)] & mask == mask
  }

  /// The number of a hash's block: its highest bits, scaled.
  private static func block(_ hash: UInt64, of count: Int) -> Int {
    Int(hash.multipliedFullWidth(by: UInt64(count)).high)
  }

  /// Fibonacci hashing: the higher a bit, the more bytes it depends on.
  private static func hash(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
    unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      .littleEndian &* 0x9E37_79B9_7F4A_7C15
  }

  private static func mask(_ hash: UInt64) -> UInt64 {
    1 &<< (hash &>> 34) | 1 &<< (hash &>> 28)
  }
}
