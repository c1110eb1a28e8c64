internal import Bytes
internal import Crypto

/// The head of an update file: a manifest, not yet parsed, and its signatures.
///
/// It is the first xz Stream of the file. What it says is worth nothing before
/// ``verified(by:threshold:)``.
public struct UpdateHead: Hashable, Sendable {
  /// The longest head in a file, in bytes.
  public static let maximumLength = 1 << 20
  /// The most signatures.
  public static let maximumSignatureCount = 16

  /// The base version in the stream header: 1 or 2. It is not signed; the manifest's is.
  public let baseVersion: UInt32
  /// The payload of the manifest command: what is signed.
  public let manifestBytes: [UInt8]
  /// The signatures, ascending by key ID.
  public let signatures: [UpdateSignature]

  /// A head; the signatures may come in any order.
  ///
  /// - Parameters:
  ///   - manifestBytes: What ``Manifest/encoded()`` gave.
  ///   - baseVersion: The manifest's base version.
  ///   - signatures: Signatures of ``UpdateSignature/message(for:)``.
  /// - Throws: ``UpdateFileError/invalidValue(_:value:)`` for a base version other than 1 and 2,
  ///   ``UpdateFileError/tooManySignatures``, ``UpdateFileError/duplicateSignature(keyID:)``.
  public init(
    manifestBytes: [UInt8], baseVersion: UInt32, signatures: [UpdateSignature]
  ) throws(UpdateFileError) {
    guard (1...2).contains(baseVersion) else {
      throw .invalidValue(.baseVersion, value: UInt64(baseVersion))
    }
    self.baseVersion = baseVersion
    self.manifestBytes = manifestBytes
    self.signatures = signatures.sorted { $0.keyID < $1.keyID }
    try Self.checkOrder(of: self.signatures)
  }

  /// The same head with one more signature.
  ///
  /// - Throws: ``UpdateFileError/tooManySignatures``,
  ///   ``UpdateFileError/duplicateSignature(keyID:)``.
  public func adding(_ signature: UpdateSignature) throws(UpdateFileError) -> UpdateHead {
    try UpdateHead(
      manifestBytes: manifestBytes, baseVersion: baseVersion, signatures: signatures + [signature])
  }

  static func checkOrder(of signatures: [UpdateSignature]) throws(UpdateFileError) {
    guard signatures.count <= maximumSignatureCount else { throw .tooManySignatures }
    for (last, next) in zip(signatures, signatures.dropFirst()) {
      guard last.keyID != next.keyID else { throw .duplicateSignature(keyID: next.keyID) }
      guard last.keyID < next.keyID else { throw .signatureOrder(keyID: next.keyID) }
    }
  }
}
