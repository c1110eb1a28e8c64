/// The words of a list: separated by space, or in double quotes, where `\"` and `\\` stand for
/// themselves.
enum ConfigurationWords {
  /// A longer list is refused.
  static let maximumCount = 1024

  /// `nil` where a quotation mark does not end, a backslash escapes nothing, or text touches one.
  static func words(in text: String) -> [String]? {
    var (words, rest) = ([String](), text.trimmed)
    while let first = rest.first {
      guard words.count < maximumCount else { return nil }
      if first == "\"" {
        rest = rest.dropFirst()
        guard let word = quoted(&rest), rest.isEmpty || rest.first == " " || rest.first == "\t"
        else { return nil }
        words.append(word)
      } else {
        let word = rest.prefix { $0 != " " && $0 != "\t" }
        guard !word.contains(where: { $0 == "\"" || $0 == "\\" }) else { return nil }
        rest = rest.dropFirst(word.count)
        words.append(String(word))
      }
      rest = rest.trimmed
    }
    return words
  }

  private static func quoted(_ rest: inout Substring) -> String? {
    var word = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return word
      case "\\":
        guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else { return nil }
        word.append(escaped)
      default: word.append(character)
      }
    }
    return nil
  }

  /// The words as one text, which reads back as the same.
  static func text(_ words: [String]) -> String {
    words.map { word in
      let isPlain =
        !word.isEmpty && !word.contains { $0 == " " || $0 == "\t" || $0 == "\"" || $0 == "\\" }
      if isPlain { return word }
      let escaped = word.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
      return "\"\(escaped)\""
    }.joined(separator: " ")
  }
}
