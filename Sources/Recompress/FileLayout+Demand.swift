internal import XZ

/// What making a file again takes.
public struct RebuildDemand: Hashable, Sendable {
  /// Memory in bytes, on one thread.
  public var memory: UInt64
  /// Seconds on one core of a common machine.
  public var seconds: Double

  /// A demand.
  public init(memory: UInt64 = 0, seconds: Double = 0) {
    self.memory = memory
    self.seconds = seconds
  }
}

extension FileLayout {
  /// What a region costs in memory beside its recipe, in bytes.
  public static let memoryPerRegion: UInt64 = 512
  /// What passes between two rebuilders, one in the other, in bytes.
  private static let passing: UInt64 = 1 << 20

  /// How many regions there are, all depths together.
  public var regionCount: Int { Self.count(regions) }

  private static func count(_ regions: [Region]) -> Int {
    regions.reduce(regions.count) { $0 + count($1.inner) }
  }

  /// How many bytes come out of regions, all depths together: what opening keeps.
  public var openedLength: UInt64 { Self.openedLength(regions) }

  private static func openedLength(_ regions: [Region]) -> UInt64 {
    // A layout that was read has at most 2^20 regions of at most 2^41 bytes.
    regions.reduce(0) { $0 &+ $1.openedLength &+ openedLength($1.inner) }
  }

  /// Whether a region has others inside.
  public var isNested: Bool { regions.contains { !$0.inner.isEmpty } }

  /// What making the file again takes.
  ///
  /// - Throws: ``RecompressError/xz(_:)`` if this machine's library does not know a recipe's options.
  public func demand() throws(RecompressError) -> RebuildDemand {
    var demand = try Self.demand(regions)
    demand.memory = demand.memory &+ UInt64(regionCount) &* Self.memoryPerRegion
    return demand
  }

  /// Rebuilders of regions in one another are at work at the same time; others one by one.
  private static func demand(_ regions: [Region]) throws(RecompressError) -> RebuildDemand {
    var demand = RebuildDemand(memory: 0, seconds: 0)
    var recipes: UInt64 = 0
    for region in regions {
      let inner = try Self.demand(region.inner)
      let own = try region.recipe.memory()
      let burst = region.recipe.burst(openedLength: region.openedLength)
      let (sum, overflow) = own.addingReportingOverflow(inner.memory &+ burst &+ passing)
      demand.memory = max(demand.memory, overflow ? .max >> 1 : min(sum, .max >> 1))
      demand.seconds += inner.seconds + region.recipe.seconds(openedLength: region.openedLength)
      recipes &+= UInt64(region.recipe.bytes.count)
    }
    demand.memory = demand.memory &+ recipes
    return demand
  }

  /// Every recipe's settings, each once, in the order of their bytes.
  public var settings: [Recipe] {
    var all: Set<Recipe> = []
    Self.collect(regions, &all)
    return all.sorted()
  }

  private static func collect(_ regions: [Region], _ all: inout Set<Recipe>) {
    for region in regions {
      all.insert(region.recipe.settings)
      collect(region.inner, &all)
    }
  }
}

extension Recipe {
  /// What may come out at once, in bytes: of xz with sizes in Block headers a whole Block, in an
  /// array that grows by doubling.
  func burst(openedLength: UInt64) -> UInt64 {
    guard case .xz(let recipe) = form, case .sized(let size) = recipe.options.blocks else {
      return 0
    }
    return 2 &* min(size, openedLength)
  }
}
