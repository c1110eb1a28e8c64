internal import Btrfs
internal import Bytes

/// Which version the writable snapshots were made of, by their UUIDs.
///
/// The kernel knows the UUID of a snapshot's source, but that means nothing any more once the
/// source is deleted.
struct SnapshotOrigins: Equatable {
  var versions: [SubvolumeUUID: SystemVersion] = [:]

  var record: Record {
    var record = Record(DeviceNames.origins)
    for (uuid, version) in versions.sorted(by: { $0.key.description < $1.key.description }) {
      record.append(uuid.description, version)
    }
    return record
  }

  init() {}

  init(_ record: Record) throws(RecordFlaw) {
    for (key, value) in record.fields {
      guard let uuid = SubvolumeUUID(text: key), let version = SystemVersion(value),
        versions.updateValue(version, forKey: uuid) == nil
      else { throw .badField(key) }
    }
  }
}

extension SnapshotOrigins {
  /// The same with one more, and without those of snapshots that are gone.
  func adding(
    _ version: SystemVersion, of snapshot: SubvolumeUUID, keeping others: [SubvolumeUUID]
  ) -> SnapshotOrigins {
    var origins = self
    origins.versions = versions.filter { others.contains($0.key) }
    origins.versions[snapshot] = version
    return origins
  }
}

extension StateDirectory {
  func origins() throws(InstallError) -> SnapshotOrigins {
    try read(DeviceNames.origins, as: SnapshotOrigins.init) ?? SnapshotOrigins()
  }

  /// The same for those that go back: a damaged record says nothing, but does not stop them.
  func knownOrigins() throws(InstallError) -> SnapshotOrigins {
    try Self.unlessDamaged { () throws(InstallError) in try origins() } ?? SnapshotOrigins()
  }

  func write(_ origins: SnapshotOrigins) throws(InstallError) { try replace(origins.record) }
}
