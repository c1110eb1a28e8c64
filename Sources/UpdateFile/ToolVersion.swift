/// A version of these programs: three numbers, e.g. `1.0.2`.
public struct ToolVersion: Hashable, Sendable {
  /// The first number.
  public var major: UInt32
  /// The second number.
  public var minor: UInt32
  /// The third number.
  public var patch: UInt32

  /// A version of three numbers.
  public init(_ major: UInt32, _ minor: UInt32, _ patch: UInt32) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// The version that a text spells: decimal digits without leading zeros, and two dots.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { UInt32($0) }
    guard parts.count == 3, numbers.count == 3 else { return nil }
    self.init(numbers[0], numbers[1], numbers[2])
    // One version has one spelling.
    guard description == text else { return nil }
  }
}

extension ToolVersion: Comparable {
  /// The order of the first numbers that differ.
  public static func < (first: Self, second: Self) -> Bool {
    (first.major, first.minor, first.patch) < (second.major, second.minor, second.patch)
  }
}

extension ToolVersion: CustomStringConvertible {
  /// The three numbers with dots between them.
  public var description: String { "\(major).\(minor).\(patch)" }
}
