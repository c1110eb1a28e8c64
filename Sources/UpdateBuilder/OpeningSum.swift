internal import DeltaStream
internal import Recompress
internal import UpdateFile

/// What all opened files of an update ask of the device.
struct OpeningSum {
  private var memory: UInt64 = 0
  private var room: UInt64 = 0
  private var seconds: Double = 0
  private var settings: Set<Recipe> = []
  private var isEmpty = true

  /// Adds what one asks for.
  ///
  /// - Throws: ``BuildError/tooManyRecipes(limit:)``.
  mutating func add(_ part: OpenedPart) throws(BuildError) {
    isEmpty = false
    memory = max(memory, part.memory)
    room = max(room, part.deviceRoom)
    seconds += part.seconds
    settings.formUnion(part.layout?.settings ?? [])
    let limit = Manifest.RecipeSample.maximumCount
    guard settings.count <= limit else { throw .tooManyRecipes(limit: limit) }
  }

  /// What the manifest says of it; `nil` if no file is opened.
  func recompression() throws(BuildError) -> Manifest.Recompression? {
    if isEmpty { return nil }
    var samples: [Manifest.RecipeSample] = []
    do throws(RecompressError) {
      for recipe in settings.sorted() {
        samples.append(
          Manifest.RecipeSample(
            recipe: recipe.bytes, fingerprint: try RecipeSelfTest.fingerprint(of: recipe)))
      }
    } catch { throw .recompress(error) }
    return Manifest.Recompression(
      memory: memory, room: room, seconds: UInt32(clamping: Int64(seconds.rounded(.up))),
      samples: samples)
  }
}
