/// An attribute of the head of an update file.
///
/// An attribute is its number and its length, 16 bits each, and its bytes. Numbers from 0xC000 on
/// have no length: such an attribute is the last one and runs to the end of its command.
public enum UpdateAttribute: UInt16, CaseIterable, Sendable {
  case formatRevision = 0x8001
  case requiredFeatures = 0x8002
  case minimumToolVersion = 0x8003
  case baseVersion = 0x8004
  case product = 0x8005
  case fromVersion = 0x8006
  case toVersion = 0x8007
  case buildDate = 0x8008
  case builder = 0x8009

  case parentUUID = 0x8010
  case parentOwnUUID = 0x8011
  case parentCtransid = 0x8012
  case parentContentDigest = 0x8013
  case parentFullDigest = 0x8014

  case targetUUID = 0x8020
  case targetCtransid = 0x8021
  case targetContentDigest = 0x8022
  case targetFullDigest = 0x8023
  case targetDataSize = 0x8024
  case targetEntryCount = 0x8025

  case plainLength = 0x8030
  case plainSHA256 = 0x8031
  case deltaLength = 0x8032

  case applyMemory = 0x8040
  case diskData = 0x8041
  case diskMetadata = 0x8042
  case recompressMemory = 0x8043
  case recompressRoom = 0x8044
  case recompressSeconds = 0x8045
  case recipes = 0x8046

  case addedKeys = 0x8048
  case revokedKeys = 0x8049

  case payloadLength = 0x8050
  case pieceSize = 0x8051
  case dictionarySize = 0x8052
  case cuts = 0x8053

  case keyID = 0x8060

  case pieces = 0xC001
  case signatureData = 0xC002

  /// Whether an attribute of this number runs to the end of its command, without a length.
  static func isUnbounded(_ number: UInt16) -> Bool { number >= 0xC000 }
}

extension UpdateAttribute: CustomStringConvertible {
  /// The name that the format's description gives it, e.g. `TARGET_UUID`.
  public var description: String {
    switch self {
    case .formatRevision: "FORMAT_REVISION"
    case .requiredFeatures: "REQUIRED_FEATURES"
    case .minimumToolVersion: "MINIMUM_TOOL_VERSION"
    case .baseVersion: "BASE_VERSION"
    case .product: "PRODUCT"
    case .fromVersion: "FROM_VERSION"
    case .toVersion: "TO_VERSION"
    case .buildDate: "BUILD_DATE"
    case .builder: "BUILDER"
    case .parentUUID: "PARENT_UUID"
    case .parentOwnUUID: "PARENT_OWN_UUID"
    case .parentCtransid: "PARENT_CTRANSID"
    case .parentContentDigest: "PARENT_CONTENT_DIGEST"
    case .parentFullDigest: "PARENT_FULL_DIGEST"
    case .targetUUID: "TARGET_UUID"
    case .targetCtransid: "TARGET_CTRANSID"
    case .targetContentDigest: "TARGET_CONTENT_DIGEST"
    case .targetFullDigest: "TARGET_FULL_DIGEST"
    case .targetDataSize: "TARGET_DATA_SIZE"
    case .targetEntryCount: "TARGET_ENTRY_COUNT"
    case .plainLength: "PLAIN_LENGTH"
    case .plainSHA256: "PLAIN_SHA256"
    case .deltaLength: "DELTA_LENGTH"
    case .applyMemory: "APPLY_MEMORY"
    case .diskData: "DISK_DATA"
    case .diskMetadata: "DISK_METADATA"
    case .recompressMemory: "RECOMPRESS_MEMORY"
    case .recompressRoom: "RECOMPRESS_ROOM"
    case .recompressSeconds: "RECOMPRESS_SECONDS"
    case .recipes: "RECIPES"
    case .addedKeys: "ADDED_KEYS"
    case .revokedKeys: "REVOKED_KEYS"
    case .payloadLength: "PAYLOAD_LENGTH"
    case .pieceSize: "PIECE_SIZE"
    case .dictionarySize: "DICTIONARY_SIZE"
    case .cuts: "CUTS"
    case .keyID: "KEY_ID"
    case .pieces: "PIECES"
    case .signatureData: "SIGNATURE_DATA"
    }
  }
}
