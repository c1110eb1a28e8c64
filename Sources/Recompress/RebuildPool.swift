internal import Bytes
internal import Linux

/// Threads that make regions again, several at a time.
///
/// Regions are begun in the order in which they come, and each is made by one thread: what comes out does
/// not depend on how many there are. The threads end with the pool.
public final class RebuildPool: Sendable {
  /// The longest region that is made here, opened, in bytes: it lies in memory whole.
  public static let longestRegion: UInt64 = 64 << 20

  /// The jobs, and what they take.
  fileprivate struct State {
    /// Those that have been started are `nil`.
    var waiting: [RebuildJob?] = []
    var next = 0
    /// Bytes of rooms.
    var held: UInt64 = 0
    /// What the threads have for recipes, also between two regions, in bytes.
    var running: UInt64 = 0
    var isClosed = false
  }

  /// Memory of the pool that is taken for as long as somebody has this.
  public final class Room: Sendable {
    private let byteCount: UInt64
    private let state: Monitor<State>

    fileprivate init(_ byteCount: UInt64, _ state: Monitor<State>) {
      self.byteCount = byteCount
      self.state = state
    }

    deinit { state.change { $0.held &-= byteCount } }
  }

  /// A thread that ends when the pool is closed.
  private final class Worker: Sendable {
    private let thread: SignalBlockedThread

    init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
      thread = try SignalBlockedThread(body)
    }
  }

  private let workers: [Worker]
  private let state: Monitor<State>
  private let mostHeld: UInt64
  private let mostRunning: UInt64

  /// A pool.
  ///
  /// - Parameters:
  ///   - threads: How many regions may be made at a time.
  ///   - memory: The most that regions and recipes may take together, in bytes: a third for regions.
  /// - Returns: `nil` if no thread can be had.
  public init?(threads: Int, memory: UInt64) {
    let (held, running) = (memory / 3, memory - memory / 3)
    let state = Monitor(State())
    var workers: [Worker] = []
    for _ in 0..<max(threads, 1) {
      do throws(SystemError) {
        workers.append(try Worker { Self.work(state, mostRunning: running) })
      } catch { break }
    }
    (mostHeld, mostRunning) = (held, running)
    self.state = state
    self.workers = workers
    if workers.isEmpty { return nil }
  }

  deinit { state.change { $0.isClosed = true } }

  // MARK: Room

  /// Whether a region could be made here if there were no others.
  func takes(_ region: Region) -> Bool {
    guard region.inner.isEmpty, region.openedLength <= Self.longestRegion,
      RebuildJob.room(for: region) <= mostHeld, let memory = try? region.recipe.memory()
    else { return false }
    return memory <= mostRunning
  }

  /// Whether all regions of a file could be made here, and the file kept, if there were no others.
  public func takes(_ layout: FileLayout) -> Bool {
    layout.viewLength <= Self.longestRegion && Self.sum(layout) <= mostHeld
      && layout.regions.allSatisfy(takes)
  }

  /// Room for what a file takes beside its regions while it is made here, if there is some for these as
  /// well.
  public func room(for layout: FileLayout) -> Room? {
    let (own, all) = (Self.own(layout), Self.sum(layout))
    return room(own, of: all)
  }

  /// Room for a region, which it has to have before its first byte.
  func room(for region: Region) -> Room? {
    let needed = RebuildJob.room(for: region)
    return room(needed, of: needed)
  }

  private func room(_ byteCount: UInt64, of needed: UInt64) -> Room? {
    let isThere = state.change { state in
      guard needed <= mostHeld, state.held <= mostHeld &- needed else { return false }
      state.held &+= byteCount
      return true
    }
    return isThere ? Room(byteCount, state) : nil
  }

  /// What a file takes beside its regions: itself, in an array that grows by doubling, and its layout.
  private static func own(_ layout: FileLayout) -> UInt64 {
    let recipes = layout.regions.reduce(0) { $0 &+ UInt64($1.recipe.bytes.count) }
    return 2 &* min(layout.length, 1 << 40)
      &+ UInt64(layout.regionCount) &* FileLayout.memoryPerRegion &+ recipes
  }

  private static func sum(_ layout: FileLayout) -> UInt64 {
    // Below 2^20 regions of less than 2^43 bytes.
    layout.regions.reduce(own(layout)) { $0 &+ RebuildJob.room(for: $1) }
  }

  // MARK: Work

  /// Takes a region to make, with the room that it has.
  func add(
    _ region: Region, opened: [UInt8], _ room: Room
  ) throws(RecompressError) -> RebuildJob {
    let job = RebuildJob(region, opened: opened, memory: try region.recipe.memory(), room)
    state.change { $0.waiting.append(job) }
    return job
  }

  /// Waits for a region's compressed bytes. They are given once.
  func bytes(of job: RebuildJob) throws(RecompressError) -> [UInt8] {
    try state.wait { _ in job.made() }.get()
  }

  /// Makes one region after the other until the pool is closed.
  private static func work(_ state: Monitor<State>, mostRunning: UInt64) {
    var rebuilder: RegionRebuilder?
    var kept: State.Kept?
    while true {
      switch state.wait({ $0.order(kept, mostRunning: mostRunning) }) {
      case .end: return
      case .release:
        rebuilder = nil
        let memory = kept?.memory ?? 0
        kept = nil
        state.change { $0.running &-= memory }
      case .make(let job):
        kept = State.Kept(recipe: job.recipe, memory: job.memory)
        job.run(&rebuilder) { state.change { $0.isClosed } }
        // Somebody may wait for it.
        state.change { _ in }
      }
    }
  }
}

extension RebuildPool.State {
  /// A recipe that a thread still has the memory for.
  struct Kept {
    var recipe: Recipe
    var memory: UInt64
  }

  /// What a thread is to do.
  enum Order {
    case make(RebuildJob)
    /// Give back the memory that was kept for the next region: that is of another recipe.
    case release
    case end
  }

  /// Those that have been started are forgotten many at a time.
  private static var mostStarted: Int { 256 }

  /// What a thread is to do; `nil` for nothing now.
  mutating func order(_ kept: Kept?, mostRunning: UInt64) -> Order? {
    if isClosed { return .end }
    guard next < waiting.count, let job = waiting[next] else { return nil }
    if let kept {
      guard kept.recipe == job.recipe else { return .release }
    } else {
      guard job.memory <= mostRunning &- running else { return nil }
      running &+= job.memory
    }
    waiting[next] = nil
    next += 1
    if next == waiting.count || next == Self.mostStarted {
      waiting.removeFirst(next)
      next = 0
    }
    return .make(job)
  }
}
