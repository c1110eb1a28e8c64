internal import Bytes

/// The framing of the head's stream.
private enum HeadStream {
  static let magic = Array("btrfs-stream\0".utf8)
  static let manifest: UInt16 = 0x8000
  static let signature: UInt16 = 0x8001

  static func version(base: UInt32) -> UInt32 { Manifest.formatRevision << 16 | base }
}

extension UpdateHead {
  /// The head as it stands in a file.
  ///
  /// - Throws: ``UpdateFileError/headTooLong``.
  public func encoded() throws(UpdateFileError) -> [UInt8] {
    var stream = HeadStream.magic
    stream.append(littleEndian: HeadStream.version(base: baseVersion))
    Self.append(HeadStream.manifest, manifestBytes, to: &stream)
    for signature in signatures {
      Self.append(HeadStream.signature, signature.encoded(), to: &stream)
    }
    let bytes = StoredStream.encoded(stream.rawSpan)
    guard bytes.count <= Self.maximumLength else { throw .headTooLong }
    return bytes
  }

  /// Reads the stream inside a head.
  init(parsing stream: RawSpan) throws(UpdateFileError) {
    var cursor = ByteCursor(stream)
    baseVersion = try Self.readHeader(&cursor)
    guard !cursor.isAtEnd else { throw .commandTruncated(offset: cursor.offset) }
    manifestBytes = [UInt8](copying: try Self.command(HeadStream.manifest, from: &cursor))
    var signatures: [UpdateSignature] = []
    while !cursor.isAtEnd {
      let payload = try Self.command(HeadStream.signature, from: &cursor)
      guard signatures.count < Self.maximumSignatureCount else { throw .tooManySignatures }
      signatures.append(try UpdateSignature(parsing: payload))
    }
    self.signatures = signatures
    try Self.checkOrder(of: signatures)
  }

  private static func readHeader(_ cursor: inout ByteCursor) throws(UpdateFileError) -> UInt32 {
    let magic = HeadStream.magic
    guard let start = cursor.take(magic.count), start.hasSameBytes(as: magic.rawSpan),
      let version = cursor.read(UInt32.self)
    else { throw .notASendStream }
    for base in 1...2 as ClosedRange<UInt32> where version == HeadStream.version(base: base) {
      return base
    }
    throw .streamVersion(version)
  }

  @_lifetime(cursor: copy cursor)
  @_lifetime(copy cursor)
  private static func command(
    _ expected: UInt16, from cursor: inout ByteCursor
  ) throws(UpdateFileError) -> RawSpan {
    let offset = cursor.offset
    guard let length = cursor.read(UInt32.self), let number = cursor.read(UInt16.self),
      let checksum = cursor.read(UInt32.self)
    else { throw .commandTruncated(offset: offset) }
    guard number == expected else { throw .unexpectedCommand(number: number, offset: offset) }
    guard checksum == 0 else { throw .commandChecksum(checksum, offset: offset) }
    guard let length = Int(exactly: length), let payload = cursor.take(length) else {
      throw .commandTruncated(offset: offset)
    }
    return payload
  }

  private static func append(_ number: UInt16, _ payload: [UInt8], to stream: inout [UInt8]) {
    // A longer payload makes the head too long, which is looked at before it is used.
    stream.append(littleEndian: UInt32(truncatingIfNeeded: payload.count))
    stream.append(littleEndian: number)
    stream.append(littleEndian: 0 as UInt32)
    stream += payload
  }
}
