import Btrfs
import Bytes
import Foundation
import Linux
import SendStream
import TestSupport
import Testing

/// `btrfs-delta receive` on the file system of the test that is running, and `btrfs receive` beside it.
struct ReceiveProgram {
  let bench: ReceiveBench
  let program: String

  init() throws {
    bench = try ReceiveBench()
    program = try BuiltProgram.path("btrfs-delta")
  }

  func path(_ name: String) -> String { bench.path(name) }

  /// Runs it with a stream from a file.
  @discardableResult
  func receive(
    _ stream: String, into directory: String = "ours", _ options: String...,
    environment: [String: String] = [:]
  ) throws -> ProgramResult {
    // What does not end has to be noticed.
    try runProgram(
      ["timeout", "60", program, "receive"] + options
        + ["-f", path("streams/\(stream)"), path(directory)], environment: environment)
  }

  func stock(
    _ stream: String, into directory: String = "stock", _ options: String...
  ) throws -> ProgramResult {
    try runProgram(
      ["timeout", "60", "btrfs", "receive"] + options
        + ["-f", path("streams/\(stream)"), path(directory)])
  }

  func write(_ bytes: [UInt8], as stream: String) throws {
    try Data(bytes).write(to: URL(filePath: path("streams/\(stream)")))
  }

  func bytes(of stream: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path("streams/\(stream)"))))
  }

  func names(in directory: String) throws -> [String] {
    let root = try bench.open(directory)
    return try root.entries().map { String(decoding: $0.name, as: UTF8.self) }.sorted()
  }

  func info(_ subvolume: String) throws -> SubvolumeInfo {
    try Subvolume.info(of: bench.open(subvolume))
  }

  /// Makes a received subvolume another one, without the received UUID going, as older tools do.
  func tamper(_ subvolume: String, _ script: String) throws {
    let root = try bench.open(subvolume)
    try Subvolume.setReadOnly(false, root)
    try bench.shell(script, in: subvolume)
    try Subvolume.setReadOnly(true, root)
  }

  func record(_ subvolume: String) throws -> TreeRecord {
    try TreeRecord(of: bench.open(subvolume))
  }

  func expectSame(
    _ one: String, _ other: String, _ sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try record(one).differences(to: record(other), "\(one), \(other)")
    #expect(found.prefix(3) == [], sourceLocation: sourceLocation)
  }

  /// Makes snapshots `v1` and `v2`, and their streams.
  func makeIncrement(_ before: String, _ change: String, version: Int = 1) throws {
    try bench.shell(before)
    _ = try bench.snapshot("v1", version: version)
    try bench.shell(change)
    _ = try bench.snapshot("v2", version: version, parent: "v1")
  }

  /// A stream that a test makes by hand.
  func makeStream(_ name: String, _ commands: [UInt8]..., end: Bool = true) throws {
    var stream = streamHeader(1) + commands.flatMap(\.self)
    if end { stream += rawCommand(.end) }
    try write(stream, as: name)
  }

  static func makeFile(_ path: String) -> [UInt8] {
    rawCommand(.makeFile, tlv(.path, path), tlv(.inode, number: UInt64(300)))
  }

  static func unlink(_ path: String) -> [UInt8] { rawCommand(.unlink, tlv(.path, path)) }
}
