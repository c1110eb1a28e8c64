internal import Bytes

/// Makes a region's compressed bytes from its opened ones.
protocol Rebuilder: AnyObject {
  func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError)
  func finish(into output: inout [UInt8]) throws(RecompressError)
  /// Begins again; `false` if it cannot.
  func restart() throws(RecompressError) -> Bool
}

extension Rebuilder {
  func restart() throws(RecompressError) -> Bool { false }
}

extension DeflateRebuilder {
  /// One that can be passed on.
  final class Shared: Rebuilder {
    private var rebuilder: DeflateRebuilder

    init(_ recipe: DeflateRecipe) throws(RecompressError) {
      rebuilder = try DeflateRebuilder(recipe)
    }

    func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError) {
      try rebuilder.push(bytes, into: &output)
    }

    func finish(into output: inout [UInt8]) throws(RecompressError) {
      try rebuilder.finish(into: &output)
    }
  }
}

/// Makes a region's compressed bytes from its opened ones, a piece at a time.
///
/// The bytes are right if the opened ones are those that the recipe was made for; the caller proves
/// that by a digest.
public final class RegionRebuilder {
  private let rebuilder: any Rebuilder

  /// A rebuilder.
  ///
  /// - Parameters:
  ///   - threads: How many threads may compress.
  ///   - memoryLimit: The most memory that it may take, in bytes.
  /// - Throws: ``RecompressError``.
  public init(
    _ recipe: Recipe, threads: Int = 1, memoryLimit: UInt64 = .max
  ) throws(RecompressError) {
    // Fewer threads, if they would take too much.
    let threads = try Self.affordable(recipe, threads, memoryLimit)
    switch recipe.form {
    case .deflate(let recipe): rebuilder = try DeflateRebuilder.Shared(recipe)
    case .xz(let recipe): rebuilder = try XZRebuilder(recipe, threads: threads)
    case .zstd(let recipe): rebuilder = try ZstdRebuilder(recipe, threads: threads)
    case .bitstream: rebuilder = BitstreamRebuilder()
    case .messages(let hasHashTable): rebuilder = MessagesRebuilder(hasHashTable: hasHashTable)
    }
  }

  private static func affordable(
    _ recipe: Recipe, _ threads: Int, _ limit: UInt64
  ) throws(RecompressError) -> Int {
    for threads in stride(from: max(threads, 1), to: 1, by: -1)
    where try recipe.memory(threads: threads) <= limit { return threads }
    let needed = try recipe.memory()
    guard needed <= limit else { throw .tooMuchMemory(needed: needed, limit: limit) }
    return 1
  }

  /// Takes the next opened bytes, and appends what is ready to `output`.
  ///
  /// - Throws: ``RecompressError``.
  public func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError) {
    try rebuilder.push(bytes, into: &output)
  }

  /// Appends the rest.
  ///
  /// - Throws: ``RecompressError``.
  public func finish(into output: inout [UInt8]) throws(RecompressError) {
    try rebuilder.finish(into: &output)
  }

  /// Makes it ready for another region with the same recipe, with the memory that it has.
  ///
  /// - Returns: `false` if it cannot, and is of no use any more.
  func restart() throws(RecompressError) -> Bool { try rebuilder.restart() }
}
