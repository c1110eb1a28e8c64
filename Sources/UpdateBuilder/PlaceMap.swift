internal import Bytes

/// Where in a file that is too long for one search its contents are, by samples.
///
/// Memory: at most some 2 MiB.
struct PlaceMap: Sendable {
  private struct Sample {
    var hash: UInt64
    var offset: UInt64
  }

  /// By hash, each hash that is in the file once only.
  private var samples: [Sample] = []
  private let limit: UInt64
  private var hash = RollingHash()
  private var length: UInt64 = 0

  /// One sample in so many bytes, or in more, so that there are some 65,000 at most.
  private static let minimumDistance: UInt64 = 1 << 10
  private static let countBits: UInt64 = 16
  /// Contents that were made to have more are sampled no further.
  private static let maximumCount = 4 << 16
  /// How many samples have to agree on a place.
  private static let minimumVotes = 3

  /// A map of a file of a length, of which there are no bytes yet.
  init(fileLength: UInt64) {
    limit = .max / Swift.max(Self.minimumDistance, fileLength >> Self.countBits)
  }

  /// Goes on with more bytes.
  mutating func add(_ bytes: RawSpan) {
    var (hash, found) = (self.hash, [Sample]())
    let (limit, start) = (limit, length)
    hash.scan(bytes, below: limit) { value, end in
      found.append(Sample(hash: value, offset: start + UInt64(end)))
      return limit
    }
    self.hash = hash
    if samples.count + found.count <= Self.maximumCount { samples += found }
    length += UInt64(bytes.byteCount)
  }

  /// Ends the making of the map.
  mutating func finish() {
    samples.sort { ($0.hash, $0.offset) < ($1.hash, $1.offset) }
    var once: [Sample] = []
    for (index, sample) in samples.enumerated() {
      let isFirst = index == 0 || samples[index - 1].hash != sample.hash
      let isLast = index + 1 == samples.count || samples[index + 1].hash != sample.hash
      if isFirst && isLast { once.append(sample) }
    }
    samples = once
  }

  /// Where in the file most of some bytes is, as the place of their first byte, to `precision`
  /// bytes; `nil` if nobody can tell.
  func place(of bytes: RawSpan, precision: UInt64) -> UInt64? {
    var votes: [UInt64: Int] = [:]
    var hash = RollingHash()
    hash.scan(bytes, below: limit) { value, end in
      if let offset = offset(of: value), offset >= UInt64(end) {
        votes[(offset - UInt64(end)) / precision, default: 0] += 1
      }
      return limit
    }
    // Of equally good places the first.
    let best = votes.max { ($0.value, $1.key) < ($1.value, $0.key) }
    guard let best, best.value >= Self.minimumVotes else { return nil }
    return best.key * precision
  }

  private func offset(of hash: UInt64) -> UInt64? {
    let index = samples.span.partitionPoint { $0.hash < hash }
    return index < samples.count && samples[index].hash == hash ? samples[index].offset : nil
  }
}
