public import SendStream

// Builders for streams that no writer would write. Each gives the bytes as they are on the wire, and
// nothing in them has to be right.

/// The header of a stream.
public func streamHeader(_ rawVersion: UInt32) -> [UInt8] {
  Array("btrfs-stream\0".utf8) + littleEndian(rawVersion)
}

/// An attribute: its number, its length and its value; `length` is the one to claim.
public func tlv(_ kind: AttributeKind, _ value: [UInt8], length: UInt16? = nil) -> [UInt8] {
  littleEndian(kind.rawValue) + littleEndian(length ?? UInt16(value.count)) + value
}

/// An attribute that is text.
public func tlv(_ kind: AttributeKind, _ text: String) -> [UInt8] { tlv(kind, Array(text.utf8)) }

/// An attribute that is a number, as wide as its type.
public func tlv(_ kind: AttributeKind, number: some FixedWidthInteger) -> [UInt8] {
  tlv(kind, littleEndian(number))
}

/// An attribute without a length, which reaches to the end of its command.
public func tlvToEnd(_ kind: AttributeKind, _ value: [UInt8]) -> [UInt8] {
  littleEndian(kind.rawValue) + value
}

/// A command: its header and its attributes; `length` and `checksum` are the ones to claim, the
/// right ones when left out.
public func rawCommand(
  _ kind: CommandKind, _ attributes: [UInt8]..., length: UInt32? = nil, checksum: UInt32? = nil
) -> [UInt8] {
  let payload = attributes.flatMap(\.self)
  let start = littleEndian(length ?? UInt32(payload.count)) + littleEndian(kind.rawValue)
  let computed = bitwiseChecksum(start + [0, 0, 0, 0] + payload)
  return start + littleEndian(checksum ?? computed) + payload
}

/// SUBVOL, which every stream has to begin with.
public func rawSubvolume(_ name: String = "sv", checksum: UInt32? = nil) -> [UInt8] {
  rawCommand(
    .subvolume, tlv(.path, name), tlv(.uuid, Array(0..<16)), tlv(.ctransid, number: UInt64(7)),
    checksum: checksum)
}

/// The bytes of a number, the lowest first.
public func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// CRC-32C from zero, not inverted, one bit a step: short enough to be seen to be right.
public func bitwiseChecksum(_ bytes: [UInt8]) -> UInt32 {
  var checksum: UInt32 = 0
  for byte in bytes {
    checksum ^= UInt32(byte)
    for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0x82f6_3b78 : checksum >> 1 }
  }
  return checksum
}
