internal import Archive
internal import Bytes
internal import Crypto
internal import Linux
internal import SendStream
internal import Tree

/// Plans a plain stream that turns one tree into another, whatever they are kept on.
///
/// `docs/tree-plan.md` says which commands there are, and in which order. The same trees give the same
/// stream.
struct TreePlanner: ~Copyable {
  private let old: PlannedTree?
  private let new: PlannedTree
  private let matching: TreeMatching
  private let contents: FileContentsPlanner
  private let progress: BuildProgress
  /// Directories that are set what they hand down only when nothing is made in them any more.
  private let makingDirectories: Set<Int32>
  private let leftOut: Set<[UInt8]>
  private let identity: Plan.Identity
  private var names: PlannedNames
  private var sink: PlanSink

  /// The change that the stream says the trees are of: no tree but a subvolume has one.
  static let ctransid: UInt64 = 1

  /// A planner from `old`, or from nothing, to `new`.
  ///
  /// - Parameters:
  ///   - identity: what the stream calls the trees by; `nil` to derive that from their digests.
  ///   - file: the empty file that the plan is written to.
  init(
    from old: PlannedTree?, to new: PlannedTree, as identity: Plan.Identity? = nil, base: UInt16,
    file: consuming Descriptor, progress: BuildProgress
  ) throws(BuildError) {
    self.identity =
      identity
      ?? Plan.Identity(
        uuid: Self.uuid(of: new.summary.digest), ctransid: Self.ctransid,
        parent: old.map { (Self.uuid(of: $0.summary.digest), Self.ctransid) })
    self.old = old
    self.new = new
    self.progress = progress
    let start: PlannedTree
    if let old { start = old } else { start = try PlannedTree(emptyLike: new) }
    matching = try TreeMatching(old: start, new: new)
    contents = FileContentsPlanner(old: start, new: new, punchesHoles: base >= 2)
    names = PlannedNames(matching)
    leftOut = Set(start.catalog.leftOut)
    var making: Set<Int32> = leftOut.isEmpty ? [] : [0]
    for (inode, was) in matching.oldOfNew.enumerated() where was < 0 {
      making.insert(new.shape.directories[Int(new.shape.firstEntries[inode])])
    }
    makingDirectories = making
    sink = PlanSink(PlanWriter(base: base, hasParent: old != nil, file: file))
  }

  /// The UUID that a plan gives the subvolume with a tree: of version 8, derived from the full digest.
  static func uuid(of digest: TreeDigest) -> SubvolumeUUID {
    let text = Array("btrfs-delta tree uuid 1\n".utf8) + digest.full.bytes
    var bytes = Array(SHA256.hash(text.rawSpan).bytes.prefix(SubvolumeUUID.length))
    bytes[6] = bytes[6] & 0x0F | 0x80
    bytes[8] = bytes[8] & 0x3F | 0x80
    return SubvolumeUUID(bytes.rawSpan) ?? .none
  }

  /// Makes the plan.
  ///
  /// - Parameter name: what the stream calls the subvolume.
  consuming func plan(named name: String) throws(BuildError) -> Plan {
    try begin(Array(name.utf8))
    try names.removeUnwanted(&sink)
    var late: [Int32] = []
    for index in new.catalog.entries.indices {
      let entry = Int32(truncatingIfNeeded: index)
      if try isLate(entry) { late.append(entry) } else { try take(entry) }
      if index % 256 == 0 { try progress.report(.planning, done: sink.length) }
    }
    for entry in late { try take(entry) }
    try finishDirectories()
    try names.check()
    return try sink.finish()
  }

  /// Places a name, and says with the first one of an inode what it became.
  private mutating func take(_ entry: Int32) throws(BuildError) {
    try place(entry)
    let inode = new.shape.inode(of: entry)
    if new.shape.firstEntries[Int(inode)] == entry, !isFresh(inode) || inode == 0 {
      try change(inode, new.shape.path(entry))
    }
  }

  /// Shorter files are not worth waiting for.
  private static let leastLate: UInt64 = 1 << 20

  /// Whether a file is made behind all others: an initial RAM disk has files in it that the tree has as
  /// well, and patches find only what was made before.
  private func isLate(_ entry: Int32) throws(BuildError) -> Bool {
    let inode = new.shape.inode(of: entry)
    let made = new.shape[inode]
    guard isFresh(inode), made.type == .regular, made.size >= Self.leastLate, made.linkCount == 1
    else { return false }
    return try PlannedFile(inode, of: new).bytes(at: 0, count: ArchiveCompression.magicLength)
      .isPacked
  }

  private mutating func begin(_ name: [UInt8]) throws(BuildError) {
    guard let parent = identity.parent else {
      return try sink.write(
        .subvolume(path: name.rawSpan, uuid: identity.uuid, ctransid: identity.ctransid), of: name)
    }
    try sink.write(
      .snapshot(
        path: name.rawSpan, uuid: identity.uuid, ctransid: identity.ctransid,
        parentUUID: parent.uuid, parentCtransid: parent.ctransid), of: name)
  }

  /// Whether an inode is made by the stream, as is the root of a new subvolume.
  private func isFresh(_ inode: Int32) -> Bool {
    matching.oldOfNew[Int(inode)] < 0 || inode == 0 && old == nil
  }

  // MARK: Names

  private mutating func place(_ entry: Int32) throws(BuildError) {
    let inode = new.shape.inode(of: entry)
    let path = new.shape.path(entry)
    var standIn: [UInt8]?
    if leftOut.contains(path) {
      guard new.shape.isDirectory(inode) else {
        throw .notExpressible(
          path: path, "the parent has a mount point or nested subvolume there")
      }
      if isFresh(inode) { standIn = names.newProvisionalName() }
    }
    try Self.place(entry, as: standIn, new, contents, &names, &sink)
  }

  /// Places a name; what it is made with is apart from what it changes.
  private static func place(
    _ entry: Int32, as standIn: [UInt8]?, _ new: PlannedTree, _ contents: FileContentsPlanner,
    _ names: inout PlannedNames, _ sink: inout PlanSink
  ) throws(BuildError) {
    try names.place(entry, &sink) { (sink) throws(BuildError) in
      let inode = new.shape.inode(of: entry)
      let (path, made) = (new.shape.path(entry), new.shape[inode])
      if let standIn {
        // A snapshot of the very parent has an empty directory there, which RENAME replaces.
        try sink.make(made, standIn)
        try sink.rename(standIn, to: path)
      } else {
        try sink.make(made, path)
      }
      let change = InodeChange(making: made)
      try sink.setEarlyFlags(change, path)
      if made.type == .regular { try contents.write(inode, path, &sink) }
      let holder = new.shape.directories[Int(entry)]
      let inheritsGroup = standIn != nil || new.shape[holder].permissions & 0o2000 != 0
      try sink.setMetadata(ofNew: change, path, inheritsGroup: inheritsGroup)
    }
  }

  // MARK: Inodes that stay

  private mutating func change(_ inode: Int32, _ path: [UInt8]) throws(BuildError) {
    let now = new.shape[inode]
    guard !isFresh(inode) else {
      return try sink.setMetadata(ofNew: InodeChange(making: now), path, inheritsGroup: true)
    }
    let before = matching.old.shape[matching.oldOfNew[Int(inode)]]
    let was = matching.oldOfNew[Int(inode)]
    let isRewritten =
      now.type == .regular && !matching.old.isSame(was, as: inode, of: new)
    let change = InodeChange(
      from: before, to: now, isRewritten: isRewritten,
      makesInodes: makingDirectories.contains(inode))
    try sink.removeAttributes(change, path)
    try sink.setEarlyFlags(change, path)
    if isRewritten { try contents.write(inode, over: was, path, &sink) }
    try sink.setMetadata(change, path)
  }

  /// Sets what directories hand down, and the times of those in which names were changed.
  private mutating func finishDirectories() throws(BuildError) {
    for index in new.catalog.entries.indices {
      let entry = Int32(truncatingIfNeeded: index)
      let inode = new.shape.inode(of: entry)
      guard new.shape.isDirectory(inode) else { continue }
      let (path, now) = (new.shape.path(entry), new.shape[inode])
      let was = isFresh(inode) ? nil : matching.old.shape[matching.oldOfNew[Int(inode)]]
      let change = InodeChange(
        from: was, to: now, isRewritten: false, makesInodes: makingDirectories.contains(inode))
      try sink.setInheritedAttributes(change, path)
      let isTouched = names.isTouched[Int(names.node(inode))]
      if isTouched || was?.modificationTime != now.modificationTime {
        try sink.setTimes(of: now, path)
      }
      try sink.setFlags(change, path)
    }
  }
}

extension PlannedTree {
  /// What there is before a full stream: an empty root.
  fileprivate init(emptyLike tree: PlannedTree) throws(BuildError) {
    let root = TreeInode(
      type: .directory, permissions: 0o755, modificationTime: FileTime(seconds: 0))
    try self.init(
      TreeCatalog(
        entries: [TreeCatalog.Entry(path: [], inode: 0)], inodes: [root], root: tree.catalog.root),
      TreeContents(inodeCount: 1))
  }
}
