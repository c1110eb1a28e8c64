internal import Bytes
internal import Crypto

extension Manifest {
  /// The payload of the manifest command: what is signed.
  ///
  /// - Throws: ``UpdateFileError`` if a value is out of its range or disagrees with another.
  public func encoded() throws(UpdateFileError) -> [UInt8] {
    try checkConsistency()
    var writer = AttributeWriter()
    appendIdentity(to: &writer)
    if let parent { parent.append(to: &writer) }
    target.append(to: &writer)
    writer.append(.plainLength, plain.length)
    writer.append(.plainSHA256, plain.sha256.bytes)
    writer.append(.deltaLength, payload.deltaLength)
    writer.append(.applyMemory, needs.memory)
    writer.append(.diskData, needs.diskData)
    writer.append(.diskMetadata, needs.diskMetadata)
    recompression?.append(to: &writer)
    keyChanges.append(to: &writer)
    payload.append(to: &writer)
    return writer.bytes
  }

  private func appendIdentity(to writer: inout AttributeWriter) {
    writer.append(.formatRevision, Self.formatRevision)
    var features: [UInt8] = []
    for feature in requiredFeatures { features.append(littleEndian: feature) }
    writer.append(.requiredFeatures, features)
    writer.append(.minimumToolVersion, minimumToolVersion.description)
    writer.append(.baseVersion, baseVersion)
    if let product { writer.append(.product, product) }
    if let parent { writer.append(.fromVersion, parent.version) }
    writer.append(.toVersion, toVersion)
    writer.append(.buildDate, buildDate)
    writer.append(.builder, builder)
  }
}

extension Manifest.Parent {
  /// All but the version, which comes earlier.
  fileprivate func append(to writer: inout AttributeWriter) {
    writer.append(.parentUUID, uuid.bytes)
    writer.append(.parentOwnUUID, ownUUID.bytes)
    writer.append(.parentCtransid, ctransid)
    writer.append(.parentContentDigest, contentDigest.bytes)
    writer.append(.parentFullDigest, fullDigest.bytes)
  }
}

extension Manifest.Target {
  fileprivate func append(to writer: inout AttributeWriter) {
    writer.append(.targetUUID, uuid.bytes)
    writer.append(.targetCtransid, ctransid)
    writer.append(.targetContentDigest, contentDigest.bytes)
    writer.append(.targetFullDigest, fullDigest.bytes)
    writer.append(.targetDataSize, dataSize)
    writer.append(.targetEntryCount, entryCount)
  }
}

extension Manifest.Payload {
  /// All but the delta stream's length, which comes earlier.
  fileprivate func append(to writer: inout AttributeWriter) {
    writer.append(.payloadLength, length)
    writer.append(.pieceSize, pieceSize)
    writer.append(.dictionarySize, dictionarySize)
    var list: [UInt8] = []
    for cut in cuts {
      list.append(littleEndian: cut.compressedLength)
      list.append(littleEndian: cut.deltaLength)
      list.append(littleEndian: cut.plainLength)
      list.append(copying: cut.plainSHA256.rawSpan)
    }
    writer.append(.cuts, list)
    var digests: [UInt8] = []
    digests.reserveCapacity(pieces.count * 32)
    for piece in pieces { digests.append(copying: piece.rawSpan) }
    writer.append(.pieces, digests)
  }
}
