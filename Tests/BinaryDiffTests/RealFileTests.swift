import BinaryDiff
import BinaryPatch
import Bytes
import Foundation
import TestSupport
import Testing

@Suite("Making patches of real programs, beside bsdiff")
struct RealFileTests {
  /// Runs a program that must succeed.
  private func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  /// The sizes of our patch in xz and of bsdiff's, both checked to give new.
  private func sizes(_ old: [UInt8], _ new: [UInt8]) throws -> (ours: Int, theirs: Int) {
    let made = try patch([old], new)
    let back = try apply(made, to: [old])
    #expect(back == new)
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "diff-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = { (name: String) in directory.appending(path: name).path }
    try Data(old).write(to: directory.appending(path: "old"))
    try Data(new).write(to: directory.appending(path: "new"))
    try Data(made).write(to: directory.appending(path: "patch"))
    try run("/usr/bin/bsdiff", [path("old"), path("new"), path("bsdiff")])
    try run("/usr/bin/xz", ["-9e", path("patch")])
    let size = { (name: String) in try Data(contentsOf: directory.appending(path: name)).count }
    return (try size("patch.xz"), try size("bsdiff"))
  }

  @Test("An edited shell takes no more than bsdiff and a little")
  func edited() throws {
    var random = SeededGenerator.ofTest("edited shell")
    let old = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "/bin/bash")))
    let new = mutated(old, edits: 25, using: &random)
    let (ours, theirs) = try sizes(old, new)
    #expect(ours <= theirs + theirs / 10 + 100)
  }

  @Test("Two programs that share a little take no more than bsdiff and a little")
  func strangers() throws {
    let old = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "/bin/ls")))
    let new = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "/bin/cp")))
    let (ours, theirs) = try sizes(old, new)
    #expect(ours <= theirs + theirs / 10)
  }
}
