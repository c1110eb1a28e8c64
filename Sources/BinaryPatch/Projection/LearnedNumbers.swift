/// How ordinal numbers, of types or of bytes among strings, changed: learned from fields as they
/// become known.
struct LearnedNumbers: Sendable {
  /// One more than the new number; 0: not learned.
  private var numbers: [UInt32]
  /// Which are learned: a bit for each; above, a bit for each word that is not zero.
  private var levels: [[UInt64]]

  /// - Parameter count: All old numbers are below.
  init(count: Int) {
    numbers = [UInt32](repeating: 0, count: count)
    levels = []
    var size = count
    while size > 1 || levels.isEmpty {
      size = (size &+ 63) / 64
      levels.append([UInt64](repeating: 0, count: size))
    }
  }

  /// Two: of offsets into strings, and of types.
  static func domains(bound: Int) -> [LearnedNumbers] {
    [LearnedNumbers(count: bound), LearnedNumbers(count: bound)]
  }

  /// What both take at most: four bytes and a bit for each number, and less for the levels above.
  static func memory(bound: UInt64) -> UInt64 { bound &* 9 }

  /// The new number: the learned one, else as far away as the nearest learned one is from its.
  func map(_ target: UInt64) -> UInt64 {
    guard let at = Int(exactly: target), at < numbers.count else { return target }
    if numbers[at] != 0 { return UInt64(numbers[at] &- 1) }
    let below = previous(at)
    let above = next(at)
    let nearest: Int
    if let below, let above {
      nearest = at &- below <= above &- at ? below : above
    } else if let only = below ?? above {
      nearest = only
    } else {
      return target
    }
    return UInt64(numbers[nearest] &- 1) &+ target &- UInt64(nearest)
  }

  mutating func learn(_ target: UInt64, _ value: UInt64) {
    guard let at = Int(exactly: target), at < numbers.count else { return }
    // The last of all 32-bit numbers is not remembered as it is.
    numbers[at] = max(UInt32(truncatingIfNeeded: value) &+ 1, 1)
    var index = at
    for level in levels.indices {
      levels[level][index / 64] |= 1 &<< UInt64(index % 64)
      index /= 64
    }
  }

  /// The greatest learned number below.
  private func previous(_ at: Int) -> Int? {
    var index = at
    for level in levels.indices {
      let bits = levels[level][index / 64] & ((1 &<< UInt64(index % 64)) &- 1)
      if bits != 0 {
        return descend(level, index / 64 &* 64 &+ 63 &- bits.leadingZeroBitCount) {
          63 &- $0.leadingZeroBitCount
        }
      }
      index /= 64
    }
    return nil
  }

  /// The least learned number above.
  private func next(_ at: Int) -> Int? {
    var index = at
    for level in levels.indices {
      let bits = levels[level][index / 64] & ~((2 &<< UInt64(index % 64)) &- 1)
      if bits != 0 {
        return descend(level, index / 64 &* 64 &+ bits.trailingZeroBitCount) {
          $0.trailingZeroBitCount
        }
      }
      index /= 64
    }
    return nil
  }

  /// From a bit of a level down to the number that it stands for.
  private func descend(_ level: Int, _ index: Int, _ choose: (UInt64) -> Int) -> Int {
    var index = index
    for below in levels[..<level].reversed() { index = index &* 64 &+ choose(below[index]) }
    return index
  }
}
