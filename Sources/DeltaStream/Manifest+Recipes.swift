internal import Bytes
public import Recompress
public import UpdateFile

extension Manifest.Recompression {
  /// The settings that recipes of the update may have.
  func settings() throws(UpdateExpansionError) -> Set<Recipe> {
    do throws(RecompressError) { return Set(try recipes().map(\.recipe)) } catch {
      throw .badRecipe(error)
    }
  }

  /// The samples, read.
  private func recipes() throws(RecompressError) -> [(recipe: Recipe, fingerprint: UInt64)] {
    var recipes: [(Recipe, UInt64)] = []
    for sample in samples {
      recipes.append((try Recipe(sample.recipe.rawSpan), sample.fingerprint))
    }
    return recipes
  }

  /// Runs every recipe of the update on the built-in sample.
  ///
  /// Memory: what the update says. Time: some milliseconds for each recipe.
  ///
  /// - Returns: those that do not give here what they gave where the update was built; none if all is well.
  /// - Throws: `RecompressError` if one cannot be read: it is of a later format.
  public func failures() throws(RecompressError) -> [RecipeSelfTest.Failure] {
    RecipeSelfTest.failures(try recipes(), memoryLimit: memory)
  }
}
