internal import Bytes

/// Finds the compressed regions of files, and proves for each that it can be made again bit for bit.
public struct Recompressor {
  /// What was found in a file.
  public struct Analysis: Sendable {
    /// Where the regions are.
    public var layout: FileLayout
    /// What looked like a region and is none to us.
    public var leftAlone: [LeftAlone]
    /// The memory that opening the regions takes, in bytes.
    public var openingMemory: UInt64
  }

  /// Something compressed that stays as it is.
  public struct LeftAlone: Equatable, Sendable {
    /// Why.
    public enum Reason: Equatable, Sendable {
      /// It cannot be opened: most often a signature by chance.
      case notOpened(RecompressError)
      /// It can be opened, but nothing brings it back.
      case noRecipe
      /// It would take more memory than is allowed.
      case tooMuchMemory(UInt64)
      /// It is shorter than is worth a recipe.
      case tooShort
      /// A limit was reached before.
      case limitReached
    }

    /// The kind of data.
    public var kind: RecipeKind
    /// How deep it lies: 0 in the file itself.
    public var depth: Int
    /// Where, in what it lies in.
    public var offset: UInt64
    /// Its length, if it could be opened.
    public var length: UInt64?
    /// Why.
    public var reason: Reason
  }

  private let limits: RecompressLimits
  private let kinds: Set<RecipeKind>
  private let threads: Int
  private let aim: Aim

  /// What regions are looked for for.
  public enum Aim: Sendable {
    /// To be made again: each has a recipe, and it is proven.
    case rebuilding
    /// To be opened only, which is much faster; recipes mean nothing.
    case opening
  }

  /// One that looks for regions of some kinds.
  ///
  /// - Parameters:
  ///   - limits: What it may cost; of memory, opening and rebuilding each may take as much.
  ///   - threads: How many threads prove a recipe.
  public init(
    limits: RecompressLimits = .init(), kinds: Set<RecipeKind> = Set(RecipeKind.allCases),
    threads: Int = 1, for aim: Aim = .rebuilding
  ) {
    self.aim = aim
    self.limits = limits
    self.kinds = kinds
    self.threads = threads
  }

  /// Finds the regions of a file.
  ///
  /// - Parameter spill: Takes what is opened, behind what is there already; it ends up as it was.
  /// - Throws: ``RecompressError`` if the file or the spill cannot be read or written, not for what
  ///   the file holds.
  public func analyse(
    _ file: some RandomAccessBytes, spill: some SpilledBytes
  ) throws(RecompressError) -> Analysis {
    var search = RegionSearch(
      limits: limits, kinds: kinds, threads: threads, spill: spill, aim: aim)
    let regions = try search.regions(of: file, depth: 0)
    return Analysis(
      layout: FileLayout(length: file.byteCount, regions: regions), leftAlone: search.leftAlone,
      openingMemory: search.openingMemory)
  }
}

extension Recompressor.LeftAlone.Reason: CustomStringConvertible {
  /// A few words.
  public var description: String {
    switch self {
    case .notOpened(let error): "not opened: \(error)"
    case .noRecipe: "no recipe brings it back"
    case .tooMuchMemory(let needed): "needs \(needed) bytes of memory"
    case .tooShort: "too short"
    case .limitReached: "a limit was reached"
    }
  }
}
