internal import Bytes

/// The UUID of a subvolume or file system: 16 bytes, all zero for none.
public struct FileSystemUUID: Hashable, Sendable {
  // Big-endian, so that the order of the numbers is that of the text.
  private let high: UInt64
  private let low: UInt64

  /// No UUID.
  public static let zero = FileSystemUUID(high: 0, low: 0)

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A UUID from its 16 bytes; `nil` from any other number of bytes.
  public init?(_ bytes: RawSpan) {
    var cursor = ByteCursor(bytes)
    guard let high = cursor.read(UInt64.self), let low = cursor.read(UInt64.self),
      cursor.isAtEnd
    else { return nil }
    self.init(high: high.byteSwapped, low: low.byteSwapped)
  }

  /// The 16 bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: high.byteSwapped)
    bytes.append(littleEndian: low.byteSwapped)
    return bytes
  }

  /// Whether there is a UUID at all.
  public var isZero: Bool { high == 0 && low == 0 }
}

extension FileSystemUUID: CustomStringConvertible {
  /// The usual text: `6bb8fbd9-1df3-4dc5-86c8-9b1bbe42cd53`.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
      text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: text, as: UTF8.self)
  }
}
