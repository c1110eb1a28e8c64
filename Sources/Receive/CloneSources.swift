public import Bytes
public import Linux

/// The subvolumes that CLONE may read from besides the stream's own, each under the UUID by which
/// the stream means it.
///
/// The caller finds them: by received UUID or UUID in the file system, or otherwise, such as a parent
/// that was adopted.
public final class CloneSources {
  private var trees: [SubvolumeUUID: ConfinedTree] = [:]

  /// No sources.
  public init() {}

  /// Adds a subvolume under one or several UUIDs, instead of what they meant before.
  ///
  /// - Parameter root: an open descriptor of its root directory; read-only will do.
  public func add(
    _ root: consuming Descriptor, as uuids: SubvolumeUUID...
  ) throws(SystemError) {
    let tree = try ConfinedTree(root)
    for uuid in uuids { trees[uuid] = tree }
  }

  /// Whether there is a subvolume of a UUID.
  public func contains(_ uuid: SubvolumeUUID) -> Bool { trees[uuid] != nil }

  /// The subvolume of a UUID.
  func tree(_ uuid: SubvolumeUUID) -> ConfinedTree? { trees[uuid] }

  /// Closes cached files, not the roots.
  func close() {
    for tree in trees.values { tree.close() }
  }
}
