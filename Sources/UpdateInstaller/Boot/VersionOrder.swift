/// The order of kernel releases: numbers in them count as numbers.
enum VersionOrder {
  /// Whether one release is older than the other: `6.1.0-9` is older than `6.1.0-21`, and `6.1~rc1`
  /// older than `6.1`.
  static func isOlder(_ one: String, than other: String) -> Bool {
    var (left, right) = (one.utf8[...], other.utf8[...])
    while !left.isEmpty || !right.isEmpty {
      if let first = left.first, let second = right.first, isDigit(first), isDigit(second) {
        let (a, b) = (takeNumber(&left), takeNumber(&right))
        if a.count != b.count { return a.count < b.count }
        if !a.elementsEqual(b) { return a.lexicographicallyPrecedes(b) }
        continue
      }
      let (a, b) = (rank(left.popFirst()), rank(right.popFirst()))
      if a != b { return a < b }
    }
    return false
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// The digits without leading zeros.
  private static func takeNumber(_ text: inout Substring.UTF8View) -> Substring.UTF8View {
    let digits = text.prefix(while: isDigit)
    text = text[digits.endIndex...]
    return digits.drop { $0 == 0x30 }
  }

  /// A tilde comes before the end, and that before all else.
  private static func rank(_ byte: UInt8?) -> Int {
    guard let byte else { return 0 }
    return byte == UInt8(ascii: "~") ? -1 : Int(byte)
  }
}
