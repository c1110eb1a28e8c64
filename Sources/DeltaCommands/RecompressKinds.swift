internal import ArgumentParser
internal import Recompress

/// The value of `--recompress`: `auto`, `off`, or names of kinds with commas between.
struct RecompressKinds: ExpressibleByArgument {
  static let auto = RecompressKinds(kinds: Set(RecipeKind.allCases))

  var kinds: Set<RecipeKind>

  init(kinds: Set<RecipeKind>) { self.kinds = kinds }

  init?(argument: String) {
    switch argument {
    case "auto": self = .auto
    case "off": kinds = []
    default:
      kinds = []
      for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
        guard let kind = RecipeKind.allCases.first(where: { $0.description == name }) else {
          return nil
        }
        kinds.insert(kind)
      }
    }
  }

  var defaultValueDescription: String { kinds.count == RecipeKind.allCases.count ? "auto" : "" }
}
