/// Text of which the origin is not known, as a person may see it: a name on a disk or in a stream
/// may be any bytes.
public enum QuotedText {
  /// A text on one line, in quotes, that quotes and backslashes inside cannot end.
  public static func quoted(_ text: String) -> String {
    "\"\(oneLine(text, escaping: ["\"", "\\"]))\""
  }

  /// A name's bytes, in quotes. What is not UTF-8 shows as replacement characters.
  public static func quoted(_ name: [UInt8]) -> String {
    quoted(String(decoding: name, as: UTF8.self))
  }

  /// A text on one line: what would end the line, steer a terminal or reorder text is escaped, as in
  /// `\u{a}`; `marks` get a backslash.
  public static func oneLine(_ text: String, escaping marks: Set<Unicode.Scalar> = []) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        line += "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars
      } else {
        if marks.contains(scalar) { line.append("\\") }
        line.append(scalar)
      }
    }
    return String(line)
  }

  /// Whether a character ends a line, steers a terminal, or reorders the text around it (the bidi
  /// marks). Spelled out, since tables of Unicode change.
  public static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1f, 0x7f...0x9f, 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}
