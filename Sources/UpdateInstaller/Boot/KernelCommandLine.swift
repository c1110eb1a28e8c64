/// The kernel's command line, as far as it says which subvolume is root.
enum KernelCommandLine {
  /// A longer one is refused, in bytes: what x86 takes (`COMMAND_LINE_SIZE`).
  static let maximumLength = 2048

  /// What loaders add to a line; it is not for the next one.
  private static let loaderWords = ["BOOT_IMAGE=", "initrd="]
  private static let flags = "rootflags="
  private static let directoryWord = "btrfs_update.directory="

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
    rootFlag("subvolid=", in: line).flatMap { UInt64($0) }
  }

  /// The directory below the top level that holds the systems, by what the line says: that of
  /// `btrfs_update.directory=`, else that of `rootflags=subvol=DIRECTORY/sys_root_current`.
  ///
  /// - Returns: `nil` for the top level, or if it says nothing.
  static func directory(in line: String) -> String? {
    if let word = words(of: line).last(where: { $0.hasPrefix(directoryWord) }) {
      return path(word.dropFirst(directoryWord.count).split(separator: "/"))
    }
    guard var parts = rootFlag("subvol=", in: line)?.split(separator: "/"),
      let name = parts.popLast(), name == DeviceNames.current
    else { return nil }
    return path(parts)
  }

  private static func path(_ parts: [Substring]) -> String? {
    parts.isEmpty ? nil : parts.joined(separator: "/")
  }

  /// The value of one of `rootflags=`; the last one counts.
  private static func rootFlag(_ name: String, in line: String) -> Substring? {
    guard let word = words(of: line).last(where: { $0.hasPrefix(flags) }) else { return nil }
    let values = word.dropFirst(flags.count).split(separator: ",")
    return values.last { $0.hasPrefix(name) }?.dropFirst(name.count)
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
