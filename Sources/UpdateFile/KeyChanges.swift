internal import Bytes
public import Crypto

/// Which keys an update brings to the devices that install it, and which it revokes.
///
/// Neither counts before the version that the update makes has proven to be good. To revoke is for
/// good: a key that was revoked is never trusted again, whatever brings it.
public struct KeyChanges: Hashable, Sendable {
  /// The most keys that one update brings, and the most that it revokes.
  public static let maximumCount = 16

  /// The keys that it brings, ascending by their IDs.
  public let added: [VerificationKey]
  /// The IDs of the keys that it revokes, ascending; nobody needs to have these keys.
  public let revoked: [SHA256Digest]

  /// Changes, in any order; whether they can be in a manifest shows when that is encoded.
  public init(added: [VerificationKey] = [], revoked: [SHA256Digest] = []) {
    self.added = added.sorted { $0.keyID < $1.keyID }
    self.revoked = revoked.sorted()
  }

  /// Whether nothing changes.
  public var isEmpty: Bool { added.isEmpty && revoked.isEmpty }
}

extension KeyChanges {
  /// Whether there are not too many, and none is there twice.
  ///
  /// - Throws: ``UpdateFileError/attributeLength(_:length:)``,
  ///   ``UpdateFileError/repeatedKey(keyID:)``.
  public func check() throws(UpdateFileError) {
    guard added.count <= Self.maximumCount else {
      throw .attributeLength(
        .addedKeys, length: added.count * VerificationKey.subjectPublicKeyInfoLength)
    }
    guard revoked.count <= Self.maximumCount else {
      throw .attributeLength(.revokedKeys, length: revoked.count * 32)
    }
    var known: Set<SHA256Digest> = []
    for keyID in added.map(\.keyID) + revoked where !known.insert(keyID).inserted {
      throw .repeatedKey(keyID: keyID)
    }
  }

  /// Without keys the attribute is not there at all.
  func append(to writer: inout AttributeWriter) {
    if !added.isEmpty {
      writer.append(.addedKeys, added.flatMap(\.subjectPublicKeyInfo))
    }
    if !revoked.isEmpty { writer.append(.revokedKeys, revoked.flatMap { $0.bytes }) }
  }

  init(parsing reader: inout AttributeReader) throws(UpdateFileError) {
    let added = reader.isNext(.addedKeys) ? try Self.addedKeys(from: &reader) : []
    let revoked = reader.isNext(.revokedKeys) ? try Self.revokedKeys(from: &reader) : []
    self.init(added: added, revoked: revoked)
  }

  private static func addedKeys(
    from reader: inout AttributeReader
  ) throws(UpdateFileError) -> [VerificationKey] {
    let length = VerificationKey.subjectPublicKeyInfoLength
    let infos = try reader.list(.addedKeys, of: length) { cursor -> [UInt8]? in
      guard let info = cursor.take(length) else { return nil }
      return [UInt8](copying: info)
    }
    var keys: [VerificationKey] = []
    for info in infos {
      do throws(KeyError) {
        keys.append(try VerificationKey(subjectPublicKeyInfo: info.rawSpan))
      } catch { throw .invalidKey(index: keys.count) }
    }
    return keys
  }

  private static func revokedKeys(
    from reader: inout AttributeReader
  ) throws(UpdateFileError) -> [SHA256Digest] {
    try reader.list(.revokedKeys, of: 32) { cursor in
      guard let digest = cursor.take(32) else { return nil }
      return SHA256Digest(copying: digest)
    }
  }
}
