public import Crypto
internal import UpdateFile

/// What a device has learned about keys from the updates that it installed.
///
/// What an update says of keys is *pending* while its version has not proven to be good, and counts
/// for nothing. When the version is marked good, its keys are trusted and its revocations are in
/// force, both in the same moment. Revoking is for good, and wins over everything: over the keys
/// that the device's owner trusts, and over updates that bring the key again.
///
/// It is kept outside the systems, so that no rollback undoes it.
public struct DeviceKeys: Hashable, Sendable {
  /// The most keys, and the most revocations, that a device remembers.
  public static let maximumCount = 1024

  /// A key that an update brought.
  public struct Brought: Hashable, Sendable {
    /// The key.
    public var key: VerificationKey
    /// The version that the update made.
    public var version: SystemVersion
  }

  /// A revocation that an update brought.
  public struct Revoked: Hashable, Sendable {
    /// The key that is revoked.
    public var keyID: SHA256Digest
    /// The version that the update made.
    public var version: SystemVersion
  }

  /// Keys that are trusted besides the owner's.
  public internal(set) var learned: [Brought] = []
  /// Keys that are never trusted again.
  public internal(set) var revoked: [Revoked] = []
  /// Keys that will be trusted once their version is marked good.
  public internal(set) var pendingKeys: [Brought] = []
  /// Keys that will be revoked once their version is marked good.
  public internal(set) var pendingRevocations: [Revoked] = []

  init() {}

  /// The keys that are trusted now, each once: the given and the learned ones that are not revoked.
  ///
  /// - Parameter given: the keys that the device's owner trusts.
  public func trusted(with given: [VerificationKey]) -> [VerificationKey] {
    var known = Set(revoked.map(\.keyID))
    return (given + learned.map(\.key)).filter { known.insert($0.keyID).inserted }
  }
}

extension DeviceKeys {
  /// The same with what an update says, as pending; what its version said before is forgotten.
  ///
  /// What is so already is left out.
  func expecting(_ changes: KeyChanges, from version: SystemVersion) -> DeviceKeys {
    var keys = forgetting { $0 == version }
    let revokedIDs = Set(revoked.map(\.keyID))
    let learnedIDs = Set(learned.map(\.key.keyID))
    for key in changes.added where !revokedIDs.union(learnedIDs).contains(key.keyID) {
      keys.pendingKeys.append(Brought(key: key, version: version))
    }
    for keyID in changes.revoked where !revokedIDs.contains(keyID) {
      keys.pendingRevocations.append(Revoked(keyID: keyID, version: version))
    }
    return keys
  }

  /// The same once a version is good: what it brought counts. Done twice, the second time does
  /// nothing.
  func adopting(_ version: SystemVersion) -> DeviceKeys {
    var keys = forgetting { $0 == version }
    for revocation in pendingRevocations where revocation.version == version {
      guard !keys.revoked.contains(where: { $0.keyID == revocation.keyID }) else { continue }
      keys.revoked.append(revocation)
    }
    for brought in pendingKeys where brought.version == version {
      guard !keys.learned.contains(where: { $0.key == brought.key }) else { continue }
      keys.learned.append(brought)
    }
    let gone = Set(keys.revoked.map(\.keyID))
    keys.learned.removeAll { gone.contains($0.key.keyID) }
    keys.pendingKeys.removeAll { gone.contains($0.key.keyID) }
    keys.pendingRevocations.removeAll { gone.contains($0.keyID) }
    return keys
  }

  /// The same without what is pending for some versions.
  func forgetting(_ isGone: (SystemVersion) -> Bool) -> DeviceKeys {
    var keys = self
    keys.pendingKeys.removeAll { isGone($0.version) }
    keys.pendingRevocations.removeAll { isGone($0.version) }
    return keys
  }

  /// How many keys are sure to be trusted once an update's version is good, whichever of the
  /// versions that are pending now become good as well, and in which order.
  ///
  /// All revocations count that may come into force by then, and no key that may not be learned. As
  /// this was asked of each pending version, no set of them can leave fewer keys than were needed.
  func countLeft(
    with given: [VerificationKey], after changes: KeyChanges, from version: SystemVersion
  ) -> Int {
    let others = pendingRevocations.filter { $0.version != version }
    let gone = Set((revoked + others).map(\.keyID) + changes.revoked)
    let kept = Set((given + learned.map(\.key) + changes.added).map(\.keyID))
    return kept.subtracting(gone).count
  }
}
