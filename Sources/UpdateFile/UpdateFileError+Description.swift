internal import Crypto
internal import XZ

extension UpdateFileError: CustomStringConvertible {
  /// One line for a terminal: nothing in it but plain characters.
  public var description: String {
    headDescription ?? attributeDescription ?? trustDescription ?? payloadDescription
      ?? "not an update file"
  }

  private var headDescription: String? {
    switch self {
    case .notAnUpdateFile: "not an update file"
    case .headForm(let offset): "the head of the update file is damaged at byte \(offset)"
    case .headTooLong: "the head of the update file exceeds \(UpdateHead.maximumLength) bytes"
    case .headTruncated(let length): "the file ends after \(length) bytes, inside its head"
    case .excessInput(let given, let wanted): "\(given) bytes given where \(wanted) were wanted"
    case .streamVersion(let version):
      "not a delta stream of a known revision (version 0x\(String(version, radix: 16)))"
    case .notASendStream: "the update file holds no send stream"
    case .unexpectedCommand(let number, let offset):
      "command 0x\(String(number, radix: 16)) does not belong at byte \(offset) of the head"
    case .commandTruncated(let offset): "the head ends inside the command at byte \(offset)"
    case .commandChecksum(let value, let offset):
      "checksum 0x\(String(value, radix: 16)) instead of zero in the command at byte \(offset)"
    case .tooManySignatures: "more than \(UpdateHead.maximumSignatureCount) signatures"
    case .duplicateSignature(let keyID): "two signatures by key \(keyID)"
    case .signatureOrder(let keyID): "the signature by key \(keyID) is out of order"
    default: nil
    }
  }

  private var attributeDescription: String? {
    switch self {
    case .unknownAttribute(let number, let offset):
      "unknown attribute 0x\(String(number, radix: 16)) at byte \(offset)"
    case .duplicateAttribute(let attribute, let offset): "\(attribute) again at byte \(offset)"
    case .misplacedAttribute(let attribute, let offset):
      "\(attribute) does not belong at byte \(offset)"
    case .missingAttribute(let attribute): "\(attribute) is missing"
    case .attributeTruncated(let offset): "the attribute at byte \(offset) is cut off"
    case .attributeLength(let attribute, let length):
      "\(attribute) cannot have a length of \(length) bytes"
    case .notCanonical: "the manifest is not in its one form"
    case .unsupportedRevision(let revision): "format revision \(revision) is not supported"
    case .unsupportedFeature(let feature): "the update needs unknown feature \(feature)"
    case .invalidText(let attribute): "the text of \(attribute) is not valid"
    case .invalidValue(let attribute, let value): "\(attribute) cannot be \(value)"
    case .inconsistent(let attribute, let stated, let found):
      "\(attribute) should be \(found) and is \(stated)"
    case .baseVersionMismatch(let stream, let manifest):
      "the stream is of base version \(stream), and the manifest says \(manifest)"
    default: nil
    }
  }

  private var trustDescription: String? {
    switch self {
    case .invalidKey(let index): "key \(index) of those that the update brings is no Ed25519 key"
    case .repeatedKey(let keyID): "key \(keyID) is brought or revoked twice, or both"
    case .signatureLength(let length): "a signature cannot have \(length) bytes"
    case .invalidThreshold(let threshold): "\(threshold) signatures cannot be asked for"
    case .notSigned: "the update is not signed"
    case .noTrustedSignature: "the update is not signed by a trusted key"
    case .badSignature(let keyID): "the signature by key \(keyID) is wrong"
    case .thresholdNotReached(let good, let needed):
      "signed by \(good) of the \(needed) trusted keys needed"
    default: nil
    }
  }

  private var payloadDescription: String? {
    switch self {
    case .memoryLimit(let needed, let limit):
      "reading the update needs \(needed) bytes of memory, and \(limit) are allowed"
    case .pieceLength(let index, let length, let wanted):
      "piece \(index) has \(length) bytes instead of \(wanted)"
    case .pieceDigest(let index): "piece \(index) of the update is damaged"
    case .sectionMismatch(let index): "section \(index) does not end where the manifest says"
    case .payloadTruncated(let sections): "the update ends after \(sections) whole sections"
    case .emptySection(let index): "section \(index) would be empty"
    case .xz(let error): error.description
    default: nil
    }
  }
}
