internal import Bytes
public import Crypto

/// A manifest that enough trusted keys signed.
public struct VerifiedManifest: Hashable, Sendable {
  /// What it says.
  public let manifest: Manifest
  /// The bytes that were signed.
  public let manifestBytes: [UInt8]
  /// The trusted keys that signed it, ascending.
  public let signers: [SHA256Digest]

  fileprivate init(manifest: Manifest, manifestBytes: [UInt8], signers: [SHA256Digest]) {
    self.manifest = manifest
    self.manifestBytes = manifestBytes
    self.signers = signers
  }
}

extension UpdateHead {
  /// Checks the signatures, and only then reads the manifest.
  ///
  /// Every signature by one of `keys` must be good, and at least `threshold` different keys must
  /// have signed. Signatures by other keys count for nothing. Keys that were revoked are the
  /// caller's to leave out.
  ///
  /// - Throws: ``UpdateFileError``: among them ``UpdateFileError/notSigned``,
  ///   ``UpdateFileError/noTrustedSignature``, ``UpdateFileError/badSignature(keyID:)``,
  ///   ``UpdateFileError/thresholdNotReached(good:needed:)``.
  public func verified(
    by keys: [VerificationKey], threshold: Int = 1
  ) throws(UpdateFileError) -> VerifiedManifest {
    guard threshold >= 1 else { throw .invalidThreshold(threshold) }
    guard !signatures.isEmpty else { throw .notSigned }
    let message = UpdateSignature.message(for: manifestBytes.rawSpan)
    var signers: [SHA256Digest] = []
    for signature in signatures {
      guard let key = keys.first(where: { $0.keyID == signature.keyID }) else { continue }
      guard key.verifies(signature: signature.data.rawSpan, message: message.rawSpan) else {
        throw .badSignature(keyID: signature.keyID)
      }
      // No two signatures have the same key ID, so this counts keys.
      signers.append(signature.keyID)
    }
    guard !signers.isEmpty else { throw .noTrustedSignature }
    guard signers.count >= threshold else {
      throw .thresholdNotReached(good: signers.count, needed: threshold)
    }
    return VerifiedManifest(
      manifest: try unverifiedManifest(), manifestBytes: manifestBytes, signers: signers)
  }

  /// Reads the manifest whoever signed it: to look at, not to act upon.
  ///
  /// - Throws: ``UpdateFileError``.
  public func unverifiedManifest() throws(UpdateFileError) -> Manifest {
    let manifest = try Manifest(parsing: manifestBytes.rawSpan)
    guard manifest.baseVersion == baseVersion else {
      throw .baseVersionMismatch(stream: baseVersion, manifest: manifest.baseVersion)
    }
    return manifest
  }
}
