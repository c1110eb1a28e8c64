internal import Bytes
internal import Linux

// What systemd-boot starts when nobody is at the keyboard, after what it is told for one boot only
// (`LoaderEntryOneShot`):
//
//  1. the first entry that matches the EFI variable LoaderEntryPreferred, or `preferred` of loader.conf
//     (from systemd 260 on)
//  2. the first entry that matches the EFI variable LoaderEntryDefault, or `default` of loader.conf
//  3. the first entry
//
// Entries are ordered: those with no tries left last, those with a sort-key first, by sort-key, then
// machine-id, version (the highest first), and name (the highest first). Ours have the token as
// sort-key, no machine-id and no version, so their names order them. A pattern that matches only one
// entry would start it even with no tries left: all of ours have to match, or none is looked for.
extension BLSEntries {
  /// Why the loader does not go by the order of our entries; `nil` if it does.
  func obstacle(
    on partition: borrowing Descriptor, _ machine: BootMachine
  ) throws(BootError) -> (place: String, reason: String)? {
    var isChosen = false
    for choice in try choices(on: partition, machine) {
      guard matchesAll(choice.pattern) else {
        let reason = "it selects \"\(choice.pattern)\", and not \"\(token)-*\""
        return (choice.place, reason)
      }
      isChosen = true
    }
    // The pattern leaves out whatever is not ours.
    if isChosen { return nil }
    for name in others where !Self.isBad(name) {
      guard let key = try sortKey(of: name), key.lexicographicallyPrecedes(token) else { continue }
      return (
        "loader/entries/\(name)",
        "its sort-key \"\(key)\" comes before \"\(token)\"; \"default \(token)-*\" in loader.conf helps"
      )
    }
    return nil
  }

  private typealias Choice = (place: String, pattern: String)

  private func choices(
    on partition: borrowing Descriptor, _ machine: BootMachine
  ) throws(BootError) -> [Choice] {
    var choices: [Choice] = []
    let text = try partition.bootContents("loader/loader.conf", limit: Self.limit)
    let settings = text.map { String(decoding: $0, as: UTF8.self) } ?? ""
    for (variable, key) in [
      ("LoaderEntryPreferred", "preferred"), ("LoaderEntryDefault", "default"),
    ] {
      if let pattern = machine.loaderVariable(variable) {
        choices.append(("EFI variable \(variable)", pattern))
      } else if let pattern = Self.value(of: key, in: settings) {
        choices.append(("loader/loader.conf", pattern))
      }
    }
    return choices
  }

  /// Also entries that are not there yet.
  private func matchesAll(_ pattern: String) -> Bool {
    let sample = BLSEntryName(sequence: 1, uuid: .none).text(token)
    return ([sample] + own.map { $0.text(token) }).allSatisfy {
      NamePattern.matches($0.lowercased(), pattern.lowercased())
    }
  }

  private func sortKey(of name: String) throws(BootError) -> String? {
    try text(of: name).flatMap { Self.value(of: "sort-key", in: $0) }
  }

  /// The last value of a key, as in entries and in loader.conf.
  static func value(of key: String, in text: String) -> String? {
    var value: String?
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(maxSplits: 1) { $0 == " " || $0 == "\t" }
      guard words.count == 2, words[0] == key else { continue }
      let rest = words[1].drop { $0 == " " || $0 == "\t" }
      let end = rest.lastIndex { $0 != " " && $0 != "\t" }
      value = end.map { String(rest[...$0]) }
    }
    return value
  }

  /// Whether the loader puts it last: `…+0.conf`, `…+0-3.conf`.
  private static func isBad(_ name: String) -> Bool {
    guard let plus = name.lastIndex(of: "+") else { return false }
    let left = name[name.index(after: plus)...].prefix { $0.isNumber }
    return !left.isEmpty && left.allSatisfy { $0 == "0" }
  }
}

/// Patterns with `*` and `?`; what else a loader knows counts as itself.
enum NamePattern {
  /// Whether all of a name matches.
  static func matches(_ name: String, _ pattern: String) -> Bool {
    let (name, pattern) = (Array(name.utf8), Array(pattern.utf8))
    var (at, next) = (0, 0)
    var star: (at: Int, next: Int)?
    while at < name.count {
      if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
        star = (at, next + 1)
        next += 1
      } else if next < pattern.count,
        pattern[next] == name[at] || pattern[next] == UInt8(ascii: "?")
      {
        (at, next) = (at + 1, next + 1)
      } else if let last = star {
        star = (last.at + 1, last.next)
        (at, next) = (last.at + 1, last.next)
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
