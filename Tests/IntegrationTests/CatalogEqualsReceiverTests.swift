import Btrfs
import Bytes
import Linux
import Receive
import SendStream
import TestSupport
import Testing
import Tree

@testable import UpdateBuilder

/// Random commands, given to both receivers.
private struct RandomCommands {
  var generator: SeededGenerator
  let own: SubvolumeUUID
  let parent: SubvolumeUUID

  mutating func random(_ limit: UInt64) -> UInt64 {
    UInt64.random(in: 0..<limit, using: &generator)
  }

  mutating func newPath(_ directories: [String]) -> [UInt8] {
    let directory = directories[Int(random(UInt64(directories.count)))]
    let name = ["a", "b", "c", "d", "e", "f"][Int(random(6))]
    return Array((directory.isEmpty ? name : "\(directory)/\(name)").utf8)
  }

  mutating func pick(_ paths: [String]) -> [UInt8] {
    paths.isEmpty ? Array("none".utf8) : Array(paths[Int(random(UInt64(paths.count)))].utf8)
  }

  mutating func bytes(_ count: UInt64) -> [UInt8] {
    (0..<count).map { _ in UInt8(random(256)) }
  }

  /// Writes one command.
  mutating func write(_ tree: TreePaths, to writer: inout StreamWriter) throws {
    let (file, any, new) = (pick(tree.files), pick(tree.all), newPath(tree.directories))
    let block = 4096 * random(4)
    switch random(23) {
    case 0, 1: try writer.write(.makeFile(path: new.rawSpan, inode: 1))
    case 2: try writer.write(.makeDirectory(path: new.rawSpan, inode: 1))
    case 3:
      let target = bytes(5).map { $0 | 1 }
      try writer.write(.symlink(path: new.rawSpan, inode: 1, target: target.rawSpan))
    case 4: try writer.write(.makeFIFO(path: new.rawSpan, inode: 1, device: 0, mode: 0o010644))
    case 5:
      try writer.write(
        .makeNode(path: new.rawSpan, inode: 1, device: 0x12345, mode: 0o060640))
    case 6, 7, 8: try writer.write(.rename(path: any.rawSpan, to: new.rawSpan))
    case 9: try writer.write(.link(path: new.rawSpan, existing: file.rawSpan))
    case 10: try writer.write(.unlink(path: file.rawSpan))
    case 11: try writer.write(.removeDirectory(path: pick(tree.directories).rawSpan))
    case 12, 13:
      let data = bytes(random(6000))
      try writer.write(.write(path: file.rawSpan, offset: random(9000), data: data.rawSpan))
    case 14: try writer.write(.truncate(path: file.rawSpan, size: random(3) * random(9000)))
    case 15, 16:
      let source = random(2) == 0 ? Array("base".utf8) : file
      try writer.write(
        .clone(
          path: pick(tree.files).rawSpan, offset: block, length: 4096 * (1 + random(2)),
          sourceUUID: source == file ? own : parent, sourceCtransid: 1,
          sourcePath: source.rawSpan, sourceOffset: 4096 * random(2)))
    case 17:
      try writer.write(
        .allocate(
          path: file.rawSpan, mode: [0, 1, 3, 0x10, 0x11][Int(random(5))], offset: random(9000),
          size: 1 + random(5000)))
    case 18: try writer.write(.changeMode(path: pick(tree.modes).rawSpan, mode: random(0o10000)))
    case 19:
      try writer.write(.changeOwner(path: any.rawSpan, uid: random(3), gid: random(3)))
    case 20:
      let name = Array("user.\(random(3))".utf8)
      let value = bytes(random(4))
      let path = pick(tree.files + tree.directories)
      if random(3) == 0 {
        try writer.write(.removeXattr(path: path.rawSpan, name: name.rawSpan))
      } else {
        try writer.write(.setXattr(path: path.rawSpan, name: name.rawSpan, value: value.rawSpan))
      }
    case 21:
      // Those that keep nobody from changing the inode.
      let flags: [SentInodeFlags] = [
        .noCopyOnWrite, .synchronous, .noDump, .noAccessTime, .synchronousDirectory,
      ]
      let sent = flags.filter { _ in random(2) == 0 }.map(\.rawValue).reduce(0, |)
      try writer.write(.setFileAttributes(path: pick(tree.flagged).rawSpan, flags: sent))
    default:
      // struct vfs_cap_data of revision 2: cap_net_raw, permitted and effective.
      let value: [UInt8] = [1, 0, 0, 2, 0, 0x20] + [UInt8](repeating: 0, count: 14)
      let name = Array("security.capability".utf8)
      try writer.write(
        .setXattr(path: file.rawSpan, name: name.rawSpan, value: value.rawSpan))
    }
  }
}

/// The paths of a tree by what may be done with them.
private struct TreePaths {
  var all: [String] = []
  var files: [String] = []
  var directories = [""]
  /// Whose permissions can be set.
  var modes: [String] = []
  /// What can have flags.
  var flagged: [String] { files + directories }

  init(_ names: NameTable) {
    var pending: [(String, Int)] = [("", NameTable.root)]
    while let (path, inode) = pending.popLast() {
      for (name, child) in names.inodes[inode].entries {
        let text = String(decoding: name, as: UTF8.self)
        let inner = path.isEmpty ? text : "\(path)/\(text)"
        all.append(inner)
        let type = names.inodes[child].value.type
        if type == .regular { files.append(inner) }
        if type != .symbolicLink { modes.append(inner) }
        if type == .directory {
          directories.append(inner)
          pending.append((inner, child))
        }
      }
    }
    (all, files, directories, modes) = (
      all.sorted(), files.sorted(), directories.sorted(), modes.sorted()
    )
  }
}

@Suite("The receiver of catalogs and that of subvolumes", .btrfs)
struct CatalogEqualsReceiverTests {
  let mount = BtrfsFixture.current

  /// Carries random commands out by both, and compares.
  ///
  /// - Returns: how many were refused.
  private func compare(_ seed: UInt64, _ place: String) throws -> Int {
    let top = try mount.open()
    let parent = try top.open(beneath: "parent", .directory)
    let name = "new\(seed)"
    try Subvolume.snapshot(of: parent, as: name, in: top)
    let root = try top.open(beneath: name, .directory)
    let ids = [UInt8(7), 8].map {
      SubvolumeUUID([UInt8](repeating: $0, count: 16).rawSpan) ?? .none
    }
    let sources = CloneSources()
    try sources.add(parent.duplicate(), as: ids[0])
    var real = try Receiver(root: root.duplicate(), cloneSources: sources)
    let catalog = try TreeCatalog(of: TreeRoot(parent.duplicate()))
    let store = try ContentStore(in: place, parent: catalog.root, ownsParent: false)
    let ours = CatalogReceiver(parent: catalog, store: store)
    var commands = RandomCommands(
      generator: SeededGenerator(seed: seed), own: ids[1], parent: ids[0])
    let path = Array("v".utf8)
    var begin = StreamWriter(version: StreamVersion(base: 2))
    try begin.write(
      .snapshot(
        path: path.rawSpan, uuid: ids[1], ctransid: 1, parentUUID: ids[0], parentCtransid: 1))
    try carryOut(begin.bytes, isFirst: true, &real, ours)
    var refused = 0
    for count in 0..<150 {
      var writer = StreamWriter(version: StreamVersion(base: 2))
      try commands.write(TreePaths(ours.names), to: &writer)
      let failures = try carryOut(writer.bytes, isFirst: false, &real, ours)
      #expect(
        (failures.0 == nil) == (failures.1 == nil), "seed \(seed), \(count): \(failures)")
      guard failures.0 != nil else { continue }
      refused += 1
      // What was refused has changed nothing: both go on.
      real = try Receiver(root: root.duplicate(), cloneSources: sources)
      ours.state = .new
      try carryOut(begin.bytes, isFirst: true, &real, ours)
    }
    ours.state = .ended
    let finished = try ours.finish()
    let found = try TreeSummary(of: finished)
    #expect(
      try finished.flagLetters == TreeCatalog(of: TreeRoot(root.duplicate())).flagLetters,
      "seed \(seed)")
    let expected = try TreeSummary(of: root)
    #expect(
      found.digest.content == expected.digest.content, "seed \(seed)")
    #expect(found.totals == expected.totals)
    return refused
  }

  /// Has both carry a command out, and gives what they refuse it with.
  @discardableResult
  private func carryOut(
    _ bytes: [UInt8], isFirst: Bool, _ real: inout Receiver, _ ours: CatalogReceiver
  ) throws -> (String?, String?) {
    var reader = StreamReader(continuing: StreamVersion(base: 2), insideSubvolume: !isFirst)
    reader.append(bytes.rawSpan)
    guard case .command(let frame)? = try reader.next() else { return (nil, nil) }
    let command = try Command(parsing: frame)
    var failures: (String?, String?)
    do throws(ReceiveError) { try real.carryOut(command) } catch { failures.0 = "\(error)" }
    do throws(CatalogReceiveError) { try ours.carryOut(frame, at: 0) } catch {
      failures.1 = "\(error)"
    }
    return failures
  }

  @Test("They make the same of random commands, and refuse the same")
  func random() throws {
    try run(
      "bash", "-euc",
      """
      btrfs -q subvolume create "$0/parent"; cd "$0/parent"; mkdir -p d/inner e
      head -c 20000 /dev/urandom >base; for i in a b c; do head -c 9000 /dev/urandom >d/$i; done
      ln d/a e/hard; truncate -s 30000 e/sparse; chmod 6755 d/b; chmod 2775 d; chown 1:2 d
      setcap cap_chown+ep d/c; setfattr -n user.1 -v x base
      """, mount.path)
    let place = try TemporaryDirectory()
    var refused = 0
    let seeds: ClosedRange<UInt64> = 1...60
    for seed in seeds { refused += try compare(seed, place.path) }
    // Neither all nor none of 150 each.
    #expect((500...7000).contains(refused), "\(refused)")
  }
}
