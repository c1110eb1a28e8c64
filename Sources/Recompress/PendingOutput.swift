internal import Bytes

/// What comes out of a file that is made again, in order: regions that the pool is making, and the
/// bytes between them.
struct PendingOutput {
  private enum Piece {
    case bytes([UInt8])
    case region(RebuildJob, of: RebuildPool)
  }

  /// How many bytes between regions are kept at most.
  private static let mostBytes = 1 << 20

  private var pieces: [Piece] = []
  private var first = 0
  /// How many pieces are known to be there.
  private var readyCount = 0
  private var keptBytes = 0

  var isEmpty: Bool { first == pieces.count }

  /// Whether nothing has to be waited for.
  mutating func isReady() -> Bool {
    readyCount = max(readyCount, first)
    while readyCount < pieces.count {
      if case .region(let job, _) = pieces[readyCount], !job.isDone { return false }
      readyCount += 1
    }
    return true
  }

  mutating func append(_ job: RebuildJob, of pool: RebuildPool) {
    pieces.append(.region(job, of: pool))
  }

  /// Appends bytes behind what is pending; straight to `output` if that is nothing.
  mutating func append(
    _ bytes: RawSpan, into output: inout [UInt8]
  ) throws(RecompressError) {
    if bytes.isEmpty { return }
    while !isEmpty, keptBytes &+ bytes.byteCount > Self.mostBytes { try drainFirst(into: &output) }
    if isEmpty { return output.append(copying: bytes) }
    pieces.append(.bytes([UInt8](copying: bytes)))
    keptBytes &+= bytes.byteCount
  }

  /// Appends all of it to `output`, and waits for what is not there yet.
  mutating func drain(into output: inout [UInt8]) throws(RecompressError) {
    while !isEmpty { try drainFirst(into: &output) }
  }

  /// Appends what is there.
  mutating func drainReady(into output: inout [UInt8]) throws(RecompressError) {
    while !isEmpty {
      if case .region(let job, _) = pieces[first], !job.isDone { return }
      try drainFirst(into: &output)
    }
  }

  /// Appends the first piece, and waits for it.
  mutating func drainFirst(into output: inout [UInt8]) throws(RecompressError) {
    guard !isEmpty else { return }
    switch pieces[first] {
    case .bytes(let bytes):
      keptBytes &-= bytes.count
      output += bytes
    case .region(let job, let pool): output += try pool.bytes(of: job)
    }
    pieces[first] = .bytes([])
    first += 1
    if isEmpty {
      pieces.removeAll(keepingCapacity: true)
      first = 0
      readyCount = 0
    }
  }
}
