import Bytes
import Foundation
import Linux
import Receive
import SendStream

/// Hostile streams carried out in a directory: nothing beside it may change.
struct ReceiveTarget: Target {
  static let name = "receive"
  // System calls, and some commands are short.
  static let nanosecondsPerByte = 100_000.0

  private static let hostilePaths = [
    "../outside/file", "link/file", "..", "link", "file/../../outside/file", "absolute",
    "d/link/file",
    "/tmp/x", "d/../../outside", "outside\0", "", ".", "d", "file", "self", "self/outside/file",
  ].map { Array($0.utf8) }

  private let streams: [[UInt8]]
  private let simple: [UInt8]
  private let surroundings: Surroundings

  init(_ corpus: Corpus) throws {
    streams = corpus.streams
    simple = try Self.makeSimple()
    surroundings = try Surroundings("receive")
  }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    let stream =
      Bool.random(using: &random) ? simple : streams.randomElement(using: &random) ?? []
    // Now and then as it is: then what refuses it is a fault of this target.
    let hostile =
      UInt8.random(in: 0..<8, using: &random) == 0
      ? stream : StreamTarget.mutated(Self.redirected(stream, using: &random), using: &random)
    return try check(hostile, &meter)
  }

  /// What any file system can do, and so is taken as it is: the others clone.
  private static func makeSimple() throws -> [UInt8] {
    var writer = StreamWriter(version: StreamVersion(base: 2))
    writer.writeHeader()
    let (name, directory, file) = (Array("v".utf8), Array("new".utf8), Array("new/file".utf8))
    let (other, link) = (Array("new/other".utf8), Array("new/link".utf8))
    let data = [UInt8](repeating: 7, count: 5000)
    let time = Timespec(seconds: 1_000_000_000, nanoseconds: 5)
    try writer.write(.subvolume(path: name.rawSpan, uuid: .none, ctransid: 7))
    try writer.write(.makeDirectory(path: directory.rawSpan, inode: 300))
    try writer.write(.makeFile(path: file.rawSpan, inode: 301))
    try writer.write(.write(path: file.rawSpan, offset: 100, data: data.rawSpan))
    try writer.write(.truncate(path: file.rawSpan, size: 9000))
    try writer.write(.link(path: other.rawSpan, existing: file.rawSpan))
    try writer.write(.symlink(path: link.rawSpan, inode: 302, target: file.rawSpan))
    try writer.write(.rename(path: other.rawSpan, to: name.rawSpan))
    try writer.write(.changeMode(path: file.rawSpan, mode: 0o640))
    try writer.write(
      .setTimes(
        path: file.rawSpan, access: time, modification: time, change: time, creation: time))
    try writer.write(.unlink(path: name.rawSpan))
    try writer.write(.end)
    return writer.bytes
  }

  /// A tree with links that lead out, afresh.
  private func makeTarget() throws -> Descriptor {
    let manager = FileManager.default
    let path = surroundings.target
    try Surroundings.remove(path)
    try manager.createDirectory(atPath: path + "/d", withIntermediateDirectories: true)
    try Data("old".utf8).write(to: URL(filePath: path + "/file"))
    for (name, destination) in [
      ("link", "../outside"), ("absolute", surroundings.outside + "/file"), ("self", ".."),
      ("d/link", "../../outside"),
    ] {
      try manager.createSymbolicLink(
        atPath: path + "/" + name, withDestinationPath: destination)
    }
    return try Descriptor.open(path, .directory)
  }

  /// Carries a stream out afresh; nothing beside the directory may change.
  private func check(_ stream: [UInt8], _ meter: inout Meter) throws -> Bool {
    let target = try makeTarget()
    let taken = try meter.measure(bytes: stream.count + 4096) {
      try refusable { try carryOut(stream, in: target.duplicate()) } != nil
    }
    try surroundings.check()
    return taken
  }

  private func carryOut(_ stream: [UInt8], in root: consuming Descriptor) throws {
    var receiver = try Receiver(root: root)
    var reader = StreamReader()
    reader.append(stream.rawSpan)
    while let element = try reader.next() {
      guard case .command(let frame) = element else { continue }
      try receiver.carryOut(Command(parsing: frame))
    }
    try reader.finish()
    try receiver.finish()
  }

  /// A stream of which some commands name other paths.
  private static func redirected(
    _ stream: [UInt8], using random: inout SeededGenerator
  ) -> [UInt8] {
    guard stream.count > 17 else { return stream }
    let number = UInt32(truncatingIfNeeded: stream.number(at: 13, width: 4))
    var out = Array(stream[..<17])
    var at = 17
    while at + 10 <= stream.count {
      let length = Int(stream.number(at: at, width: 4))
      guard length <= stream.count - at - 10 else { break }
      let kind = CommandKind(rawValue: UInt16(stream.number(at: at + 4, width: 2)))
      var payload = Array(stream[at + 10..<at + 10 + length])
      // PATH comes first in most commands.
      if UInt8.random(in: 0..<8, using: &random) == 0, payload.starts(with: [15, 0]),
        payload.count >= 4, kind != .subvolume, kind != .snapshot
      {
        let old = Int(payload.number(at: 2, width: 2))
        let path = hostilePaths.randomElement(using: &random) ?? []
        payload = [15, 0, UInt8(path.count), 0] + path + payload.dropFirst(4 + old)
      }
      let version = StreamVersion(rawValue: number)
      Frame(kind: kind, payload: payload.rawSpan, version: version).appendHeader(to: &out)
      out += payload
      at += 10 + length
    }
    return out
  }
}

extension ReceiveTarget: GuidedTarget {
  /// Streams of which every path is one that leads out, each in turn, too.
  var seeds: [[UInt8]] {
    var random = SeededGenerator(seed: 5)
    return [simple] + streams
      + (0..<64).map { _ in Self.redirected(simple, using: &random) }
  }

  mutating func take(_ input: [UInt8], _ meter: inout Meter) throws {
    _ = try check(StreamTarget.sealed(input), &meter)
  }
}
