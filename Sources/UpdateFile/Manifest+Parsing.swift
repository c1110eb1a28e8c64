internal import Bytes
internal import Crypto

extension Manifest {
  /// Reads the payload of a manifest command.
  ///
  /// What says that the update is too new for this program is looked at first, so that it gets that
  /// answer and not one about whatever is new.
  ///
  /// - Throws: ``UpdateFileError`` unless these are the very bytes that ``encoded()`` gives.
  public init(parsing bytes: RawSpan) throws(UpdateFileError) {
    var reader = AttributeReader(bytes)
    let revision = try reader.number(.formatRevision, UInt32.self)
    guard revision == Self.formatRevision else { throw .unsupportedRevision(revision) }
    requiredFeatures = try reader.list(.requiredFeatures, of: 2) { $0.read(UInt16.self) }
    try Self.check(features: requiredFeatures)
    let toolVersion = try reader.text(.minimumToolVersion)
    guard let toolVersion = ToolVersion(toolVersion) else {
      throw .invalidText(.minimumToolVersion)
    }
    minimumToolVersion = toolVersion
    baseVersion = try reader.number(.baseVersion)
    product = reader.isNext(.product) ? try reader.text(.product) : nil
    let fromVersion =
      reader.isNext(.fromVersion) ? try reader.number(.fromVersion, UInt64.self) : nil
    toVersion = try reader.number(.toVersion)
    buildDate = try reader.number(.buildDate)
    builder = try reader.text(.builder)
    if let fromVersion {
      parent = try Parent(version: fromVersion, parsing: &reader)
    } else {
      parent = nil
    }
    target = try Target(parsing: &reader)
    plain = PlainStream(
      length: try reader.number(.plainLength), sha256: try reader.digest(.plainSHA256))
    let deltaLength = try reader.number(.deltaLength, UInt64.self)
    needs = Needs(
      memory: try reader.number(.applyMemory), diskData: try reader.number(.diskData),
      diskMetadata: try reader.number(.diskMetadata))
    recompression =
      reader.isNext(.recompressMemory) ? try Recompression(parsing: &reader) : nil
    keyChanges = try KeyChanges(parsing: &reader)
    payload = try Payload(deltaLength: deltaLength, parsing: &reader)
    let again = try encoded()
    guard again.rawSpan.hasSameBytes(as: bytes) else { throw .notCanonical }
  }
}

extension Manifest.Parent {
  fileprivate init(
    version: UInt64, parsing reader: inout AttributeReader
  ) throws(UpdateFileError) {
    self.version = version
    uuid = try reader.uuid(.parentUUID)
    ownUUID = try reader.uuid(.parentOwnUUID)
    ctransid = try reader.number(.parentCtransid)
    contentDigest = try reader.digest(.parentContentDigest)
    fullDigest = try reader.digest(.parentFullDigest)
  }
}

extension Manifest.Target {
  fileprivate init(parsing reader: inout AttributeReader) throws(UpdateFileError) {
    uuid = try reader.uuid(.targetUUID)
    ctransid = try reader.number(.targetCtransid)
    contentDigest = try reader.digest(.targetContentDigest)
    fullDigest = try reader.digest(.targetFullDigest)
    dataSize = try reader.number(.targetDataSize)
    entryCount = try reader.number(.targetEntryCount)
  }
}

extension Manifest.Payload {
  fileprivate init(
    deltaLength: UInt64, parsing reader: inout AttributeReader
  ) throws(UpdateFileError) {
    self.deltaLength = deltaLength
    length = try reader.number(.payloadLength)
    pieceSize = try reader.number(.pieceSize)
    dictionarySize = try reader.number(.dictionarySize)
    cuts = try reader.list(.cuts, of: Manifest.Cut.encodedLength) { Manifest.Cut(parsing: &$0) }
    pieces = try reader.list(.pieces, of: 32) { cursor in
      guard let digest = cursor.take(32) else { return nil }
      return SHA256Digest(copying: digest)
    }
  }
}

extension Manifest.Cut {
  fileprivate init?(parsing cursor: inout ByteCursor) {
    guard let compressedLength = cursor.read(UInt64.self),
      let deltaLength = cursor.read(UInt64.self), let plainLength = cursor.read(UInt64.self),
      let digest = cursor.take(32), let plainSHA256 = SHA256Digest(copying: digest)
    else { return nil }
    self.init(
      compressedLength: compressedLength, deltaLength: deltaLength, plainLength: plainLength,
      plainSHA256: plainSHA256)
  }
}
