/// How a chain of updates is named: `update:FILE,FILE`.
///
/// A comma that is part of a name is written `\,`, and a backslash `\\`.
extension TreeSource {
  static let chainPrefix = "update:"

  /// Whether it is a chain of updates.
  var isChain: Bool { text.hasPrefix(Self.chainPrefix) }

  /// The update files of a chain; `nil` of any other tree.
  ///
  /// - Throws: ``BuildError/badTreeName(_:)`` if one has no name.
  func chainPaths() throws(BuildError) -> [String]? {
    guard isChain else { return nil }
    var paths = [""]
    var isEscaped = false
    for character in text.dropFirst(Self.chainPrefix.count).unicodeScalars {
      switch character {
      case _ where isEscaped:
        paths[paths.count - 1].unicodeScalars.append(character)
        isEscaped = false
      case "\\": isEscaped = true
      case ",": paths.append("")
      default: paths[paths.count - 1].unicodeScalars.append(character)
      }
    }
    guard !isEscaped, !paths.contains("") else { throw .badTreeName(text) }
    return paths
  }

  /// How a chain of these files is named.
  static func chain(of paths: [String]) -> TreeSource {
    let names = paths.map { path in
      path.unicodeScalars.map { $0 == "," || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
    }
    return TreeSource(text: chainPrefix + names.joined(separator: ","))
  }

  /// The chain, open; `nil` of any other tree.
  func chain(_ trust: ChainTrust) throws(BuildError) -> UpdateChain? {
    guard let paths = try chainPaths() else { return nil }
    do throws(ChainError) { return try UpdateChain(paths, trust) } catch { throw .chain(error) }
  }
}
