internal import Bytes
internal import XZ
internal import Zstd

/// Whether this machine's libraries do what recipes count on.
///
/// A built-in sample is compressed by a recipe's settings; the builder records what came out as a
/// fingerprint, and a device compares with its own, before it touches anything.
public enum RecipeSelfTest {
  /// What did not come out as it should.
  public struct Failure: Error, Equatable, Sendable {
    /// Whose recipe.
    public var kind: RecipeKind
    /// The library that was needed, if any.
    public var library: String?
    /// Why it failed; `nil` if other bytes came out.
    public var error: RecompressError?
  }

  /// What the sample becomes: length and CRC-32 of the compressed bytes.
  ///
  /// - Parameter recipe: Its corrections and the lengths in it, which belong to other bytes, do not
  ///   count.
  /// - Throws: ``RecompressError``.
  public static func fingerprint(
    of recipe: Recipe, memoryLimit: UInt64 = .max
  ) throws(RecompressError) -> UInt64 {
    let rebuilder = try RegionRebuilder(recipe.settings, memoryLimit: memoryLimit)
    var output: [UInt8] = []
    let sample = RecipeSample.opened(recipe.kind)
    try rebuilder.push(sample.rawSpan, into: &output)
    try rebuilder.finish(into: &output)
    var crc = CRC32()
    crc.update(output.rawSpan)
    return UInt64(output.count) << 32 | UInt64(crc.value)
  }

  /// Compares fingerprints of recipes with what comes out here.
  ///
  /// - Returns: Those that fail, in order; none if all is well.
  public static func failures(
    _ expected: [(recipe: Recipe, fingerprint: UInt64)], memoryLimit: UInt64 = .max
  ) -> [Failure] {
    var failures: [Failure] = []
    for (recipe, fingerprint) in expected {
      do {
        let found = try self.fingerprint(of: recipe, memoryLimit: memoryLimit)
        guard found != fingerprint else { continue }
        failures.append(Failure(kind: recipe.kind, library: recipe.library))
      } catch {
        failures.append(Failure(kind: recipe.kind, library: recipe.library, error: error))
      }
    }
    return failures
  }

  /// Recipes with the fingerprints that they have everywhere: for a device that wants to say what it
  /// can do before it sees an update.
  ///
  /// None of zstd: its bytes belong to one version.
  public static let builtIn: [(recipe: Recipe, fingerprint: UInt64)] = [
    (Recipe(.deflate(.sample(level: 1))), 0x00015266_c6523f87),
    (Recipe(.deflate(.sample(level: 6))), 0x000141a5_2d565201),
    (Recipe(.deflate(.sample(level: 9))), 0x00013e1d_95c31071),
    (Recipe(.xz(.sample(branchFilter: nil, blocks: .sized(3 << 20)))), 0x00010cc8_ed41e492),
    (Recipe(.xz(.sample(branchFilter: .x86, blocks: .one))), 0x00010d88_86a0dd47),
    (Recipe(.bitstream), 0x0006ba6c_41d6cb17),
    (Recipe(.messages(hasHashTable: true)), 0x000418d6_e5f547c7),
    (Recipe(.messages(hasHashTable: false)), 0x0003d89a_d6462413),
  ]
}

extension RecipeSelfTest.Failure: CustomStringConvertible {
  /// What fails, and why.
  public var description: String {
    let name = "\(kind)" + (library.map { " by \($0)" } ?? "")
    return error.map { "\(name): \($0)" } ?? "\(name) gives other bytes here"
  }
}

extension Recipe {
  /// The recipe for the sample of ``RecipeSelfTest``, without what belongs to one file: all of a
  /// recipe that a device has to be able to do.
  public var settings: Recipe {
    switch form {
    case .deflate(var recipe):
      recipe.tokenCorrections = []
      recipe.blockCorrections = []
      return Recipe(.deflate(recipe))
    case .xz, .bitstream, .messages: return self
    case .zstd(var recipe):
      if recipe.options.contentSize != nil {
        recipe.options.contentSize = UInt64(RecipeSample.bytes.count)
      }
      return Recipe(.zstd(recipe))
    }
  }
}

extension DeflateRecipe {
  fileprivate static func sample(level: UInt8) -> DeflateRecipe {
    DeflateRecipe(
      parameters: DeflateParameters(level: level), policy: .gzip, trailer: .gzip)
  }
}

extension XZRecipe {
  fileprivate static func sample(
    branchFilter: XZStreamEncoder.BranchFilter?, blocks: XZStreamEncoder.Blocks
  ) -> XZRecipe {
    XZRecipe(
      XZStreamEncoder.Options(
        preset: 6, dictionarySize: 1 << 20, branchFilter: branchFilter, check: .crc32,
        blocks: blocks))
  }
}
