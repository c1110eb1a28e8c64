internal import Bytes

/// Counts which of a sketch's features some bytes have: an estimate of how much of what was sketched
/// is in them, however much else they have.
struct FeatureCount {
  /// How many were found so far.
  private(set) var found = 0
  private let features: [UInt64]
  private var isFound: [Bool]
  private var hash = RollingHash()

  /// A count in no bytes yet.
  init(of sketch: ContentSketch) {
    features = sketch.features
    isFound = Array(repeating: false, count: features.count)
  }

  /// Goes on with more bytes.
  mutating func add(_ bytes: RawSpan) {
    guard let last = features.last, last < .max else { return }
    var (hash, isFound, found) = (self.hash, self.isFound, self.found)
    let features = features
    hash.scan(bytes, below: last + 1) { value, _ in
      if let place = Self.place(of: value, in: features), !isFound[place] {
        isFound[place] = true
        found += 1
      }
      return last + 1
    }
    (self.hash, self.isFound, self.found) = (hash, isFound, found)
  }

  private static func place(of value: UInt64, in features: [UInt64]) -> Int? {
    let place = features.span.partitionPoint { $0 < value }
    return place < features.count && features[place] == value ? place : nil
  }
}
