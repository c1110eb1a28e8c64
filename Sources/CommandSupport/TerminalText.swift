/// Text of which the origin is not known, as it may go to a terminal.
public enum TerminalText {
  /// A text on one line: what would end the line, steer a terminal or reorder text is escaped, as in
  /// `\u{a}`.
  public static func oneLine(_ text: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        line += "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars
      } else {
        line.append(scalar)
      }
    }
    return String(line)
  }

  /// Spelled out, since tables of Unicode change.
  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1f, 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}
