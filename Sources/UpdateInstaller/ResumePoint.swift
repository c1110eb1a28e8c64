internal import Btrfs
internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import UpdateFile

/// Where an interrupted apply can go on: a snapshot of what was made so far, and the place in the
/// update that goes with it.
struct ResumePoint: Equatable {
  /// SHA-512 of the bytes of the update's manifest: only the same update can go on.
  var manifest: SHA512Digest
  var version: SystemVersion
  /// The subvolume that the update starts from.
  var parent: Parent?
  /// The first section that is not carried out yet, and how many there are.
  var section: Int
  var sectionCount: Int
  /// How many bytes of the files' data are written.
  var dataWritten: UInt64
  /// SHA-256 of what the expansion needs besides; `nil` if it needs nothing.
  var knowledge: SHA256Digest?
  /// The snapshot.
  var checkpoint = SubvolumeUUID.none

  /// A subvolume, and when it last changed.
  struct Parent: Equatable {
    var uuid: SubvolumeUUID
    var changeTransaction: UInt64
  }

  /// The name of the snapshot.
  var name: String { DeviceNames.checkpoint(version, section: section) }

  /// Whether all that it needs is there, as it was, and what it is for is not.
  func isUsable(in directory: borrowing Descriptor) throws(InstallError) -> Bool {
    let subvolumes = try attempt { () throws(SystemError) in try Subvolume.list(in: directory) }
    guard let info = subvolumes.first(where: { $0.text == name }),
      info.uuid == checkpoint, info.isReadOnly,
      !subvolumes.contains(where: { $0.text == DeviceNames.version(version) })
    else { return false }
    guard let parent else { return true }
    return subvolumes.contains {
      $0.uuid == parent.uuid && $0.changeTransaction == parent.changeTransaction
    }
  }
}

extension ResumePoint {
  var record: Record {
    var record = Record(DeviceNames.resume)
    record.append("manifest", manifest)
    record.append("version", version)
    record.append("parent", optional: parent?.uuid)
    record.append("parent-changed", optional: parent?.changeTransaction)
    record.append("section", section)
    record.append("sections", sectionCount)
    record.append("data", dataWritten)
    record.append("knowledge", optional: knowledge)
    record.append("checkpoint", checkpoint)
    return record
  }

  init(_ record: Record) throws(RecordFlaw) {
    guard let manifest = SHA512Digest(hex: try record.value("manifest")) else {
      throw .badField("manifest")
    }
    self.manifest = manifest
    version = try record.version()
    if let uuid = try record.optionalUUID("parent") {
      parent = Parent(uuid: uuid, changeTransaction: try record.unsigned("parent-changed"))
    }
    // There is something behind it, and something before it.
    sectionCount = try record.integer("sections", in: 2...Manifest.Payload.maximumCutCount)
    section = try record.integer("section", in: 1...(sectionCount - 1))
    dataWritten = try record.unsigned("data")
    if let text = try record.optionalValue("knowledge") {
      guard let digest = SHA256Digest(hex: text) else { throw .badField("knowledge") }
      knowledge = digest
    }
    checkpoint = try record.uuid("checkpoint")
  }
}

extension Record {
  fileprivate func unsigned(_ key: String) throws(RecordFlaw) -> UInt64 {
    guard let number = SystemVersion(try value(key))?.number else { throw .badField(key) }
    return number
  }
}

extension StateDirectory {
  /// The longest knowledge that is kept, in bytes.
  private static let maximumKnowledgeLength = 64 << 20

  /// Where an apply can go on, as the last one wrote it; `nil` if it wrote nothing. What is damaged
  /// is worth nothing, and no reason to refuse anything.
  func resumePoint() throws(InstallError) -> ResumePoint? {
    try Self.unlessDamaged { () throws(InstallError) in
      try read(DeviceNames.resume, as: ResumePoint.init)
    }
  }

  /// Keeps a point instead of the one before it: a power cut leaves the one or the other, whole.
  func write(_ point: ResumePoint, knowledge: [UInt8]) throws(InstallError) {
    if point.knowledge != nil {
      try replace(DeviceNames.knowledge(section: point.section), with: knowledge)
    }
    try replace(point.record)
  }

  /// Where the expansion goes on; `nil` if what it needs is gone.
  func cut(of point: ResumePoint) throws(InstallError) -> ExpansionCut? {
    guard let digest = point.knowledge else { return ExpansionCut(section: point.section) }
    guard
      let bytes = try contents(
        of: DeviceNames.knowledge(section: point.section), limit: Self.maximumKnowledgeLength),
      SHA256.hash(bytes.rawSpan) == digest
    else { return nil }
    return ExpansionCut(section: point.section, knowledge: bytes)
  }

  /// Forgets where an apply can go on.
  func removeResumePoint() throws(InstallError) {
    let isThere = try attempt { () throws(SystemError) in
      try directory.hasEntry(DeviceNames.resume)
    }
    if isThere { try remove(DeviceNames.resume) }
    try removeKnowledge(except: nil)
  }

  /// Removes what goes with points that are no more.
  func removeKnowledge(except point: ResumePoint?) throws(InstallError) {
    let kept = point.map { DeviceNames.knowledge(section: $0.section) }
    try removeEntries { DeviceNames.isKnowledge($0) && $0 != kept }
  }
}
