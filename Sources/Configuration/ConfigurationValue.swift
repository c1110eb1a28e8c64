/// A kind of value that a key can have.
///
/// `text` reads back as the same value.
struct ConfigurationValue<Value: Equatable & Sendable>: Sendable {
  /// What it takes, for error messages and the manual.
  let expected: String
  /// From a word; `nil` from what it does not take.
  let parse: @Sendable (String) -> Value?
  /// As a word.
  let text: @Sendable (Value) -> String
}

extension ConfigurationValue<String> {
  /// No path is longer, as in the kernel.
  private static let maximumLength = 4095

  /// Any text that fits into a manifest's product.
  static let name = ConfigurationValue(expected: "text of at most 255 bytes") {
    $0.utf8.count <= 255 ? $0 : nil
  } text: {
    $0
  }

  /// A kernel's command line, without what is added to it: with that, no longer than kernels take.
  static let commandLine = ConfigurationValue(
    expected: "text of at most 1900 bytes without control characters"
  ) {
    $0.utf8.count <= 1900 && $0.utf8.allSatisfy { isPrintable($0) || [0x09, 0x0a].contains($0) }
      ? $0 : nil
  } text: {
    $0
  }

  /// What a loader's menu has room for.
  static let title = ConfigurationValue(
    expected: "1 to 64 bytes of text without control characters"
  ) {
    1...64 ~= $0.utf8.count && $0.utf8.allSatisfy(isPrintable) ? $0 : nil
  } text: {
    $0
  }

  private static func isPrintable(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f }

  /// A path from the root, in normal form.
  static let path = ConfigurationValue(
    expected: "an absolute path without \"..\", \".\" and doubled slashes"
  ) {
    $0.hasPrefix("/") && isNormal($0.dropFirst()) ? $0 : nil
  } text: {
    $0
  }

  /// A path from somewhere, in normal form; a leading slash is left out.
  static let relativePath = ConfigurationValue(
    expected: "paths without \"..\", \".\" and doubled slashes"
  ) {
    let path = $0.hasPrefix("/") ? String($0.dropFirst()) : $0
    return isNormal(path[...]) ? path : nil
  } text: {
    $0
  }

  /// A subvolume beside `sys_root_current`, and none of those that updates need.
  static let subvolumeName = ConfigurationValue(
    expected: "names of subvolumes beside sys_root_current, without \"/\", and none of its own kind"
  ) {
    let isOurs = ["sys_root_", ".sys_root_"].contains(where: $0.hasPrefix) || $0 == ".btrfs-update"
    return !isOurs && isNormal($0[...]) && !$0.utf8.contains(0x2f) ? $0 : nil
  } text: {
    $0
  }

  /// Letters, digits, `-`, `_` and `.`.
  static let token = ConfigurationValue(
    expected: "letters, digits, \"-\", \"_\" and \".\", at most 64"
  ) {
    let isToken = $0.utf8.allSatisfy {
      0x30...0x39 ~= $0 || 0x61...0x7a ~= $0 | 0x20 || [0x2d, 0x2e, 0x5f].contains($0)
    }
    return isToken && !$0.isEmpty && !$0.hasPrefix(".") && $0.utf8.count <= 64 ? $0 : nil
  } text: {
    $0
  }

  /// What a name on FAT and in every loader's language can be: lower case, for loaders fold it.
  static let entryToken = ConfigurationValue(
    expected: "lower-case letters, digits, \"-\", \"_\" and \".\", at most 64, "
      + "the first a letter or digit"
  ) {
    func isPlain(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || 0x61...0x7a ~= byte }
    let isToken = $0.utf8.allSatisfy { isPlain($0) || [0x2d, 0x2e, 0x5f].contains($0) }
    return isToken && $0.utf8.first.map(isPlain) == true && $0.utf8.count <= 64 ? $0 : nil
  } text: {
    $0
  }

  private static func isNormal(_ path: Substring) -> Bool {
    path.utf8.count < maximumLength
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255
      }
  }
}

extension ConfigurationValue<Bool> {
  /// As systemd spells it.
  static let boolean = ConfigurationValue(expected: "yes or no") {
    switch $0 {
    case "yes", "true", "on", "1": true
    case "no", "false", "off", "0": false
    default: nil
    }
  } text: {
    $0 ? "yes" : "no"
  }
}

extension ConfigurationValue<Int> {
  /// A whole number of a range.
  static func number(_ range: ClosedRange<Int>) -> Self {
    ConfigurationValue(expected: "a number from \(range.lowerBound) to \(range.upperBound)") {
      guard $0.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int($0),
        range.contains(number)
      else { return nil }
      return number
    } text: {
      "\($0)"
    }
  }
}

extension ConfigurationValue<UInt64> {
  private static let units: [(Character, UInt64)] = [
    ("T", 40), ("G", 30), ("M", 20), ("K", 10),
  ]

  /// A number of bytes, with a unit of 1,024.
  static let bytes = ConfigurationValue(
    expected: "a number of bytes, as \"512\", \"64K\", \"20M\", \"1G\" or \"1T\""
  ) {
    let unit = units.first { [text = $0] in text.hasSuffix(String($0.0)) }
    let digits = unit == nil ? $0[...] : $0.dropLast()
    guard !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
      let number = UInt64(digits), number.leadingZeroBitCount >= Int(unit?.1 ?? 0)
    else { return nil }
    return number << (unit?.1 ?? 0)
  } text: {
    for (name, shift) in units where $0 > 0 && $0.trailingZeroBitCount >= Int(shift) {
      return "\($0 >> shift)\(name)"
    }
    return "\($0)"
  }
}

extension ConfigurationValue<Duration> {
  private static let maximumSeconds: Int64 = 24 * 3600
  private static let units: [(String, Int64)] = [("h", 3600), ("min", 60), ("s", 1)]

  /// A time up to a day, in whole seconds.
  static let time = ConfigurationValue(
    expected: "a time from 1 second to 24 hours, as \"90\", \"90s\", \"5min\" or \"1h\""
  ) {
    let unit = units.first { [text = $0] in text.hasSuffix($0.0) }
    let digits = $0.dropLast(unit?.0.count ?? 0)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
      let number = Int64(digits), number <= maximumSeconds
    else { return nil }
    // No overflow: 24 * 3600 * 3600 at most.
    let seconds = number &* (unit?.1 ?? 1)
    return 1...maximumSeconds ~= seconds ? .seconds(seconds) : nil
  } text: {
    let seconds = $0.components.seconds
    for (name, length) in units where seconds % length == 0 { return "\(seconds / length)\(name)" }
    return "\(seconds)s"
  }
}

extension ConfigurationValue where Value: RawRepresentable<String> & CaseIterable {
  /// One of some words.
  static var choice: Self {
    ConfigurationValue(expected: Value.allCases.map(\.rawValue).joined(separator: ", ")) {
      Value(rawValue: $0)
    } text: {
      $0.rawValue
    }
  }
}
