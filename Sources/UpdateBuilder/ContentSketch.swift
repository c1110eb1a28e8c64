internal import Bytes

/// A few features of a file's contents: the smallest hashes of 32 bytes that are anywhere in it.
///
/// Files that have much in common have features in common, wherever in them that is.
struct ContentSketch: Sendable {
  /// How many features a file is found by.
  static let count = 24
  /// How many features two files are compared by.
  static let fineCount = 256

  /// Ascending, each once.
  private(set) var features: [UInt64] = []
  private let limit: Int
  private var hash = RollingHash()

  /// The sketch of nothing yet, of at most so many features.
  init(count: Int) {
    limit = count
    features.reserveCapacity(count + 1)
  }

  /// The sketch of some bytes.
  init(of bytes: RawSpan, count: Int) {
    self.init(count: count)
    add(bytes)
  }

  /// Goes on with more bytes.
  mutating func add(_ bytes: RawSpan) {
    var (features, hash) = (self.features, self.hash)
    let limit = limit
    self.features = []
    hash.scan(bytes, below: Self.bound(features, limit)) { value, _ in
      let place = features.firstIndex { $0 >= value } ?? features.count
      if place == features.count || features[place] != value {
        features.insert(value, at: place)
        if features.count > limit { features.removeLast() }
      }
      return Self.bound(features, limit)
    }
    (self.features, self.hash) = (features, hash)
  }

  private static func bound(_ features: [UInt64], _ limit: Int) -> UInt64 {
    features.count < limit ? .max : features[features.count - 1]
  }

  /// How many of the smallest features of both together, as many as either may have, both have:
  /// an estimate of how much of them is the same.
  func shared(with other: ContentSketch) -> Int {
    var (mine, theirs, seen, both) = (0, 0, 0, 0)
    while seen < limit, mine < features.count, theirs < other.features.count {
      let (one, two) = (features[mine], other.features[theirs])
      if one <= two { mine += 1 }
      if two <= one { theirs += 1 }
      if one == two { both += 1 }
      seen += 1
    }
    return both
  }
}
