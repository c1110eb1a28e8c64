internal import Btrfs
internal import Bytes
internal import DeltaStream
internal import Linux
internal import Tree

/// The trees of a build that the kernel can send: read-only subvolumes of one file system, open.
struct SentTrees {
  let child: OpenSubvolume
  private let parent: OpenSubvolume?

  /// Opens both and checks that they can be built from.
  init(child: String, parent: String?) throws(BuildError) {
    self.child = try OpenSubvolume(child)
    guard let parent else {
      self.parent = nil
      return
    }
    let opened = try OpenSubvolume(parent)
    guard opened.info.uuid != self.child.info.uuid else { throw .sameTree(path: child) }
    // Another file system's subvolume has an id that the ioctl would look up in this one.
    guard try Self.fileSystem(of: opened) == Self.fileSystem(of: self.child) else {
      throw .differentFileSystems(parent: parent, child: child)
    }
    self.parent = opened
  }

  /// Whether there is a parent.
  var hasParent: Bool { parent != nil }

  /// The parent's own UUID.
  var parentUUID: SubvolumeUUID? { parent?.info.uuid }

  /// What the kernel's stream calls the trees by.
  var identity: Plan.Identity {
    let (uuid, ctransid) = Self.sentName(of: child.info)
    return Plan.Identity(
      uuid: uuid, ctransid: ctransid, parent: parent.map { Self.sentName(of: $0.info) })
  }

  private static func sentName(
    of info: SubvolumeInfo
  ) -> (uuid: SubvolumeUUID, ctransid: UInt64) {
    (info.receivedUUID.isZero ? info.uuid : info.receivedUUID, info.changeTransaction)
  }

  /// When the child was made, in seconds since 1970.
  var childCreationTime: Int64 { child.info.creationTime.seconds }

  /// Starts the kernel's sending of the child.
  func sender(version: UInt16) throws(BuildError) -> Sender {
    do throws(SystemError) {
      // A snapshot that was made just now is sent as it is on disk.
      try FileSystem.commit(child.root)
      return try Sender(
        child.root, parentID: parent?.info.id, SendOptions(version: UInt32(version)))
    } catch { throw .system(error) }
  }

  /// Whether one is a snapshot of the other, or both are of a third, as far as the subvolumes beside
  /// the child tell: only then has an inode's number a meaning in both.
  func areRelated() throws(BuildError) -> Bool {
    guard let parent else { return true }
    var origins: [SubvolumeUUID: SubvolumeUUID] = [:]
    do throws(SystemError) {
      let directory = try Descriptor.open(child.path + "/..", [.readOnly, .directory])
      if try FileSystem.isBtrfs(directory) {
        for info in try Subvolume.list(in: directory) { origins[info.uuid] = info.parentUUID }
      }
    } catch { throw .system(error) }
    for info in [parent.info, child.info] { origins[info.uuid] = info.parentUUID }
    let ancestors = Self.ancestors(of: parent.info.uuid, origins)
    return !ancestors.isDisjoint(with: Self.ancestors(of: child.info.uuid, origins))
  }

  /// A subvolume, what it is a snapshot of, and so on.
  private static func ancestors(
    of uuid: SubvolumeUUID, _ origins: [SubvolumeUUID: SubvolumeUUID]
  ) -> Set<SubvolumeUUID> {
    var ancestors: Set<SubvolumeUUID> = []
    var next: SubvolumeUUID? = uuid
    while let uuid = next, !uuid.isZero, ancestors.insert(uuid).inserted { next = origins[uuid] }
    return ancestors
  }

  /// The parent's files; in a full build the child's own, of which nobody asks.
  func oldTree() throws(BuildError) -> ParentTree {
    let root = try (parent ?? child).duplicateRoot()
    do throws(SystemError) { return try ParentTree(root: root) } catch { throw .system(error) }
  }

  /// Reads both trees whole.
  func digests(_ progress: BuildProgress) throws(BuildError) -> BuildDigests {
    let childSummary = try Self.summary(of: child.root, progress)
    guard let parent else { return BuildDigests(child: childSummary, parent: nil, matcher: nil) }
    return BuildDigests(
      child: childSummary, parent: try Self.summary(of: parent.root, progress),
      matcher: OldFileMatcher(index: try Self.index(of: parent.root), tree: try oldTree()))
  }

  private static func summary(
    of root: borrowing Descriptor, _ progress: BuildProgress
  ) throws(BuildError) -> TreeSummary {
    do throws(SystemError) {
      return try TreeSummary(of: root) { totals in
        progress.goesOn(.digesting, done: totals.dataBytes)
      }
    } catch {
      throw error.errno == .canceled ? .cancelled : .system(error)
    }
  }

  private static func index(of root: borrowing Descriptor) throws(BuildError) -> ParentIndex {
    var index = ParentIndex()
    do throws(SystemError) {
      var walker = try TreeWalker(root)
      while let node = try walker.next() {
        if node.status.type == .regular { index.add(path: node.path, size: node.status.size) }
      }
    } catch { throw .system(error) }
    return index
  }

  private static func fileSystem(of tree: OpenSubvolume) throws(BuildError) -> [UInt8] {
    do throws(SystemError) { return try FileSystem.uuid(of: tree.root) } catch {
      throw .system(error)
    }
  }
}

/// What was found out by reading the trees.
struct BuildDigests: Sendable {
  let child: TreeSummary
  let parent: TreeSummary?
  /// Finds old files; `nil` in a full build.
  let matcher: OldFileMatcher?
}
