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
    var waiting: [RebuildJob] = []
    var next = 0
    /// Bytes of regions, opened and made, that are not taken yet.
    var held: UInt64 = 0
    /// What the threads have for recipes, also between two regions, in bytes.
    var running: UInt64 = 0
    var isClosed = false
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

  /// Takes a region to make; `nil` if it takes more memory than there is at the moment.
  func add(_ region: Region, opened: [UInt8]) throws(RecompressError) -> RebuildJob? {
    let job = RebuildJob(region, opened: opened, memory: try region.recipe.memory())
    guard job.memory <= mostRunning else { return nil }
    return state.change { state in
      guard job.held <= mostHeld, state.held <= mostHeld &- job.held else { return nil }
      state.held &+= job.held
      state.waiting.append(job)
      return job
    }
  }

  /// Whether a region could be taken if there were no others.
  func takes(_ region: Region) -> Bool {
    guard region.inner.isEmpty, region.openedLength <= Self.longestRegion,
      RebuildJob.held(by: region) <= mostHeld, let memory = try? region.recipe.memory()
    else { return false }
    return memory <= mostRunning
  }

  /// Whether it can make all regions of a file, which lies in memory meanwhile.
  public func takes(_ layout: FileLayout) -> Bool {
    layout.viewLength <= Self.longestRegion && Self.held(by: layout) <= mostHeld
      && layout.regions.allSatisfy(takes)
  }

  /// Whether it can take all regions of a file now.
  public func hasRoom(for layout: FileLayout) -> Bool {
    let held = Self.held(by: layout)
    return state.change { $0.held <= mostHeld && held <= mostHeld &- $0.held }
  }

  private static func held(by layout: FileLayout) -> UInt64 {
    // Below 2^20 regions of less than 2^42 bytes.
    layout.regions.reduce(0) { $0 &+ RebuildJob.held(by: $1) }
  }

  /// Waits for a region's compressed bytes. They are given once.
  func bytes(of job: RebuildJob) throws(RecompressError) -> [UInt8] {
    let made = state.wait { state in
      let made = job.made()
      if made != nil { state.held &-= job.held }
      return made
    }
    return try made.get()
  }

  /// Makes one region after the other until the pool is closed.
  private static func work(_ state: Monitor<State>, mostRunning: UInt64) {
    var (kept, keptFor): (RegionRebuilder?, RebuildJob?) = (nil, nil)
    while true {
      switch state.wait({ $0.order(keptFor, mostRunning: mostRunning) }) {
      case .end: return
      case .release: (kept, keptFor) = (nil, nil)
      case .make(let job):
        if keptFor?.recipe != job.recipe { kept = nil }
        job.run(&kept) { state.change { $0.isClosed } }
        keptFor = job
        // Somebody may wait for it.
        state.change { _ in }
      }
    }
  }
}

extension RebuildPool.State {
  /// What a thread is to do.
  enum Order {
    case make(RebuildJob)
    /// Give back the memory that was kept for the next region: another needs it.
    case release
    case end
  }

  /// Those that have been started are forgotten many at a time.
  private static var mostStarted: Int { 256 }

  /// What a thread is to do; `nil` for nothing now.
  ///
  /// - Parameter kept: what it made last, if it still has the memory for that.
  mutating func order(_ kept: RebuildJob?, mostRunning: UInt64) -> Order? {
    if isClosed { return .end }
    guard next < waiting.count else { return nil }
    let job = waiting[next]
    let others = running &- (kept?.memory ?? 0)
    guard job.memory <= mostRunning &- others else {
      if kept == nil { return nil }
      running = others
      return .release
    }
    running = others &+ job.memory
    next += 1
    if next == waiting.count || next == Self.mostStarted {
      waiting.removeFirst(next)
      next = 0
    }
    return .make(job)
  }
}
