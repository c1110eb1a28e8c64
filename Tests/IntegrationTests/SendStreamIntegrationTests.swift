import Bytes
import Foundation
import SendStream
import TestSupport
import Testing

@Suite("Streams that this kernel sends", .serialized)
struct SendStreamIntegrationTests {
  /// What to send, how much of which command it has to have at least, and where the clock is: the
  /// zone as TZ has it, and its seconds from UTC.
  struct Sending: CustomTestStringConvertible, Sendable {
    var name: String
    var arguments: [String]
    var has: [CommandKind]
    var zone = ("UTC", 0)
    var testDescription: String { name }
  }

  static let sendings = [
    Sending(
      name: "version 1", arguments: ["first"],
      has: [.makeNode, .makeFIFO, .makeSocket, .symlink, .link, .setXattr, .clone, .write]),
    Sending(
      name: "version 2", arguments: ["--proto", "2", "first"], has: [.setTimes, .clone],
      zone: ("XXX3:30", -12_600)),
    Sending(
      name: "version 2, compressed", arguments: ["--proto", "2", "--compressed-data", "packed"],
      has: [.encodedWrite], zone: ("YYY-5:45", 20_700)),
    Sending(
      name: "incremental", arguments: ["-p", "first", "second"],
      has: [.snapshot, .rename, .unlink, .removeDirectory, .removeXattr, .truncate]),
    Sending(
      name: "incremental, version 2", arguments: ["--proto", "2", "-p", "first", "second"],
      has: [.snapshot, .setFileAttributes]),
    Sending(
      name: "two subvolumes without END between", arguments: ["-e", "first", "packed"],
      has: [.subvolume]),
    Sending(name: "two streams", arguments: ["first", "packed"], has: [.end, .subvolume]),
    Sending(name: "without data", arguments: ["--no-data", "first"], has: [.updateExtent]),
  ]

  @Test("Each comes back to the byte and is dumped as by btrfs", arguments: sendings)
  func sent(sending: Sending) throws {
    try LoopMount.with { directory in
      try makeTrees(directory)
      try shell("btrfs -q send -f stream \(sending.arguments.joined(separator: " "))", directory)
      let bytes = try Array(Data(contentsOf: directory.appending(path: "stream")))
      let offset = sending.zone.1
      let formatter = DumpFormatter(style: try installedStyle(), utcOffset: { _ in offset })
      let contents = try StreamContents(bytes, chunk: 65_536, dump: formatter)
      #expect(contents.written == bytes)
      #expect(contents.copied == bytes)
      for kind in sending.has { #expect(contents.statistics[kind] > 0, "\(kind)") }
      let dump = try stockDump("stream", of: contents, zone: sending.zone.0, directory)
      #expect(firstDifferentLine(contents.dump, dump) == nil)
    }
  }

  @Test("Every command that we write is dumped alike", arguments: [1, 2] as [UInt16])
  func handmade(base: UInt16) throws {
    let bytes = try SampleCommands.stream(StreamVersion(base: base))
    let directory = FileManager.default.temporaryDirectory.appending(path: "dump-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try Data(bytes).write(to: directory.appending(path: "stream"))
    let formatter = DumpFormatter(style: try installedStyle(), utcOffset: { _ in 20_700 })
    let contents = try StreamContents(bytes, dump: formatter)
    let dump = try stockDump("stream", of: contents, zone: "YYY-5:45", directory)
    #expect(firstDifferentLine(contents.dump, dump) == nil)
  }

  @Test("A stream of version 1 that is written as version 2 is received, and is the same tree")
  func otherVersion() throws {
    try LoopMount.with { directory in
      try makeTrees(directory)
      try shell("btrfs -q send -f stream first", directory)
      let bytes = try Array(Data(contentsOf: directory.appending(path: "stream")))
      var reader = StreamReader(maximumBase: 1)
      var writer = StreamWriter(version: StreamVersion(base: 2))
      writer.writeHeader()
      reader.append(bytes.rawSpan)
      while let element = try reader.next() {
        if case .command(let frame) = element { try writer.write(frame) }
      }
      try Data(writer.bytes).write(to: directory.appending(path: "stream"))
      try shell("mkdir received && btrfs -q receive -f stream received", directory)
      // Contents, names, modes, owners, times and links; sockets and pipes are not opened.
      let list = "find . -printf '%P %y %m %U:%G %T@ %l %n\\n' | sort"
      try shell("(cd first && \(list)) >a; (cd received/first && \(list)) >b; cmp a b", directory)
      let sums = "find . -type f -exec sha256sum {} + | sort"
      try shell("(cd first && \(sums)) >a; (cd received/first && \(sums)) >b; cmp a b", directory)
    }
  }

  /// The read-only snapshots `first`, `second`, which grew out of it, and `packed`.
  private func makeTrees(_ directory: URL) throws {
    try shell(
      """
      umask 022
      btrfs -q subvolume create tree
      mkdir -p tree/dir/deep tree/goes
      head -c 300000 /dev/urandom >tree/random
      echo text >tree/dir/small
      echo odd >"tree/dir/$(printf 'blank backslash\\134 newline\\nbytes\\377\\001')"
      ln tree/dir/small tree/dir/deep/hard
      ln -s '../dir/a target' tree/symbolic
      mkfifo tree/pipe
      mknod tree/block b 8 17
      mknod tree/character c 260 70000
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/socket")'
      python3 -c 'import os; os.setxattr("tree/dir", "user.binary", bytes(range(1, 256)))'
      python3 -c 'import os; os.setxattr("tree/dir/small", "user.a", b"one\\0two\\n")'
      cp --reflink=always tree/random 'tree/a clone'
      truncate -s 40M tree/sparse
      printf end >>tree/sparse
      chown 1000:1001 tree/dir/small
      chmod 4755 tree/random
      touch -d '1969-02-03 04:05:06.789 UTC' tree/dir/small
      btrfs -q subvolume snapshot -r tree first
      printf changed | dd of=tree/random bs=1 seek=9000 conv=notrunc status=none
      fallocate --punch-hole --offset 40960 --length 81920 tree/random
      truncate -s 5000 'tree/a clone'
      mv tree/dir/deep tree/moved
      rm tree/symbolic tree/pipe
      rmdir tree/goes
      chattr +d tree/dir/small
      python3 -c 'import os; os.removexattr("tree/dir/small", "user.a")'
      btrfs -q subvolume snapshot -r tree second
      btrfs -q subvolume create packing
      btrfs property set packing compression zstd
      seq 100000 >packing/large
      seq 300 >packing/inline
      sync
      btrfs -q subvolume snapshot -r packing packed
      """, directory)
  }

  /// What `btrfs receive --dump` prints, which stops after the first stream and reads no further.
  private func stockDump(
    _ file: String, of contents: StreamContents, zone: String, _ directory: URL
  ) throws -> [UInt8] {
    let count = contents.versions.count
    let dumps = Array(repeating: "TZ='\(zone)' btrfs receive --dump", count: count)
    try shell("{ \(dumps.joined(separator: "; ")); } <\(file) >dump", directory)
    return try Array(Data(contentsOf: directory.appending(path: "dump")))
  }

  /// The style of the btrfs-progs that are installed.
  private func installedStyle() throws -> DumpFormatter.Style {
    let directory = FileManager.default.temporaryDirectory.appending(path: "version-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try shell("btrfs --version | head -n 1 >version", directory)
    let text = try String(contentsOf: directory.appending(path: "version"), encoding: .utf8)
    let version = try #require(text.firstMatch(of: /v(\d+)\.(\d+)/))
    let numbers = [Int(version.1) ?? 0, Int(version.2) ?? 0]
    return numbers.lexicographicallyPrecedes([6, 10]) ? .btrfsProgs6_2 : .btrfsProgs6_10
  }
}

/// A fresh btrfs on a loop device.
private enum LoopMount {
  static func with(_ body: (URL) throws -> Void) throws {
    let work = FileManager.default.temporaryDirectory.appending(path: "loop-\(UUID())")
    let mount = work.appending(path: "mount")
    try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: work) }
    try shell("truncate -s 512M disk; mkfs.btrfs -q disk >log 2>&1; mount -o loop disk mount", work)
    do {
      try body(mount)
    } catch {
      try shell("umount --lazy mount", work)
      throw error
    }
    try shell("umount mount", work)
  }
}

/// Runs a shell script, each of whose commands has to succeed.
private func shell(_ script: String, _ directory: URL) throws {
  let process = Process()
  process.executableURL = URL(filePath: "/bin/bash")
  process.arguments = ["-ec", script]
  process.currentDirectoryURL = directory
  process.standardInput = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  try #require(process.terminationStatus == 0, "\(script)")
}
