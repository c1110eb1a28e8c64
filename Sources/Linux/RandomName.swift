/// A part of a name that nobody else has.
public enum RandomName {
  /// Sixteen hexadecimal digits.
  public static func digits() -> String {
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
