internal import Bytes
internal import Synchronization

/// A region that is made on another thread.
final class RebuildJob: Sendable {
  private static let step = 128 << 10

  /// What running its recipe takes, in bytes.
  let memory: UInt64
  private let region: Region
  /// What its bytes take, until they are given.
  private let room: RebuildPool.Room
  private let opened: Mutex<[UInt8]>
  private let outcome = Mutex<Result<[UInt8], RecompressError>?>(nil)

  init(_ region: Region, opened: [UInt8], memory: UInt64, _ room: RebuildPool.Room) {
    self.region = region
    self.opened = Mutex(opened)
    self.memory = memory
    self.room = room
  }

  /// What a region's bytes take: opened ones, and what comes out, in an array that grows by doubling.
  static func room(for region: Region) -> UInt64 {
    let opened = min(region.openedLength, 1 << 40)
    let made = max(2 &* min(region.length, 1 << 40), region.recipe.burst(openedLength: opened))
    return opened &+ made
  }

  var isDone: Bool { outcome.withLock { $0 != nil } }

  /// What was made; `nil` before, and once it was given.
  func made() -> Result<[UInt8], RecompressError>? {
    outcome.withLock { outcome in
      let made = outcome
      if made != nil { outcome = .success([]) }
      return made
    }
  }

  var recipe: Recipe { region.recipe }

  /// Makes the region, unless it is told on the way that nobody wants it.
  ///
  /// - Parameter kept: the rebuilder of a region before, with the same recipe; afterwards this one's.
  func run(_ kept: inout RegionRebuilder?, isCancelled: () -> Bool) {
    var bytes: [UInt8] = []
    opened.withLock { swap(&bytes, &$0) }
    var output: [UInt8] = []
    do throws(RecompressError) {
      try make(bytes, by: &kept, into: &output, isCancelled)
      outcome.withLock { $0 = .success(output) }
    } catch {
      kept = nil
      outcome.withLock { $0 = .failure(error) }
    }
  }

  private func make(
    _ bytes: [UInt8], by kept: inout RegionRebuilder?, into output: inout [UInt8],
    _ isCancelled: () -> Bool
  ) throws(RecompressError) {
    let rebuilder: RegionRebuilder
    if let kept, try kept.restart() {
      rebuilder = kept
    } else {
      kept = nil
      rebuilder = try RegionRebuilder(region.recipe)
      kept = rebuilder
    }
    var offset = 0
    while offset < bytes.count, !isCancelled() {
      let end = min(offset &+ Self.step, bytes.count)
      try rebuilder.push(bytes.rawSpan.extracting(offset..<end), into: &output)
      // A recipe that lies does not get more memory than was counted.
      try check(output.count, orMore: true)
      offset = end
    }
    // Nobody will take it.
    guard offset == bytes.count else { throw .truncated(offset: UInt64(offset)) }
    try rebuilder.finish(into: &output)
    try check(output.count, orMore: false)
  }

  private func check(_ count: Int, orMore: Bool) throws(RecompressError) {
    let made = UInt64(count)
    guard made == region.length || orMore && made < region.length else {
      throw .recipeMismatch(offset: region.offset)
    }
  }
}
