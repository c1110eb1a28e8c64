internal import Bytes
public import Crypto

/// A signature of an update, and which key made it.
public struct UpdateSignature: Hashable, Sendable {
  /// What keeps a signature of a manifest from being one of anything else.
  private static let domain = "btrfs-delta update manifest\0"

  /// Which key: the digest of its `SubjectPublicKeyInfo`.
  public let keyID: SHA256Digest
  /// The signature: ``/Crypto/VerificationKey/signatureLength`` bytes.
  public let data: [UInt8]

  /// A signature.
  ///
  /// - Throws: ``UpdateFileError/signatureLength(_:)``.
  public init(keyID: SHA256Digest, data: [UInt8]) throws(UpdateFileError) {
    guard data.count == VerificationKey.signatureLength else {
      throw .signatureLength(data.count)
    }
    self.keyID = keyID
    self.data = data
  }

  /// The message that is signed with Ed25519 for a manifest: short, so that another machine can.
  ///
  /// - Parameter manifestBytes: The payload of the manifest command, ``Manifest/encoded()``.
  public static func message(for manifestBytes: RawSpan) -> [UInt8] {
    var message = Array(domain.utf8)
    message.append(littleEndian: Manifest.formatRevision)
    message += SHA512.hash(manifestBytes).bytes
    return message
  }
}

extension UpdateSignature {
  /// The payload of the signature command.
  func encoded() -> [UInt8] {
    var writer = AttributeWriter()
    writer.append(.keyID, keyID.bytes)
    writer.append(.signatureData, data)
    return writer.bytes
  }

  /// Reads the payload of a signature command.
  init(parsing bytes: RawSpan) throws(UpdateFileError) {
    var reader = AttributeReader(bytes)
    let keyID = try reader.digest(.keyID)
    let data = [UInt8](copying: try reader.bytes(.signatureData))
    try self.init(keyID: keyID, data: data)
  }
}
