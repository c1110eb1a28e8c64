import Btrfs
import Bytes
import Foundation
import Linux
import Receive
import SendStream
import TestSupport
import Testing

/// A file system in which a subvolume `work` is changed, sent, and received twice: by
/// `btrfs receive` into `stock`, and by the receiver under test into `ours`.
struct ReceiveBench {
  let mount = BtrfsFixture.current

  /// - Parameter existing: whether `work` is there already.
  init(existing: Bool = false) throws {
    if !existing { try run("btrfs", "-q", "subvolume", "create", path("work")) }
    for name in ["stock", "ours", "streams"] { try run("mkdir", path(name)) }
  }

  func path(_ name: String) -> String { mount.path + "/" + name }

  /// Runs a script in `work`, or elsewhere.
  func shell(_ script: String, in directory: String = "work") throws {
    try run("bash", "-euc", "cd \"$0\"\n" + script, path(directory))
  }

  func text(_ command: String...) throws -> String {
    let result = try runProgram(command)
    guard result.status == 0 else {
      throw BenchFailure(description: "\(command): \(result.status): \(result.errors)")
    }
    return String(decoding: result.output, as: UTF8.self)
  }

  func open(_ name: String, _ flags: OpenFlags = .directory) throws -> Descriptor {
    try Descriptor.open(path(name), flags)
  }

  /// Sets an extended attribute in `work`, also a symbolic link's own.
  func setAttribute(_ file: String, _ name: String, _ value: [UInt8]) throws {
    let work = try open("work")
    let named = try work.open(beneath: file, [.path, .noFollow])
    try named.setAttribute(name, to: value.rawSpan)
  }

  func removeAttribute(_ file: String, _ name: String) throws {
    let work = try open("work")
    let named = try work.open(beneath: file, [.path, .noFollow])
    try named.removeAttribute(name)
  }

  /// Makes a read-only snapshot of `work`, and gives what `btrfs send` sends of it.
  func snapshot(
    _ name: String, version: Int, parent: String? = nil, cloneSources: [String] = [],
    compressed: Bool = false
  ) throws -> [UInt8] {
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", path("work"), path(name))
    return try send(
      name, version: version, parent: parent, cloneSources: cloneSources, compressed: compressed)
  }

  func send(
    _ name: String, version: Int, parent: String? = nil, cloneSources: [String] = [],
    compressed: Bool = false, as file: String? = nil
  ) throws -> [UInt8] {
    let stream = path("streams/\(file ?? name)")
    var command = ["btrfs", "-q", "send", "--proto", "\(version)", "-f", stream]
    if compressed { command.append("--compressed-data") }
    if let parent { command += ["-p", path(parent)] }
    for source in cloneSources { command += ["-c", path(source)] }
    let result = try runProgram(command + [path(name)])
    guard result.status == 0 else { throw BenchFailure(description: result.errors) }
    return [UInt8](try Data(contentsOf: URL(filePath: stream)))
  }

  /// What `btrfs receive` makes of the stream of a snapshot.
  func receiveByStock(_ name: String) throws {
    try run("btrfs", "-q", "receive", "-f", path("streams/\(name)"), path("stock"))
  }

  /// What the receiver makes of a stream, finished as `btrfs receive` does.
  func receive(
    _ stream: [UInt8], as name: String, parent: String? = nil, cloneSources: [String] = [],
    options: ReceiveOptions = ReceiveOptions()
  ) throws {
    let ours = try open("ours")
    if let parent {
      let source = try open("ours/\(parent)")
      try Subvolume.snapshot(of: source, as: name, in: ours, readOnly: false)
    } else {
      try Subvolume.create(name, in: ours)
    }
    let sources = CloneSources()
    for source in cloneSources + (parent.map { [$0] } ?? []) {
      let root = try open("ours/\(source)")
      let info = try Subvolume.info(of: root)
      let bytes = info.receivedUUID.bytes
      let found = SubvolumeUUID(bytes.rawSpan)
      let uuid = try #require(found)
      try sources.add(root, as: uuid)
    }
    let end = try Replay.carryOut(
      stream, in: try open("ours/\(name)"), sources, options: options)
    let root = try open("ours/\(name)")
    let bytes = end.uuid.bytes
    let found = SubvolumeUUID(bytes.rawSpan)
    let uuid = try #require(found)
    try Subvolume.setReceived(root, uuid: uuid, sendTransaction: end.ctransid)
    try Subvolume.setReadOnly(true, root)
  }

  /// Two trees that must not differ.
  func expectSame(
    _ one: String, _ other: String, asSent: Bool = false,
    _ sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var found = try differences(one, other)
    if asSent { found += try streamDifferences(one, other) }
    #expect(found.prefix(5) == [], sourceLocation: sourceLocation)
  }

  /// What differs between two trees, by witnesses that know nothing of the receiver.
  func differences(_ one: String, _ other: String) throws -> [String] {
    var found: [String] = []
    for (from, to) in [(one, other), (other, one)] {
      let log = try text(
        "rsync", "-naHAXc", "--delete", "--itemize-changes", path(from) + "/", path(to) + "/")
      if !log.isEmpty { found.append("rsync from \(from) to \(to):\n\(log)") }
    }
    found += try Self.lines("listing", try listing(one), try listing(other))
    return found
  }

  /// What differs in what the kernel sends of two subvolumes of the same name: extents and holes
  /// too.
  func streamDifferences(_ one: String, _ other: String) throws -> [String] {
    try Self.lines("dump", try dump(one), try dump(other))
  }

  private static func lines(_ what: String, _ one: String, _ other: String) throws -> [String] {
    let (ones, others) = (one.split(separator: "\n"), other.split(separator: "\n"))
    if ones.count != others.count { return ["\(what): \(ones.count) != \(others.count) lines"] }
    return zip(ones, others).filter { $0 != $1 }.map { "\(what): \($0) != \($1)" }
  }

  /// Type, mode, owner, size of files, nanosecond times, links, target and device of everything.
  private func listing(_ name: String) throws -> String {
    try text(
      "bash", "-euc",
      """
      cd "$0"
      find . ! -type d -printf '%P %y %m %U %G %s %T+ %n %l\\n' | LC_ALL=C sort
      find . -type d -printf '%P %m %U %G %T+\\n' | LC_ALL=C sort
      find . \\( -type b -o -type c \\) -exec stat -c '%n %t:%T' {} + | LC_ALL=C sort
      """, path(name))
  }

  /// Times but mtime, UUIDs and transactions, also in orphans' names, are of the receiving.
  private func dump(_ name: String) throws -> String {
    let stream = path("streams/dump")
    try run("btrfs", "-q", "send", "-f", stream, path(name))
    let dump = try text("btrfs", "receive", "--dump", "-f", stream)
    return dump.split(separator: "\n").map { line in
      line.replacing(/o(\d+)-\d+-/) { "o\($0.1)-" }.split(separator: " ").filter { word in
        !["atime=", "ctime=", "uuid=", "transid="].contains { word.hasPrefix($0) }
      }.joined(separator: " ")
    }.joined(separator: "\n")
  }
}

/// A program that the bench needs has failed.
struct BenchFailure: Error, CustomStringConvertible {
  var description: String
}

/// Replays a stream into a receiver.
enum Replay {
  /// What the receiver knew at the stream's end.
  struct End {
    var uuid: SubvolumeUUID
    var ctransid: UInt64
  }

  static func carryOut(
    _ stream: [UInt8], in root: consuming Descriptor, _ sources: CloneSources = CloneSources(),
    options: ReceiveOptions = ReceiveOptions()
  ) throws -> End {
    var receiver = try Receiver(root: root, cloneSources: sources, options: options)
    try forEachFrame(in: stream) { try receiver.carryOut(try Command(parsing: $0)) }
    try receiver.finish()
    return End(uuid: receiver.uuid, ctransid: receiver.ctransid)
  }
}
