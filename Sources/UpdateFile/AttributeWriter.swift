internal import Bytes

/// Writes the attributes of a command of the head.
struct AttributeWriter {
  private(set) var bytes: [UInt8] = []

  /// Appends an attribute.
  mutating func append(_ attribute: UpdateAttribute, _ value: [UInt8]) {
    bytes.append(littleEndian: attribute.rawValue)
    if !UpdateAttribute.isUnbounded(attribute.rawValue) {
      // Every list and text was checked against a limit of far less.
      bytes.append(littleEndian: UInt16(truncatingIfNeeded: value.count))
    }
    bytes += value
  }

  /// Appends an attribute that is a number.
  mutating func append(
    _ attribute: UpdateAttribute, _ value: some FixedWidthInteger & BitwiseCopyable
  ) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: value)
    append(attribute, bytes)
  }

  /// Appends an attribute that is a text.
  mutating func append(_ attribute: UpdateAttribute, _ value: String) {
    append(attribute, Array(value.utf8))
  }
}
