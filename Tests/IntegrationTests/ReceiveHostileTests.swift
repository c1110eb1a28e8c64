import Btrfs
import Bytes
import Foundation
import Linux
import Receive
import SendStream
import TestSupport
import Testing

/// A subvolume to receive into, and all around it what must not be touched.
struct HostileBench {
  let mount = BtrfsFixture.current
  let before: String

  init() throws {
    try run(
      "bash", "-euc",
      """
      cd "$0"; mkdir outside; echo secret > outside/file; mkdir outside/empty
      head -c 100000 /dev/urandom > outside/data
      btrfs -q subvolume create foreign; head -c 8192 /dev/urandom > foreign/data
      btrfs -q subvolume create target; cd target
      mkdir dir empty; echo old > dir/file; head -c 8192 /dev/urandom > data; ln data hard
      ln -s ../outside link; ln -s ../outside/file filelink; ln -s . here; ln -s dir/file inlink
      mknod fifo p; mknod null c 1 3; mknod disk b 7 0; ln -s /proc/self/root magic
      btrfs -q subvolume create dir/nested; echo 1 > dir/nested/file; mkdir dir/nested/d
      btrfs -q subvolume create dir/hollow; head -c 8192 /dev/urandom > dir/nested/data
      mkdir mounted; mount -t tmpfs none mounted; echo 1 > mounted/file
      """, mount.path)
    before = try Self.canary(mount)
  }

  /// All that is outside of the target, with contents and change times.
  private static func canary(_ mount: BtrfsFixture) throws -> String {
    let log = try run(
      "bash", "-euc",
      """
      cd "$0"; find outside foreign target/dir/nested target/dir/hollow target/mounted \
        -printf '%p %y %m %U %G %s %T@ %C@ %n %i %l\\n' | LC_ALL=C sort
      find outside foreign target/dir/nested target/mounted -type f -exec sha256sum {} + | sort
      """, mount.path)
    return String(decoding: log, as: UTF8.self)
  }

  func target() throws -> Descriptor { try Descriptor.open(mount.path + "/target", .directory) }

  /// The steps must fail at the last one, so, and touch nothing outside.
  func expect(
    _ steps: Step..., sources: CloneSources = CloneSources(),
    refusedAs isExpected: (ReceiveError.Reason) -> Bool,
    _ sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let reason = try ([.subvolume()] + steps).refusal(in: try target(), sources)
    #expect(
      reason.map(isExpected) == true, "got \(reason.map { "\($0)" } ?? "success")",
      sourceLocation: sourceLocation)
  }

  func expectUntouched() throws {
    let after = try Self.canary(mount)
    #expect(after == before)
  }

  func close() throws { try unmount(mount.path + "/target/mounted") }
}

@Suite("Refusing what a stream must not do", .btrfs)
struct ReceiveHostileTests {
  let bench: HostileBench

  init() throws { bench = try HostileBench() }

  /// Every command that has a path, on a path.
  static func everyCommand(on path: [UInt8]) -> [Step] {
    [
      .makeFile(path), .makeDirectory(path), .makeNode(path, mode: 0o020600), .makeFIFO(path),
      .makeSocket(path), .symlink(path, to: "x".bytes), .rename(path, to: "new".bytes),
      .rename("data".bytes, to: path), .link(path, to: "data".bytes),
      .link("new".bytes, to: path), .unlink(path), .removeDirectory(path),
      .setXattr(path, "user.x".bytes), .removeXattr(path, "user.x".bytes), .write(path),
      .clone(path, from: "data".bytes), .clone("hard".bytes, from: path), .truncate(path),
      .changeMode(path), .changeOwner(path), .setTimes(path), .allocate(path),
      .setFileAttributes(path),
    ]
  }

  static let badPaths: [[UInt8]] =
    [
      "../outside/file", "..", ".", "./data", "dir/..", "dir/../data", "dir/./file", "/", "/data",
      "/etc/passwd", "data/", "dir//file", "//data", "dir/../../outside/file", "\0", "data\0",
      "da\0ta", "dir\0/file",
    ].map(\.bytes)
    + [
      [UInt8](repeating: UInt8(ascii: "n"), count: 256),
      "dir/".bytes + [UInt8](repeating: UInt8(ascii: "n"), count: 256),
      [UInt8]((0..<2048).flatMap { _ in "d/".bytes }.dropLast()) + "x".bytes,
    ]

  @Test("A path that is not a path of a stream, in any place of any command")
  func badPaths() throws {
    for path in Self.badPaths {
      for step in Self.everyCommand(on: path) {
        try bench.expect(step) { reason in reason == .badPath(path) }
      }
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("The root itself, where a name is needed")
  func root() throws {
    for step in [
      .makeFile([]), .makeDirectory([]), .makeFIFO([]), .symlink([], to: "x".bytes),
      .rename([], to: "x".bytes), .rename("data".bytes, to: []), .link([], to: "data".bytes),
      .link("x".bytes, to: []), .unlink([]), .removeDirectory([]),
    ] as [Step] {
      try bench.expect(step) { $0 == .badPath([]) }
    }
    for step in [.write([]), .truncate([]), .allocate([])] as [Step] {
      try bench.expect(step) { $0 == .notRegularFile(.directory) }
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test(
    "A way through a symbolic link, into a nested subvolume or onto another file system",
    arguments: [
      "link/file", "here/data", "here/here/dir/file", "magic/etc/hostname", "dir/nested/file",
      "dir/nested/d", "dir/nested/new", "mounted/file", "mounted/new",
    ])
  func waysOut(_ path: String) throws {
    for step in Self.everyCommand(on: path.bytes) {
      try bench.expect(step) {
        if case .notConfined = $0 { return true }
        return false
      }
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test(
    "A nested subvolume and a mount point are left as they are",
    arguments: ["dir/nested", "dir/hollow", "mounted"])
  func borders(_ path: String) throws {
    for step in Self.everyCommand(on: path.bytes) {
      try bench.expect(step) {
        switch $0 {
        case .notConfined: true
        // The name is taken; or is no file, or none of this directory.
        case .system(let error):
          [.fileExists, .isDirectory, .notPermitted, .busy, .notDirectory, .crossDevice]
            .contains(error.errno)
        default: false
        }
      }
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("A nested subvolume inside of what is removed or replaced stays")
  func nestedInside() throws {
    for step in [.removeDirectory("dir".bytes), .rename("empty".bytes, to: "dir".bytes)] as [Step] {
      try bench.expect(step) {
        if case .system(let error) = $0 { return error.errno == .directoryNotEmpty }
        return false
      }
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("Data for anything but a regular file; a symbolic link is never followed")
  func notRegularFiles() throws {
    for (path, type) in [
      ("link", .symbolicLink), ("filelink", .symbolicLink), ("inlink", .symbolicLink),
      ("fifo", .fifo), ("null", .characterDevice), ("disk", .blockDevice), ("dir", .directory),
    ] as [(String, FileType)] {
      let path = path.bytes
      for step in [
        .write(path), .truncate(path), .allocate(path), .clone(path, from: "data".bytes),
        .clone("hard".bytes, from: path),
      ] as [Step] {
        try bench.expect(step) { $0 == .notRegularFile(type) }
      }
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("Metadata of a symbolic link is its own")
  func linkMetadata() throws {
    let link = "filelink".bytes
    try [
      .subvolume(), .changeOwner(link), .setTimes(link), .setXattr(link, "trusted.x".bytes),
      .removeXattr(link, "trusted.x".bytes), .removeXattr(link, "trusted.x".bytes),
    ].carryOut(in: bench.target())
    let status = try bench.target().status(of: link)
    #expect(status.user == 5)
    #expect(status.modificationTime == FileTime(seconds: 1_000_000_000, nanoseconds: 2))
    try bench.expect(.changeMode(link)) {
      if case .system(let error) = $0 { return error.errno == .notSupported }
      return false
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("Metadata of devices and FIFOs, without opening them")
  func specialMetadata() throws {
    for name in ["fifo", "null", "disk"] {
      let path = name.bytes
      try [
        .subvolume(), .changeMode(path, 0o4751), .changeOwner(path), .setTimes(path),
        .setXattr(path, "trusted.x".bytes),
      ].carryOut(in: bench.target())
      let status = try bench.target().status(of: path)
      #expect(status.permissions == 0o4751 || name == "fifo" || status.permissions == 0o751)
      #expect(status.user == 5 && status.modificationTime.nanoseconds == 2)
    }
    try bench.close()
  }

  @Test("An existing file is not made again, and keeps its data")
  func existing() throws {
    for path in ["data", "dir/file", "dir", "link", "filelink", "fifo", "null"] {
      for step in [
        .makeFile(path.bytes), .makeDirectory(path.bytes), .makeFIFO(path.bytes),
        .symlink(path.bytes, to: "x".bytes), .link(path.bytes, to: "hard".bytes),
      ] as [Step] {
        try bench.expect(step) {
          if case .system(let error) = $0 { return error.errno == .fileExists }
          return false
        }
      }
    }
    let file = try bench.target().open(beneath: "dir/file")
    #expect(try file.bytes(at: 0, count: 9) == "old\n".bytes)
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("Clone sources elsewhere")
  func cloneSources() throws {
    let sources = CloneSources()
    let known = Step.makeUUID(0x22)
    try sources.add(try Descriptor.open(bench.mount.path + "/foreign", .directory), as: known)
    let (data, hard) = ("data".bytes, "hard".bytes)
    try bench.expect(.clone(hard, from: data, of: Step.makeUUID(0x33)), sources: sources) {
      $0 == .unknownCloneSource(Step.makeUUID(0x33))
    }
    try bench.expect(.clone(hard, from: data, of: .none), sources: sources) {
      $0 == .unknownCloneSource(.none)
    }
    for path in ["../outside/data", "/data", "", "../target/data"] where !path.isEmpty {
      try bench.expect(.clone(hard, from: path.bytes, of: known), sources: sources) {
        $0 == .badPath(path.bytes)
      }
    }
    try bench.expect(.clone(hard, from: [], of: known), sources: sources) {
      $0 == .notRegularFile(.directory)
    }
    // The right one, to see that the above was not refused for another reason.
    try [.subvolume(), .makeFile("c".bytes), .clone("c".bytes, from: data, of: known)]
      .carryOut(in: bench.target(), sources)
    let copy = try bench.target().open(beneath: "c")
    let original = try Descriptor.open(bench.mount.path + "/foreign/data")
    #expect(try copy.bytes(at: 0, count: 9000) == original.bytes(at: 0, count: 4096))
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("Lengths of 4 GiB and more are cloned whole, or refused, never cut")
  func longClones() throws {
    let length: UInt64 = 4 << 30 + 4096
    let (big, copy) = ("big".bytes, "copy".bytes)
    try [
      .subvolume(), .makeFile(big), .truncate(big, to: length),
      .write(big, [9], at: length - 1), .makeFile(copy), .clone(copy, from: big, length: length),
    ].carryOut(in: bench.target())
    let file = try bench.target().open(beneath: copy)
    #expect(try file.status().size == length)
    #expect(try file.bytes(at: length - 1, count: 9) == [9])
    for length in [length + 4096, 1 << 40, 1 << 63, .max] {
      try bench.expect(.clone(copy, from: big, length: length)) {
        if case .system = $0 { return true }
        return false
      }
    }
    try bench.expect(.clone(copy, from: big, length: 0)) { $0 == .badValue(.cloneLength, 0) }
    try bench.close()
  }

  @Test("Offsets, sizes, owners, types, times and modes that cannot be")
  func badValues() throws {
    let data = "data".bytes
    for step in [
      .write(data, at: 1 << 63), .write(data, at: .max), .write(data, at: (1 << 63) - 2),
      .truncate(data, to: 1 << 63), .truncate(data, to: .max), .allocate(data, at: .max),
      .allocate(data, .max), .allocate(data, 0), .clone("hard".bytes, from: data, at: .max),
      .clone("hard".bytes, from: data, to: .max - 4095), .clone("hard".bytes, from: data, at: 1),
    ] as [Step] {
      try bench.expect(step) {
        if case .system = $0 { return true }
        return false
      }
    }
    let beyond: UInt64 = 1 << 32
    for (step, attribute, value) in [
      (.changeOwner(data, beyond, 0), .uid, beyond), (.changeOwner(data, 0, beyond), .gid, beyond),
      (.changeOwner(data, beyond - 1, 0), .uid, beyond - 1),
      (.changeOwner(data, 0, beyond - 1), .gid, beyond - 1),
      (.makeNode("n".bytes, mode: 0o100644), .mode, 0o100644),
      (.makeNode("n".bytes, mode: 0o040755), .mode, 0o040755),
      (.makeNode("n".bytes, mode: 0o120777), .mode, 0o120777),
      (.makeNode("n".bytes, mode: 0o644), .mode, 0o644),
      (.makeNode("n".bytes, mode: beyond | 0o020644), .mode, beyond | 0o020644),
      (.makeNode("n".bytes, mode: 0o020644, device: beyond), .device, beyond),
      (.setTimes(data, access: 1_000_000_000), .accessTime, 1_000_000_000),
      (.setTimes(data, modification: 0x3FFF_FFFF), .modificationTime, 0x3FFF_FFFF),
      (.setTimes(data, modification: .max), .modificationTime, UInt64(UInt32.max)),
      (.allocate(data, mode: 8), .allocationMode, 8),
      (.allocate(data, mode: 0x8000_0000), .allocationMode, 0x8000_0000),
    ] as [(Step, AttributeKind, UInt64)] {
      try bench.expect(step) { $0 == .badValue(attribute, value) }
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("Names of attributes and targets of links that cannot be")
  func badNames() throws {
    for name in [[], [0], "user.a\0b".bytes, [UInt8](repeating: 97, count: 256)] {
      try bench.expect(.setXattr("data".bytes, name)) { $0 == .badAttributeName(name) }
      try bench.expect(.removeXattr("data".bytes, name)) { $0 == .badAttributeName(name) }
    }
    for target in [[], [0], "a\0b".bytes, [UInt8](repeating: 97, count: 4096)] {
      try bench.expect(.symlink("s".bytes, to: target)) { $0 == .badLinkTarget }
    }
    try bench.close()
  }

  @Test("The longest names, paths, targets and attribute names there are")
  func limits() throws {
    let name = [UInt8](repeating: UInt8(ascii: "n"), count: 255)
    var steps: [Step] = [.subvolume()]
    var path: [UInt8] = []
    while path.count + 256 < 4095 {
      path += (path.isEmpty ? [] : "/".bytes) + [UInt8](repeating: UInt8(ascii: "d"), count: 255)
      steps.append(.makeDirectory(path))
    }
    let longest = path + "/".bytes + name.prefix(4095 - path.count - 1)
    let target = "../".bytes + [UInt8](repeating: UInt8(ascii: "t"), count: 4092)
    steps += [
      .makeFile(name), .makeFile(longest), .write(longest), .setTimes(longest),
      .symlink("s".bytes, to: target),
      .setXattr(name, "user.".bytes + [UInt8](repeating: 97, count: 250)),
    ]
    #expect(longest.count == 4095)
    try steps.carryOut(in: bench.target())
    try bench.expect(.makeFile(longest + "x".bytes)) { $0 == .badPath(longest + "x".bytes) }
    #expect(try bench.target().symbolicLinkTarget(of: "s") == target)
    try bench.close()
  }

  @Test("Commands before SUBVOL, a second one, and commands after END")
  func order() throws {
    for step in Self.everyCommand(on: "data".bytes) + [.end] {
      #expect(try [step].refusal(in: bench.target()) == .outOfOrder)
      #expect(try [.subvolume(), .end, step].refusal(in: bench.target()) == .outOfOrder)
    }
    #expect(try [.finish].refusal(in: bench.target()) == .outOfOrder)
    for first in [Step.subvolume(), .snapshot()] {
      for second in [Step.subvolume(), .snapshot()] {
        #expect(try [first, second].refusal(in: bench.target()) == .outOfOrder)
        #expect(try [first, .end, second].refusal(in: bench.target()) == .outOfOrder)
      }
      #expect(try [first, .finish].refusal(in: bench.target()) == .outOfOrder)
      #expect(try [first, .end, .finish, .finish].refusal(in: bench.target()) == .failedBefore)
    }
    for name in ["", "..", ".", "a/b", "/", "a\0", "../x"] {
      #expect(try [.subvolume(name)].refusal(in: bench.target()) == .badPath(name.bytes))
    }
    try bench.expectUntouched()
    try bench.close()
  }

  @Test("Nothing is carried out after a failure")
  func afterFailure() throws {
    var receiver = try Receiver(root: bench.target())
    try Step.subvolume().carryOut(&receiver)
    for step in [Step.makeFile("..".bytes), .makeFile("fine".bytes), .end, .finish, .subvolume()] {
      do throws(ReceiveError) {
        try step.carryOut(&receiver)
        Issue.record("carried out")
      } catch {
        #expect(error.reason == .badPath("..".bytes) || error.reason == .failedBefore)
      }
    }
    #expect(try bench.target().hasEntry("fine") == false)
    try bench.close()
  }

  @Test("What is not supported says so")
  func unsupported() throws {
    let data = "data".bytes
    try bench.expect(.updateExtent(data)) { $0 == .unsupported }
    let error = ReceiveError(
      command: .updateExtent, path: "a\n\"b".bytes, reason: .unsupported)
    #expect(
      "\(error)"
        == #"update_extent "a\u{a}\"b": commands of this kind are not supported"#)
    try bench.close()
  }

  @Test("A cached name is forgotten when it is renamed, replaced or removed")
  func staleNames() throws {
    let (a, b, c) = ("a".bytes, "b".bytes, "c".bytes)
    try [
      .subvolume(), .makeDirectory(a), .makeDirectory(b), .makeFile("a/f".bytes),
      .write("a/f".bytes, [1]), .makeFile("b/f".bytes), .write("b/f".bytes, [2]),
      // The directories change places, and then the files do.
      .rename(a, to: c), .rename(b, to: a), .rename(c, to: b),
      .write("a/f".bytes, [3], at: 1), .write("b/f".bytes, [4], at: 1),
      .rename("a/f".bytes, to: "a/g".bytes), .rename("b/f".bytes, to: "a/f".bytes),
      .write("a/f".bytes, [5], at: 2), .write("a/g".bytes, [6], at: 2),
      // One replaces the other; then the name is taken away, and made anew.
      .rename("a/f".bytes, to: "a/g".bytes), .write("a/g".bytes, [7], at: 3),
      .link("a/h".bytes, to: "a/g".bytes), .unlink("a/g".bytes), .makeFile("a/g".bytes),
      .write("a/g".bytes, [8]), .write("a/h".bytes, [9], at: 4),
      // Both names are of one inode: renaming does nothing.
      .link("a/i".bytes, to: "a/h".bytes), .rename("a/h".bytes, to: "a/i".bytes),
      .write("a/h".bytes, [10], at: 5), .removeDirectory(b), .makeFile(b), .write(b, [11]),
    ].carryOut(in: bench.target())
    for (path, expected) in [("a/g", [8]), ("a/h", [1, 4, 5, 7, 9, 10]), ("b", [11])]
      as [(
        String, [UInt8]
      )]
    {
      let file = try bench.target().open(beneath: path)
      let bytes = try file.bytes(at: 0, count: 100)
      #expect(bytes == expected, "\(path)")
    }
    try bench.close()
  }
}
