public import Bytes

/// A message digest of a fixed number of bytes.
///
/// The bytes are on the heap: a span into inline storage outlives a copy of it that swiftc 6.3.1
/// makes with cross-module optimization, and then shows other bytes.
public struct Digest<let byteCount: Int>: Sendable {
  /// Always ``byteCount`` of them.
  @usableFromInline let storage: [UInt8]

  /// A copy of the bytes; `nil` if they are not exactly as many as the digest has.
  public init?(copying bytes: RawSpan) {
    guard bytes.byteCount == byteCount else { return nil }
    storage = [UInt8](copying: bytes)
  }

  /// The digest that hexadecimal digits, in either case, spell; `nil` if they spell none.
  public init?(hex: some StringProtocol) {
    let digits = hex.utf8.compactMap { UInt8(hexDigit: $0) }
    guard digits.count == 2 * byteCount, digits.count == hex.utf8.count else { return nil }
    storage = (0..<byteCount).map { digits[2 * $0] << 4 | digits[2 * $0 + 1] }
  }

  init(filling body: (UnsafeMutablePointer<UInt8>) -> Void) {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    unsafe bytes.withUnsafeMutableBufferPointer {
      if let base = $0.baseAddress { unsafe body(base) }
    }
    storage = bytes
  }

  /// The bytes, borrowed.
  @inlinable
  public var rawSpan: RawSpan {
    @_lifetime(borrow self)
    borrowing get { storage.rawSpan }
  }

  /// A copy of the bytes.
  public var bytes: [UInt8] { storage }

  /// Lower-case hexadecimal digits.
  public var hex: String {
    var text = ""
    for index in 0..<byteCount {
      let byte = storage[index]
      text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return text
  }
}

/// SHA-256 of something.
public typealias SHA256Digest = Digest<32>

/// SHA-512 of something.
public typealias SHA512Digest = Digest<64>

extension Digest: Hashable {
  /// Whether all bytes are the same; not in constant time, since no digest here is a secret.
  public static func == (first: Self, second: Self) -> Bool {
    first.rawSpan.hasSameBytes(as: second.rawSpan)
  }

  /// Feeds the bytes to a hasher.
  public func hash(into hasher: inout Hasher) {
    unsafe rawSpan.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }
}

extension Digest: Comparable {
  /// The order of the bytes, the first one first; that of ``hex``, too.
  public static func < (first: Self, second: Self) -> Bool {
    let shared = first.rawSpan.commonPrefixLength(with: second.rawSpan)
    return shared < byteCount && first.storage[shared] < second.storage[shared]
  }
}

extension Digest: CustomStringConvertible {
  /// The same as ``hex``.
  public var description: String { hex }
}

extension UInt8 {
  fileprivate init?(hexDigit: UInt8) {
    switch hexDigit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self = hexDigit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self = hexDigit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self = hexDigit - UInt8(ascii: "A") + 10
    default: return nil
    }
  }
}
