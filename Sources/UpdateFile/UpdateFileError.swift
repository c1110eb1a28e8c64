public import Crypto
public import XZ

/// Why bytes are no update file, why an update file is not trusted, or why one cannot be made.
///
/// Offsets count bytes: of the file in the cases of the head's outer form, else of the head's
/// decompressed stream (commands) or of the command's payload (attributes).
public enum UpdateFileError: Error, Equatable, Sendable {
  // MARK: The head's outer form

  /// The file does not start like an `.xz` file.
  case notAnUpdateFile
  /// The head is not in the one form that a head has; where it departs from it.
  case headForm(offset: Int)
  /// The head is, or would be, longer than ``UpdateHead/maximumLength``.
  case headTooLong
  /// The file ended inside the head: the bytes that came.
  case headTruncated(length: Int)
  /// A reader was given more bytes than it wanted.
  case excessInput(given: Int, wanted: Int)

  // MARK: The head's commands

  /// The stream inside is none, or of another revision: its version field.
  case streamVersion(UInt32)
  /// The stream inside does not start with the magic of a send stream.
  case notASendStream
  /// A command that does not belong there.
  case unexpectedCommand(number: UInt16, offset: Int)
  /// The stream ends inside a command, or before the manifest.
  case commandTruncated(offset: Int)
  /// A command's checksum field is not zero.
  case commandChecksum(UInt32, offset: Int)
  /// There are more signatures than ``UpdateHead/maximumSignatureCount``.
  case tooManySignatures
  /// Two signatures are by the same key.
  case duplicateSignature(keyID: SHA256Digest)
  /// Signatures do not come in the order of their key IDs.
  case signatureOrder(keyID: SHA256Digest)

  // MARK: Attributes

  /// An attribute that this revision does not have.
  case unknownAttribute(number: UInt16, offset: Int)
  /// An attribute for the second time.
  case duplicateAttribute(UpdateAttribute, offset: Int)
  /// An attribute that does not belong there.
  case misplacedAttribute(UpdateAttribute, offset: Int)
  /// An attribute is missing.
  case missingAttribute(UpdateAttribute)
  /// The command ends inside an attribute.
  case attributeTruncated(offset: Int)
  /// An attribute's length is not one that it may have, in bytes.
  case attributeLength(UpdateAttribute, length: Int)
  /// Written again, the manifest comes out otherwise.
  case notCanonical

  // MARK: Values

  /// The manifest is of another revision of the format.
  case unsupportedRevision(UInt32)
  /// The update needs a feature that this program does not have.
  case unsupportedFeature(UInt16)
  /// A text is empty, too long, not UTF-8, not of its form, or holds control characters.
  case invalidText(UpdateAttribute)
  /// A number outside its range.
  case invalidValue(UpdateAttribute, value: UInt64)
  /// Numbers that should add up to the one in an attribute do not.
  case inconsistent(UpdateAttribute, stated: UInt64, found: UInt64)
  /// The stream header names another base version than the manifest.
  case baseVersionMismatch(stream: UInt32, manifest: UInt32)
  /// A signature is not as long as an Ed25519 signature: its length in bytes.
  case signatureLength(Int)

  /// What should be a key that the update brings is none: which one, from 0.
  case invalidKey(index: Int)
  /// A key is named twice among those that the update brings and revokes.
  case repeatedKey(keyID: SHA256Digest)

  // MARK: Trust

  /// A threshold below one.
  case invalidThreshold(Int)
  /// The update is not signed.
  case notSigned
  /// None of the signatures is by a trusted key.
  case noTrustedSignature
  /// A signature by a trusted key is wrong.
  case badSignature(keyID: SHA256Digest)
  /// There are good signatures, by too few keys.
  case thresholdNotReached(good: Int, needed: Int)

  // MARK: Payload

  /// Reading the payload needs more memory than is allowed; both in bytes.
  case memoryLimit(needed: UInt64, limit: UInt64)
  /// A piece has another length than was wanted.
  case pieceLength(index: Int, length: Int, wanted: Int)
  /// A piece is not what was signed.
  case pieceDigest(index: Int)
  /// A section's xz Stream does not end where the manifest says, or does not hold as much.
  case sectionMismatch(index: Int)
  /// The payload is not whole: how many of its sections were.
  case payloadTruncated(sections: Int)
  /// A section would be empty.
  case emptySection(index: Int)
  /// Compressing or decompressing failed.
  case xz(XZError)
}
