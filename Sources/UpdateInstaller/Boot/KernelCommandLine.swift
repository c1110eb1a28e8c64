/// The kernel's command line, as far as it says which subvolume is root.
enum KernelCommandLine {
  /// A longer one is refused, in bytes: what x86 takes (`COMMAND_LINE_SIZE`).
  static let maximumLength = 2048

  /// What loaders add to a line; it is not for the next one.
  private static let loaderWords = ["BOOT_IMAGE=", "initrd="]
  private static let flags = "rootflags="

  /// A line like this one, with root in a subvolume: `subvol=` and `subvolid=` of `rootflags=` are
  /// replaced, and all other flags stay.
  ///
  /// - Returns: `nil` if the line holds control characters, or is too long.
  static func line(_ line: String, rootedIn id: UInt64) -> String? {
    guard
      line.unicodeScalars.allSatisfy({ isSpace($0) || $0.value >= 0x20 && $0.value != 0x7f })
    else { return nil }
    var kept: [String] = []
    var rootFlags: [Substring] = []
    for word in words(of: line) {
      if loaderWords.contains(where: word.hasPrefix) { continue }
      guard word.hasPrefix(flags) else {
        kept.append(word)
        continue
      }
      // The last one counts.
      rootFlags = word.dropFirst(flags.count).split(separator: ",").filter {
        !$0.hasPrefix("subvol=") && !$0.hasPrefix("subvolid=")
      }
    }
    rootFlags.append("subvolid=\(id)")
    kept.append(flags + rootFlags.joined(separator: ","))
    let text = kept.joined(separator: " ")
    return text.utf8.count < maximumLength ? text : nil
  }

  /// The `subvolid=` of `rootflags=`; `nil` if there is none.
  static func subvolumeID(in line: String) -> UInt64? {
    guard let word = words(of: line).last(where: { $0.hasPrefix(flags) }) else { return nil }
    let values = word.dropFirst(flags.count).split(separator: ",")
    guard let value = values.last(where: { $0.hasPrefix("subvolid=") }) else { return nil }
    return UInt64(value.dropFirst("subvolid=".count))
  }

  /// Words, separated by space outside of double quotes.
  private static func words(of line: String) -> [String] {
    var words: [String] = []
    var (word, isQuoted) = (String.UnicodeScalarView(), false)
    for scalar in line.unicodeScalars {
      if scalar == "\"" { isQuoted.toggle() }
      if !isQuoted, isSpace(scalar) {
        if !word.isEmpty { words.append(String(word)) }
        word = String.UnicodeScalarView()
      } else {
        word.append(isSpace(scalar) ? " " : scalar)
      }
    }
    if !word.isEmpty { words.append(String(word)) }
    return words
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || scalar == "\n" || scalar == "\t"
  }
}
