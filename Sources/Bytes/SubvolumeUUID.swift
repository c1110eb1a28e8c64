/// A subvolume's UUID: 16 bytes, in the order in which they are displayed.
public struct SubvolumeUUID: Hashable, Sendable {
  private var high: UInt64
  private var low: UInt64

  /// The length in bytes.
  public static let length = 16

  /// The UUID of no subvolume: all zero.
  public static let none = SubvolumeUUID(high: 0, low: 0)

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A UUID from its 16 bytes; `nil` for any other number of bytes.
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount == Self.length else { return nil }
    var cursor = ByteCursor(bytes)
    guard let high = cursor.read(UInt64.self), let low = cursor.read(UInt64.self) else {
      return nil
    }
    self.init(high: high.byteSwapped, low: low.byteSwapped)
  }

  /// Whether it is the UUID of no subvolume.
  public var isZero: Bool { high == 0 && low == 0 }

  /// The 16 bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return bytes
  }

  /// Appends the 16 bytes.
  public func append(to bytes: inout [UInt8]) {
    bytes.append(littleEndian: high.byteSwapped)
    bytes.append(littleEndian: low.byteSwapped)
  }
}

extension SubvolumeUUID: CustomStringConvertible {
  /// The usual spelling: 8-4-4-4-12 hexadecimal digits in lower case.
  public var description: String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text += "-" }
      if byte < 16 { text += "0" }
      text += String(byte, radix: 16)
    }
    return text
  }
}
