internal import Bytes

/// The 16 bytes of a subvolume's UUID, in the order in which they are written.
public struct UUIDBytes: Hashable, Sendable {
  private let high: UInt64
  private let low: UInt64

  /// A copy of 16 bytes; `nil` if there are more or less.
  public init?(copying bytes: RawSpan) {
    var cursor = ByteCursor(bytes)
    guard bytes.byteCount == 16, let high = cursor.read(UInt64.self),
      let low = cursor.read(UInt64.self)
    else { return nil }
    self.high = high.byteSwapped
    self.low = low.byteSwapped
  }

  /// A copy of the bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: high.byteSwapped)
    bytes.append(littleEndian: low.byteSwapped)
    return bytes
  }
}

extension UUIDBytes: CustomStringConvertible {
  /// Lower-case hexadecimal digits in groups of 8, 4, 4, 4 and 12.
  public var description: String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text += "-" }
      text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return text
  }
}
