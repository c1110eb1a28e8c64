internal import Btrfs
internal import Bytes

/// Installed versions whose contents are what was signed but whose modification times are not.
///
/// They descend from a tree that came to the device in an image or archive without nanoseconds. What
/// is made of them has these times, too, so its full digest cannot be the signed one.
struct InexactTrees: Equatable {
  var uuids: Set<SubvolumeUUID> = []

  private static let key = "uuid"

  init() {}

  init(_ record: Record) throws(RecordFlaw) {
    for (key, value) in record.fields {
      guard key == Self.key, let uuid = SubvolumeUUID(text: value),
        uuids.insert(uuid).inserted
      else { throw .badField(key) }
    }
  }

  var record: Record {
    var record = Record(DeviceNames.inexact)
    for uuid in uuids.map(\.description).sorted() { record.append(Self.key, uuid) }
    return record
  }
}

extension StateDirectory {
  func inexactTrees() throws(InstallError) -> InexactTrees {
    try read(DeviceNames.inexact, as: InexactTrees.init) ?? InexactTrees()
  }

  func write(_ trees: InexactTrees) throws(InstallError) { try replace(trees.record) }
}
