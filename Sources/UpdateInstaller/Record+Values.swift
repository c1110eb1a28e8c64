internal import Bytes

/// What the values of a record mean. Those that may be missing are written `none` then.
extension Record {
  private static let none = "none"

  mutating func append(_ key: String, optional value: (some CustomStringConvertible)?) {
    append(key, value?.description ?? Self.none)
  }

  func optionalValue(_ key: String) throws(RecordFlaw) -> String? {
    let value = try value(key)
    return value == Self.none ? nil : value
  }

  func version(_ key: String = "version") throws(RecordFlaw) -> SystemVersion {
    guard let version = SystemVersion(try value(key)) else { throw .badField(key) }
    return version
  }

  func optionalVersion(_ key: String = "version") throws(RecordFlaw) -> SystemVersion? {
    try optionalValue(key) == nil ? nil : try version(key)
  }

  func uuid(_ key: String) throws(RecordFlaw) -> SubvolumeUUID {
    guard let uuid = SubvolumeUUID(text: try value(key)) else { throw .badField(key) }
    return uuid
  }

  func optionalUUID(_ key: String) throws(RecordFlaw) -> SubvolumeUUID? {
    try optionalValue(key) == nil ? nil : try uuid(key)
  }

  /// A decimal number without sign or leading zeros.
  func integer(_ key: String, in range: ClosedRange<Int>) throws(RecordFlaw) -> Int {
    guard let number = SystemVersion(try value(key))?.number,
      let integer = Int(exactly: number), range.contains(integer)
    else { throw .badField(key) }
    return integer
  }

  func flag(_ key: String) throws(RecordFlaw) -> Bool {
    switch try value(key) {
    case "yes": true
    case "no": false
    default: throw .badField(key)
    }
  }

  mutating func append(_ key: String, flag: Bool) { append(key, flag ? "yes" : "no") }
}

/// Text in a record: what is not printable ASCII, a space or `%` is `%` and two hexadecimal digits
/// for each byte of UTF-8.
extension Record {
  mutating func append(_ key: String, text: String) { append(key, Self.escaped(text)) }

  func text(_ key: String) throws(RecordFlaw) -> String {
    let value = try value(key)
    guard let text = Self.unescaped(value), Self.escaped(text) == value else {
      throw .badField(key)
    }
    return text
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for byte in text.utf8 {
      if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "%") {
        escaped.unicodeScalars.append(UnicodeScalar(byte))
      } else {
        escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
      }
    }
    return escaped
  }

  private static func unescaped(_ value: String) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(value.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
