/// The number N of an installed system, as in `sys_root_vN`.
public struct SystemVersion: Hashable, Sendable {
  /// The number.
  public var number: UInt64

  /// A version.
  public init(_ number: UInt64) { self.number = number }

  /// A version in decimal digits, without a sign, spaces, or leading zeros; `nil` from other text.
  public init?(_ text: some StringProtocol) {
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      text.utf8.first != 0x30 || text.utf8.count == 1, let number = UInt64(text)
    else { return nil }
    self.number = number
  }
}

extension SystemVersion: Comparable {
  /// Whether one is older than the other.
  public static func < (one: SystemVersion, other: SystemVersion) -> Bool {
    one.number < other.number
  }
}

extension SystemVersion: CustomStringConvertible {
  /// The number in decimal.
  public var description: String { "\(number)" }
}
