public import Recompress

/// What opening files, and making them again, may take where a delta stream is expanded.
public struct OpeningLimits: Sendable {
  /// The most memory in bytes, of opening or of making again.
  public var memory: UInt64
  /// The most bytes that are kept in temporary files at a time.
  public var room: UInt64
  /// How many threads may compress, if the memory allows it. The bytes do not depend on it.
  public var threads: Int
  /// Memory beside ``memory`` that making files side by side may take, in bytes; none below 40 MiB.
  public var spareMemory: UInt64
  /// The settings that recipes may have; `nil` for any.
  public var settings: Set<Recipe>?

  /// Limits; those that are not named are the most that is ever needed.
  public init(
    memory: UInt64 = 4 << 30, room: UInt64 = 16 << 30, threads: Int = 1,
    spareMemory: UInt64 = 0, settings: Set<Recipe>? = nil
  ) {
    self.spareMemory = spareMemory
    self.memory = memory
    self.room = room
    self.threads = threads
    self.settings = settings
  }

  /// The most regions that layouts may have without taking all the memory.
  var mostRegions: Int {
    Int(clamping: min(memory / FileLayout.memoryPerRegion, UInt64(OpenedPatch.mostRegions)))
  }

  /// The least that is worth it for a pool.
  private static let leastPoolMemory: UInt64 = 16 << 20
  /// What commands behind a file take that is being made: the queue's, and a longest one that is held.
  private static let queueMemory: UInt64 = 24 << 20

  /// A pool for making files side by side, if that is wanted.
  var pool: RebuildPool? {
    guard threads > 1, spareMemory >= Self.leastPoolMemory + Self.queueMemory else { return nil }
    return RebuildPool(threads: threads, memory: spareMemory - Self.queueMemory)
  }

  /// Checks a patch against the limits, before anything is done for it.
  ///
  /// - Throws: ``OpeningError``.
  func check(_ patch: OpenedPatch) throws(OpeningError) {
    var regions: UInt64 = 0
    var room: UInt64 = 0
    for layout in patch.sources.values {
      regions &+= UInt64(layout.regionCount)
      room = Self.sum(room, layout.openedLength)
    }
    var memory: UInt64 = regions &* FileLayout.memoryPerRegion
    if let layout = patch.layout {
      do throws(RecompressError) { memory = Self.sum(memory, try layout.demand().memory) } catch {
        throw .failed(error)
      }
      if patch.keepsView { room = Self.sum(room, layout.viewLength) }
      for recipe in layout.settings where settings?.contains(recipe) == false {
        throw .unlistedRecipe(recipe.kind)
      }
    }
    guard memory <= self.memory else {
      throw .failed(.tooMuchMemory(needed: memory, limit: self.memory))
    }
    guard room <= self.room else { throw .tooMuchRoom(needed: room, limit: self.room) }
  }

  private static func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

/// Why a file is not opened, or not made again.
public enum OpeningError: Error, Equatable, Sendable {
  /// Opening or making it failed.
  case failed(RecompressError)
  /// It has a recipe of this kind that the manifest does not list.
  case unlistedRecipe(RecipeKind)
  /// More would be kept in temporary files than is allowed, both in bytes.
  case tooMuchRoom(needed: UInt64, limit: UInt64)
}

extension OpeningError: CustomStringConvertible {
  /// What is wrong.
  public var description: String {
    switch self {
    case .failed(let error): "\(error)"
    case .unlistedRecipe(let kind): "a recipe for \(kind) is not one that the manifest lists"
    case .tooMuchRoom(let needed, let limit):
      "\(needed) bytes would be kept in temporary files, and \(limit) are allowed"
    }
  }
}
