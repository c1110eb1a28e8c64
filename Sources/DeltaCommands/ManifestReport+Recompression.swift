internal import Bytes
internal import CommandSupport
internal import Recompress
internal import UpdateFile

extension ManifestReport {
  /// What opening files takes, and by which recipes they are made again.
  var recompressionLines: [(String, String)] {
    guard let recompression = manifest.recompression else { return [] }
    let cost =
      "about \(recompression.seconds) s on one core, \(ByteCount(recompression.memory)) of memory, "
      + "\(ByteCount(recompression.room)) of the disk meanwhile"
    return [("opens files", cost)]
      + recompression.samples.map { ("recipe", Self.text($0)) }
  }

  private static func text(_ sample: Manifest.RecipeSample) -> String {
    guard let recipe = try? Recipe(sample.recipe.rawSpan) else { return "unknown" }
    let memory = (try? recipe.memory()).map { ", \(ByteCount($0)) of memory" } ?? ""
    return "\(recipe.summary)\(memory)"
  }

  var recompressionJSON: JSONValue {
    guard let recompression = manifest.recompression else { return .null }
    return .object([
      ("memory", .unsigned(recompression.memory)), ("room", .unsigned(recompression.room)),
      ("seconds", .unsigned(UInt64(recompression.seconds))),
      ("recipes", .array(recompression.samples.map(Self.json))),
    ])
  }

  private static func json(_ sample: Manifest.RecipeSample) -> JSONValue {
    guard let recipe = try? Recipe(sample.recipe.rawSpan) else {
      return .object([("kind", .null)])
    }
    return .object([
      ("kind", .string("\(recipe.kind)")),
      ("library", recipe.library.map { .string($0) } ?? .null),
      ("settings", .string(recipe.summary)),
      ("memory", (try? recipe.memory()).map { .unsigned($0) } ?? .null),
      ("secondsPerGigabyte", .unsigned(UInt64(recipe.seconds(openedLength: 1_000_000_000)))),
    ])
  }
}
