internal import Bytes
internal import Linux

/// Standard error, for lines that people read.
public enum StandardError {
  /// Writes a text as it is.
  public static func write(_ text: String) {
    // There is nowhere to say that standard error is gone.
    let output = try? Descriptor(duplicating: 2, path: "standard error")
    let bytes = Array(text.utf8)
    try? output?.write(bytes.rawSpan)
  }

  /// Whether somebody watches.
  public static var isTerminal: Bool {
    let output = try? Descriptor(duplicating: 2, path: "standard error")
    return output?.isTerminal ?? false
  }
}
