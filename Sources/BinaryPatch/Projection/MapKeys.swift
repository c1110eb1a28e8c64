/// Numbers in place of the keys of old bytes: in the same order, but of 39 bits.
///
/// A key is an address, or for bytes in no segment an offset with ``AddressMap/fileDomain``. Its number
/// is the *band* that it is in, a segment or all other bytes, and the offset in the file. One more band
/// has the file's own types, by number.
struct MapKeys: Sendable {
  private struct Band {
    /// The key of its first byte.
    let start: UInt64
    /// What makes a key of an offset.
    let shift: UInt64
  }

  /// By key; none has keys of another.
  private let bands: [Band]
  /// For each segment, then for the bytes in none and for types, the number of its band.
  private let numbers: [UInt32]

  /// - Returns: `nil` when segments overlap in memory, or the keys of what is in none.
  init?(_ segments: ElfSegments) {
    let others = [AddressMap.fileDomain, AddressMap.typeDomain]
    let all = segments.all + others.map { ElfSegment(address: $0, fileSize: 1 << 32) }
    let order = all.indices.filter { all[$0].fileSize > 0 }
      .sorted { all[$0].address < all[$1].address }
    for (one, next) in zip(order, order.dropFirst())
    where all[next].address &- all[one].address < all[one].fileSize {
      return nil
    }
    bands = order.map {
      Band(start: all[$0].address, shift: all[$0].address &- all[$0].offset)
    }
    var numbers = [UInt32](repeating: 0, count: all.count)
    for (number, segment) in order.enumerated() {
      numbers[segment] = UInt32(truncatingIfNeeded: number)
    }
    self.numbers = numbers
  }

  /// The number of a byte's key.
  ///
  /// - Parameter segment: The one that has it; the one after the last: none has.
  func number(ofOffset offset: UInt64, in segment: Int) -> UInt64 {
    UInt64(numbers[segment]) &<< 32 | offset
  }

  /// The number of one of the file's own types.
  @inline(__always)
  func number(ofType type: UInt32) -> UInt64 {
    UInt64(numbers.span[numbers.count &- 1]) &<< 32 | UInt64(type)
  }

  /// The key for a number.
  @inline(__always)
  func key(_ number: UInt64) -> UInt64 {
    (number & 0xffff_ffff) &+ bands.span[Int(truncatingIfNeeded: number &>> 32)].shift
  }

  /// The number of any key: the greatest number of keys that are not above it; `nil`: all are.
  @inline(__always)
  func number(of key: UInt64) -> UInt64? {
    let bands = bands.span
    var index = bands.count
    while index > 0 {
      index &-= 1
      guard bands[index].start <= key else { continue }
      // Past the band's end, it may be past all offsets.
      let offset = key &- bands[index].shift
      let isPast = key &- bands[index].start > 0xffff_ffff || offset > 0xffff_ffff
      return UInt64(index) &<< 32 | (isPast ? 0xffff_ffff : offset)
    }
    return nil
  }
}
