import Bytes
import Linux
import SendStream
import TestSupport
import Testing
import Tree

@testable import UpdateBuilder

/// A directory to start from, and what a stream makes of it.
private final class Workbench {
  let directory: TemporaryDirectory
  let place: TemporaryDirectory
  let receiver: CatalogReceiver
  private var offset: UInt64 = 17

  static let parent = SubvolumeUUID([UInt8](repeating: 7, count: 16).rawSpan) ?? .none
  static let own = SubvolumeUUID([UInt8](repeating: 8, count: 16).rawSpan) ?? .none

  /// Starts from files with these contents, or from nothing.
  init(_ files: [(String, String)]? = []) throws {
    directory = try TemporaryDirectory()
    place = try TemporaryDirectory()
    let root = try directory.open()
    try root.makeDirectory("d")
    for (name, text) in files ?? [] {
      let file = try root.open(beneath: name, [.writeOnly, .create])
      let bytes = Array(text.utf8)
      try file.write(bytes.rawSpan)
    }
    let parent = files == nil ? nil : try TreeCatalog(of: TreeRoot(root.duplicate()))
    let store = try ContentStore(in: place.path, parent: parent?.root, ownsParent: false)
    receiver = CatalogReceiver(parent: parent, store: store)
    let path = Array("v2".utf8)
    if parent == nil {
      try carryOut(.subvolume(path: path.rawSpan, uuid: Self.own, ctransid: 1))
    } else {
      try carryOut(
        .snapshot(
          path: path.rawSpan, uuid: Self.own, ctransid: 1, parentUUID: Self.parent,
          parentCtransid: 1))
    }
  }

  func carryOut(_ command: borrowing Command) throws {
    var writer = StreamWriter(version: StreamVersion(base: 2))
    try writer.write(command)
    var reader = StreamReader(
      continuing: StreamVersion(base: 2), insideSubvolume: offset > 17)
    reader.append(writer.bytes.rawSpan)
    guard case .command(let frame)? = try reader.next() else { return }
    try receiver.carryOut(frame, at: offset)
    offset += UInt64(writer.bytes.count)
  }

  func make(_ path: String) throws {
    let path = Array(path.utf8)
    try carryOut(.makeFile(path: path.rawSpan, inode: 300))
  }

  func makeDirectory(_ path: String) throws {
    let path = Array(path.utf8)
    try carryOut(.makeDirectory(path: path.rawSpan, inode: 300))
  }

  func write(_ path: String, _ offset: UInt64, _ text: String) throws {
    let (path, data) = (Array(path.utf8), Array(text.utf8))
    try carryOut(.write(path: path.rawSpan, offset: offset, data: data.rawSpan))
  }

  func rename(_ path: String, _ new: String) throws {
    let (path, new) = (Array(path.utf8), Array(new.utf8))
    try carryOut(.rename(path: path.rawSpan, to: new.rawSpan))
  }

  func link(_ path: String, _ existing: String) throws {
    let (path, existing) = (Array(path.utf8), Array(existing.utf8))
    try carryOut(.link(path: path.rawSpan, existing: existing.rawSpan))
  }

  func unlink(_ path: String) throws {
    let path = Array(path.utf8)
    try carryOut(.unlink(path: path.rawSpan))
  }

  func truncate(_ path: String, _ size: UInt64) throws {
    let path = Array(path.utf8)
    try carryOut(.truncate(path: path.rawSpan, size: size))
  }

  func clone(
    _ path: String, _ offset: UInt64, _ length: UInt64, from source: String, _ place: UInt64,
    own: Bool = false
  ) throws {
    let (path, source) = (Array(path.utf8), Array(source.utf8))
    try carryOut(
      .clone(
        path: path.rawSpan, offset: offset, length: length,
        sourceUUID: own ? Self.own : Self.parent, sourceCtransid: 1, sourcePath: source.rawSpan,
        sourceOffset: place))
  }

  func setAttribute(_ path: String, _ name: String, _ value: String) throws {
    let (path, name, value) = (Array(path.utf8), Array(name.utf8), Array(value.utf8))
    try carryOut(.setXattr(path: path.rawSpan, name: name.rawSpan, value: value.rawSpan))
  }

  func changeMode(_ path: String, _ mode: UInt64) throws {
    let path = Array(path.utf8)
    try carryOut(.changeMode(path: path.rawSpan, mode: mode))
  }

  func changeOwner(_ path: String, _ uid: UInt64, _ gid: UInt64) throws {
    let path = Array(path.utf8)
    try carryOut(.changeOwner(path: path.rawSpan, uid: uid, gid: gid))
  }

  func finish() throws -> TreeCatalog {
    try carryOut(.end)
    return try receiver.finish()
  }

  /// What a command that has to fail fails with.
  func reason(_ body: () throws -> Void) -> CatalogReceiveError.Reason? {
    do { try body() } catch { return (error as? CatalogReceiveError)?.reason }
    return nil
  }
}

extension TreeCatalog {
  fileprivate var paths: [String] { entries.map { String(decoding: $0.path, as: UTF8.self) } }

  fileprivate func inode(_ path: String) throws -> TreeInode {
    inodes[try #require(entries.first { $0.path == Array(path.utf8) }).inode]
  }

  fileprivate func text(_ path: String) throws -> String {
    let file = try root.directory.open(beneath: path)
    return String(decoding: try file.readToEnd(limit: 1 << 20), as: UTF8.self)
  }
}

@Suite("Carrying out a plain stream on a catalog")
struct CatalogReceiverTests {
  @Test("Nothing done is the parent again, and its files are not touched")
  func nothing() throws {
    let bench = try Workbench([("d/a", "old"), ("b", "")])
    let catalog = try bench.finish()
    #expect(catalog.paths == ["", "b", "d", "d/a"])
    #expect(try catalog.text("d/a") == "old")
    let original = try TreeSummary(of: bench.directory.open())
    #expect(try TreeSummary(of: catalog).digest == original.digest)
  }

  @Test("What is written goes into a file of its own; the parent keeps its bytes")
  func writing() throws {
    let bench = try Workbench([("a", "0123456789")])
    try bench.write("a", 2, "xy")
    try bench.write("a", 12, "end")
    let catalog = try bench.finish()
    #expect(try catalog.text("a") == "01xy456789\0\0end")
    #expect(try catalog.inode("a").size == 15)
    let old = try bench.directory.open().open(beneath: "a").readToEnd(limit: 100)
    #expect(old == Array("0123456789".utf8))
  }

  @Test("Names change as rename, link and unlink say, directories with all they hold")
  func names() throws {
    let bench = try Workbench([("d/a", "one"), ("b", "two"), ("c", "three")])
    try bench.rename("d", "e")
    try bench.link("e/second", "e/a")
    try bench.rename("b", "c")
    try bench.unlink("e/a")
    try bench.makeDirectory("d")
    try bench.rename("e", "d")
    let catalog = try bench.finish()
    #expect(catalog.paths == ["", "c", "d", "d/second"])
    #expect(try catalog.text("c") == "two")
    #expect(try catalog.text("d/second") == "one")
    #expect(try catalog.inode("d/second").linkCount == 1)
  }

  @Test("A swap over a name in between works, and hard links stay one file")
  func swapping() throws {
    let bench = try Workbench([("a", "A"), ("b", "B")])
    try bench.link("d/a", "a")
    try bench.rename("a", "o257-1-0")
    try bench.rename("b", "a")
    try bench.rename("o257-1-0", "b")
    try bench.write("d/a", 1, "!")
    let catalog = try bench.finish()
    #expect(try catalog.text("a") == "B")
    #expect(try catalog.text("b") == "A!")
    #expect(try catalog.text("d/a") == "A!")
    #expect(try catalog.inode("b").linkCount == 2)
    let (one, other) = (
      try catalog.root.directory.open(beneath: "b").status(),
      try catalog.root.directory.open(beneath: "d/a").status()
    )
    #expect(one.inode == other.inode)
  }

  @Test("Data is shared from the parent as it was, and from the new tree as it is")
  func cloning() throws {
    let block = String(repeating: "p", count: 4096)
    let bench = try Workbench([("a", block + "tail")])
    try bench.write("a", 0, "NEW")
    try bench.make("b")
    try bench.clone("b", 4096, 4096, from: "a", 0)
    try bench.make("c")
    try bench.clone("c", 0, 4100, from: "a", 0, own: true)
    let catalog = try bench.finish()
    #expect(try catalog.text("b") == String(repeating: "\0", count: 4096) + block)
    #expect(try catalog.text("c") == "NEW" + block.dropFirst(3) + "tail")
  }

  @Test("Holes are kept where they are cloned, over what was there before")
  func holes() throws {
    let bench = try Workbench([("a", String(repeating: "a", count: 16384))])
    try bench.make("sparse")
    try bench.truncate("sparse", 1 << 20)
    try bench.write("sparse", 8192, "data")
    try bench.clone("a", 0, 12288, from: "sparse", 0, own: true)
    let catalog = try bench.finish()
    let expected =
      [UInt8](repeating: 0, count: 8192) + Array("data".utf8)
      + [UInt8](repeating: 0, count: 4092) + [UInt8](repeating: UInt8(ascii: "a"), count: 4096)
    let found = try catalog.root.directory.open(beneath: "a").readToEnd(limit: 1 << 20)
    #expect(firstDifference(found, expected) == nil)
    let sparse = try catalog.root.directory.open(beneath: "sparse")
    #expect(try sparse.status().size == 1 << 20)
    #expect(try sparse.nextData(from: 1 << 16) == nil)
  }

  @Test("A file that is cut to nothing is not copied first; cut and grown, it has zeros")
  func cutting() throws {
    let bench = try Workbench([("a", "0123456789"), ("b", "0123456789")])
    try bench.truncate("a", 0)
    try bench.write("a", 2, "x")
    try bench.truncate("b", 3)
    try bench.truncate("b", 5)
    let catalog = try bench.finish()
    #expect(try catalog.text("a") == "\0\0x")
    #expect(try catalog.text("b") == "012\0\0")
  }

  @Test("Metadata is what the commands say, with what the kernel takes away")
  func metadata() throws {
    let bench = try Workbench([("a", "x")])
    try bench.setAttribute("a", "user.b", "2")
    try bench.setAttribute("a", "user.a", "1")
    try bench.setAttribute("a", "user.b", "3")
    try bench.setAttribute("a", "trusted.x", "1")
    try bench.setAttribute("a", "security.capability", "cap")
    try bench.changeMode("a", 0o106755)
    try bench.changeOwner("a", 12, 34)
    try bench.changeMode("d", 0o2755)
    try bench.changeOwner("d", 5, 6)
    try bench.make("d/new")
    try bench.makeDirectory("d/inner")
    let path = Array("a".utf8)
    try bench.carryOut(
      .setTimes(
        path: path.rawSpan, access: Timespec(seconds: 1, nanoseconds: 2),
        modification: Timespec(seconds: -3, nanoseconds: 4),
        change: Timespec(seconds: 5, nanoseconds: 6), creation: nil))
    let catalog = try bench.finish()
    let a = try catalog.inode("a")
    #expect((a.permissions, a.user, a.group) == (0o755, 12, 34))
    #expect(
      a.attributes.map { String(decoding: $0.name, as: UTF8.self) }
        == ["security.capability", "user.a", "user.b"])
    #expect(a.attributes.last?.value == Array("3".utf8))
    #expect(a.modificationTime == FileTime(seconds: -3, nanoseconds: 4))
    #expect(a.accessTime == FileTime(seconds: 1, nanoseconds: 2))
    #expect(try catalog.inode("d").permissions == 0o2755)
    let (file, inner) = (try catalog.inode("d/new"), try catalog.inode("d/inner"))
    #expect((file.permissions, file.user, file.group) == (0o600, 0, 6))
    #expect((inner.permissions, inner.group) == (0o2700, 6))
  }

  @Test("Changed data takes capabilities away")
  func capabilities() throws {
    let bench = try Workbench([("a", "x")])
    try bench.setAttribute("a", "security.capability", "cap")
    try bench.setAttribute("a", "user.kept", "1")
    try bench.write("a", 0, "y")
    #expect(try bench.finish().inode("a").attributes.count == 1)
  }

  @Test("A full stream needs no parent")
  func full() throws {
    let bench = try Workbench(nil)
    try bench.makeDirectory("d")
    try bench.make("d/a")
    try bench.write("d/a", 0, "text")
    let (path, target) = (Array("d/link".utf8), Array("a".utf8))
    try bench.carryOut(.symlink(path: path.rawSpan, inode: 1, target: target.rawSpan))
    let node = Array("d/node".utf8)
    try bench.carryOut(
      .makeNode(path: node.rawSpan, inode: 1, device: 0x103, mode: 0o020600))
    let catalog = try bench.finish()
    #expect(catalog.paths == ["", "d", "d/a", "d/link", "d/node"])
    #expect(try catalog.inode("d/link").target == target)
    #expect(try catalog.inode("d/node").specialDevice == 0x103)
    // Only what any user can make is on disk.
    #expect(try catalog.root.directory.open(beneath: "d", .directory).entries().count == 1)
  }

  @Test("Names that cannot be are refused as the kernel would")
  func refusedNames() throws {
    let bench = try Workbench([("a", "x"), ("d/b", "y")])
    let slash = Array("d".utf8)
    #expect(bench.reason { try bench.make("a") } == .refused(.fileExists, Array("a".utf8)))
    bench.receiver.state = .receiving
    for (body, errno) in [
      ({ try bench.unlink("none") }, Errno.noSuchFile), ({ try bench.unlink("d") }, .isDirectory),
      ({ try bench.rename("d", "d/inner") }, .invalidArgument),
      ({ try bench.rename("a", "d") }, .isDirectory),
      ({ try bench.rename("d", "a") }, .notDirectory),
      ({ try bench.make("a/b") }, .notDirectory), ({ try bench.link("e", "d") }, .notPermitted),
      ({ try bench.carryOut(.removeDirectory(path: slash.rawSpan)) }, .directoryNotEmpty),
    ] as [(() throws -> Void, Errno)] {
      let fresh = bench.reason(body)
      // The first failure ends it for a stream; here only the table of names is asked.
      bench.receiver.state = .receiving
      guard case .refused(errno, _)? = fresh else {
        Issue.record("\(String(describing: fresh)) instead of \(errno)")
        continue
      }
    }
  }

  @Test("No path leads out of the tree, and no symbolic link is followed")
  func confinement() throws {
    for path in ["../x", "/x", "d/../x", "d//x", "d/", ".", "d/./x", "x\0y"] {
      let bench = try Workbench()
      #expect(bench.reason { try bench.make(path) } == .badPath(Array(path.utf8)))
    }
    let bench = try Workbench()
    let (path, target) = (Array("link".utf8), Array("/etc".utf8))
    try bench.carryOut(.symlink(path: path.rawSpan, inode: 1, target: target.rawSpan))
    #expect(
      bench.reason { try bench.make("link/x") } == .refused(.notDirectory, Array("link/x".utf8)))
    bench.receiver.state = .receiving
    #expect(bench.reason { try bench.write("link", 0, "x") } == .notRegularFile(.symbolicLink))
  }

  @Test("Wrong numbers, sources and orders are refused, and nothing follows a failure")
  func refusedValues() throws {
    let bench = try Workbench([("a", String(repeating: "a", count: 8192))])
    func reason(_ body: () throws -> Void) -> CatalogReceiveError.Reason? {
      bench.receiver.state = .receiving
      return bench.reason(body)
    }
    let a = Array("a".utf8)
    #expect(reason { try bench.write("a", .max, "x") } == .badValue(.fileOffset, .max))
    #expect(reason { try bench.truncate("a", 1 << 63) } == .badValue(.size, 1 << 63))
    #expect(reason { try bench.changeOwner("a", 1 << 32, 0) } == .badValue(.uid, 1 << 32))
    #expect(reason { try bench.clone("a", 0, 0, from: "a", 0) } == .badValue(.cloneLength, 0))
    #expect(
      reason { try bench.clone("a", 0, 4096, from: "a", 2048, own: true) }
        == .badValue(.cloneOffset, 2048))
    guard case .system? = reason({ try bench.clone("a", 0, 9000, from: "a", 0) }) else {
      Issue.record("a clone of more than there is")
      return
    }
    #expect(
      reason {
        try bench.carryOut(
          .clone(
            path: a.rawSpan, offset: 0, length: 4096, sourceUUID: .none, sourceCtransid: 1,
            sourcePath: a.rawSpan, sourceOffset: 0))
      } == .unknownCloneSource(.none))
    #expect(
      reason { try bench.carryOut(.updateExtent(path: a.rawSpan, offset: 0, size: 1)) }
        == .unsupported)
    let empty: [UInt8] = []
    #expect(
      reason {
        try bench.carryOut(
          .setXattr(path: a.rawSpan, name: empty.rawSpan, value: empty.rawSpan))
      } == .badAttributeName([]))
    bench.receiver.state = .receiving
    #expect(throws: CatalogReceiveError.self) { try bench.receiver.finish() }
    #expect(bench.reason { try bench.make("later") } == .outOfOrder)
  }

  @Test("The temporary directory is gone once nobody uses the tree any more")
  func cleaning() throws {
    let place: TemporaryDirectory
    do {
      let bench = try Workbench([("a", "x")])
      try bench.write("a", 0, "y")
      let catalog = try bench.finish()
      #expect(try Descriptor.open(bench.place.path, .directory).entries().count == 2)
      #expect(try catalog.text("a") == "y")
      place = try TemporaryDirectory()
      let store = try ContentStore(in: place.path, parent: catalog.root, ownsParent: true)
      _ = CatalogReceiver(parent: catalog, store: store)
    }
    #expect(try place.open().entries().isEmpty)
  }

  @Test("A tree of our own gives its files to the next one without a copy")
  func owned() throws {
    let bench = try Workbench([("a", "x"), ("b", "y")])
    let first = try bench.finish()
    let store = try ContentStore(in: bench.place.path, parent: first.root, ownsParent: true)
    let receiver = CatalogReceiver(parent: first, store: store)
    receiver.state = .ended
    let second = try receiver.finish()
    let (one, other) = (
      try first.root.directory.open(beneath: "a").status(),
      try second.root.directory.open(beneath: "a").status()
    )
    #expect(one.inode == other.inode)
    #expect(try TreeSummary(of: first).digest == TreeSummary(of: second).digest)
  }
}

@Suite("Naming chains of updates")
struct TreeSourceTests {
  @Test("Files are apart by commas; a backslash makes a comma part of a name")
  func paths() throws {
    #expect(try TreeSource(text: "update:a,b/c.xz").chainPaths() == ["a", "b/c.xz"])
    #expect(try TreeSource(text: #"update:a\,b,c\\"#).chainPaths() == ["a,b", #"c\"#])
    #expect(try TreeSource(text: "some/update:a").chainPaths() == nil)
    for text in ["update:", "update:a,", "update:,a", #"update:a\"#] {
      #expect(throws: BuildError.self) { try TreeSource(text: text).chainPaths() }
    }
  }

  @Test("Any names can be put together and taken apart again")
  func roundTrip() throws {
    let names = ["a,b", #"\"#, #"x\,y\\"#, "update:", ",", "ä,\u{301}"]
    #expect(try TreeSource.chain(of: names).chainPaths() == names)
  }
}
