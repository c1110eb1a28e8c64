import Foundation
import SendStream
import TestSupport
import Testing
import UpdateInstaller

@Suite("The README's example")
struct ReadmeTests {
  @Test("The README shows the very lines that are compiled here")
  func sameLines() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
    let source = try String(
      contentsOf: file.appending(path: "ReadmeExample.swift"), encoding: .utf8)
    let example = try #require(
      source.components(separatedBy: "// README: begin\n").last?
        .components(separatedBy: "// README: end").first)
    let readme = try String(
      contentsOf: file.appending(path: "../../README.md"), encoding: .utf8)
    #expect(readme.contains("\n\(example)```"))
    #expect(example.split(separator: "\n").count < 25)
  }

  @Test("It ships a system to an empty device, then the next one", .btrfs)
  func ships() async throws {
    let top = BtrfsFixture.current.path
    try run("mkdir", "\(top)/device")
    try run("btrfs", "-q", "subvolume", "create", "\(top)/system")
    try run("cp", "-a", "/etc/passwd", "\(top)/system/accounts")
    let versions = ["\(top)/sys_root_v1", "\(top)/sys_root_v2"]
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", "\(top)/system", versions[0])
    try run("cp", "-a", "/etc/group", "\(top)/system/groups")
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", "\(top)/system", versions[1])

    try await ship(nil, versions[0], to: "\(top)/device")
    try await ship(versions[0], versions[1], to: "\(top)/device")

    let status = try Device(path: "\(top)/device").status()
    #expect(status.current?.version == SystemVersion(2))
    #expect(status.last?.version == SystemVersion(1))
    for system in ["sys_root_v2", "sys_root_current"] {
      try run("diff", "-r", versions[1], "\(top)/device/\(system)")
    }
  }

  @Test("It counts the commands of a stream")
  func counts() throws {
    let statistics = try count(try TestImages.bytes("streams/incremental-v1.stream"))
    let text = try TestImages.bytes("streams/incremental-v1.dump.txt")
    // The dump has a line for every command but END.
    #expect(statistics.commandCount == text.count { $0 == UInt8(ascii: "\n") } + 1)
  }
}
