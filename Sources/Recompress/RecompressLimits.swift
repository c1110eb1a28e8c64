/// What looking into files may cost.
public struct RecompressLimits: Hashable, Sendable {
  /// The most bytes that may come out of one file, all depths together.
  public var openedBytes: UInt64
  /// How many times longer than the compressed bytes the opened ones may be.
  public var ratio: UInt64
  /// The most regions of a file, all depths together.
  public var regions: Int
  /// How often a signature may turn out to be none.
  public var failures: Int
  /// How deep regions may lie in one another; 1 for none in others.
  public var depth: Int
  /// Shorter regions are left alone, in compressed bytes.
  public var shortest: UInt64
  /// The most memory that rebuilding a region may take, in bytes.
  public var memory: UInt64

  /// Limits; the defaults are for files of an operating system.
  public init(
    openedBytes: UInt64 = 2 << 30, ratio: UInt64 = 1200, regions: Int = 65_536,
    failures: Int = 4096, depth: Int = 3, shortest: UInt64 = 128, memory: UInt64 = 192 << 20
  ) {
    self.openedBytes = openedBytes
    self.ratio = ratio
    self.regions = regions
    self.failures = failures
    self.depth = depth
    self.shortest = shortest
    self.memory = memory
  }

  /// Opened bytes that are allowed before any ratio is looked at: a kernel begins with megabytes of
  /// zeros.
  private static let freeBytes: UInt64 = 16 << 20

  func allows(opened: UInt64, compressed: UInt64) -> Bool {
    if opened <= Self.freeBytes { return true }
    let (most, overflow) = compressed.multipliedReportingOverflow(by: ratio)
    return overflow || opened <= most
  }
}
