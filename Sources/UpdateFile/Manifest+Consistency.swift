internal import Crypto
internal import XZ

extension Manifest {
  /// Whether every value is in its range, and all agree.
  ///
  /// - Throws: ``UpdateFileError``.
  func checkConsistency() throws(UpdateFileError) {
    try Self.check(features: requiredFeatures)
    guard (1...2).contains(baseVersion) else {
      throw .invalidValue(.baseVersion, value: UInt64(baseVersion))
    }
    if let product { try Self.check(product, .product) }
    try Self.check(builder, .builder)
    try Self.checkRange(.targetDataSize, target.dataSize)
    try Self.checkRange(.targetEntryCount, target.entryCount)
    try Self.checkRange(.plainLength, plain.length, from: 1)
    try Self.checkRange(.applyMemory, needs.memory)
    try Self.checkRange(.diskData, needs.diskData)
    try Self.checkRange(.diskMetadata, needs.diskMetadata)
    try recompression?.checkConsistency()
    // The feature and what it takes go together.
    guard requiredFeatures.contains(Self.recompressionFeature) == (recompression != nil) else {
      throw recompression == nil
        ? .missingAttribute(.recompressMemory)
        : .invalidValue(.requiredFeatures, value: UInt64(Self.recompressionFeature))
    }
    try keyChanges.check()
    try payload.checkConsistency()
    let plainLength = payload.cuts.sum(of: \.plainLength)
    guard plainLength == plain.length else {
      throw .inconsistent(.plainLength, stated: plain.length, found: plainLength)
    }
  }

  /// Whether features come ascending, each once, and are known.
  static func check(features: [UInt16]) throws(UpdateFileError) {
    var last: UInt16?
    for feature in features {
      if let last, feature <= last {
        throw .invalidValue(.requiredFeatures, value: UInt64(feature))
      }
      last = feature
    }
    for feature in features where !supportedFeatures.contains(feature) {
      throw .unsupportedFeature(feature)
    }
  }

  /// Sizes are bounded so that sums of a few of them, and `Int`, hold them.
  static func checkRange(
    _ attribute: UpdateAttribute, _ value: UInt64, from minimum: UInt64 = 0
  ) throws(UpdateFileError) {
    guard (minimum...(1 << 62)).contains(value) else {
      throw .invalidValue(attribute, value: value)
    }
  }

  /// Whether a text can stand in a manifest: 1 to 255 bytes, and nothing that steers a terminal.
  ///
  /// - Throws: ``UpdateFileError/invalidText(_:)``.
  public static func check(
    _ text: String, _ attribute: UpdateAttribute
  ) throws(UpdateFileError) {
    guard (1...maximumTextLength).contains(text.utf8.count),
      !text.unicodeScalars.contains(where: isControl)
    else { throw .invalidText(attribute) }
  }

  /// Characters that steer a terminal or reorder text: spelled out, since tables of Unicode change.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1f, 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}

extension Manifest.Payload {
  func checkConsistency() throws(UpdateFileError) {
    guard (1...Self.maximumCutCount).contains(cuts.count) else {
      throw .attributeLength(.cuts, length: cuts.count * Manifest.Cut.encodedLength)
    }
    for (index, cut) in cuts.enumerated() {
      try cut.checkConsistency(isLast: index == cuts.count &- 1)
    }
    try checkSum(.payloadLength, length, of: \.compressedLength)
    try checkSum(.deltaLength, deltaLength, of: \.deltaLength)
    guard (Self.minimumPieceSize...Self.maximumPieceSize).contains(pieceSize),
      pieceSize.nonzeroBitCount == 1
    else { throw .invalidValue(.pieceSize, value: UInt64(pieceSize)) }
    guard XZEncoder.Options.dictionarySizes.contains(dictionarySize) else {
      throw .invalidValue(.dictionarySize, value: UInt64(dictionarySize))
    }
    let count = Self.pieceCount(length: length, size: pieceSize)
    guard count == UInt64(pieces.count) else {
      throw .inconsistent(.pieces, stated: UInt64(pieces.count), found: count)
    }
  }

  private func checkSum(
    _ attribute: UpdateAttribute, _ stated: UInt64, of part: (Manifest.Cut) -> UInt64
  ) throws(UpdateFileError) {
    try Manifest.checkRange(attribute, stated)
    let found = cuts.sum(of: part)
    guard found == stated else { throw .inconsistent(attribute, stated: stated, found: found) }
  }
}

extension Manifest.Cut {
  func checkConsistency(isLast: Bool) throws(UpdateFileError) {
    if isLast || endsStream {
      try Manifest.checkRange(.cuts, compressedLength, from: Self.minimumCompressedLength)
    }
    // An xz Stream is a multiple of four bytes long.
    guard compressedLength % 4 == 0 else { throw .invalidValue(.cuts, value: compressedLength) }
    try Manifest.checkRange(.cuts, deltaLength, from: 1)
    try Manifest.checkRange(.cuts, plainLength)
  }
}

extension [Manifest.Cut] {
  /// A sum that stays at the largest number rather than to overflow.
  fileprivate func sum(of part: (Manifest.Cut) -> UInt64) -> UInt64 {
    reduce(0) { sum, cut in
      let (next, overflow) = sum.addingReportingOverflow(part(cut))
      return overflow ? .max : next
    }
  }
}
