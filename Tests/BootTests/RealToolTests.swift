import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

/// What the loaders' own tools make of what is written for them.
@Suite("GRUB's and U-Boot's own tools")
struct RealToolTests {
  private func text(_ arguments: String...) throws -> String {
    let result = try runProgram(arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return String(decoding: result.output, as: UTF8.self)
  }

  private func variables(_ text: String) -> [String: String] {
    let pairs = text.split(separator: "\n").compactMap { line in
      line.firstIndex(of: "=").map { (String(line[..<$0]), String(line[$0...].dropFirst())) }
    }
    return Dictionary(pairs) { _, last in last }
  }

  @Test("grub-editenv reads what is written, and what it writes is read")
  func grubEnvironment() throws {
    let bench = try LoaderBench(.grub)
    try FileManager.default.removeItem(atPath: bench.environment)
    _ = try text("grub-editenv", bench.environment, "create")
    // What others keep there, with what GRUB has to escape.
    _ = try text("grub-editenv", bench.environment, "set", "saved_entry=a\\b", "kernelopts=x y=z")
    func listed() throws -> [String: String] {
      variables(try text("grub-editenv", bench.environment, "list"))
    }
    var expected = try listed()
    #expect(expected.count == 2)
    for step in ["activate", "good", "roll back"] {
      switch step {
      case "activate": try bench.activate()
      case "good": try bench.markGood()
      default: try bench.rollBack()
      }
      let first = step == "roll back" ? bench.current : bench.next
      expected["btrfs_update_first"] = "\(first.uuid)"
      expected["btrfs_update_left"] = step == "activate" ? "3" : "good"
      let found = try listed()
      #expect(found.filter { $0.key != "btrfs_update_second" } == expected, "\(step)")
      #expect(try bench.read("environment").utf8.count == 1024)
    }
    // As GRUB's `save_env` does, and somebody else who needs more room.
    try bench.activate(tries: 5)
    _ = try text("grub-editenv", bench.environment, "set", "btrfs_update_left=4")
    let long = String(repeating: "x", count: 300)
    _ = try text("grub-editenv", bench.environment, "set", "saved_entry=\(long)")
    let disk = try bench.disk([bench.current, bench.next])
    #expect(try bench.backend.state(of: bench.next, disk) == .trial(triesLeft: 4))
    try bench.markGood()
    let found = try listed()
    #expect(found["btrfs_update_left"] == "good" && found["saved_entry"] == long)
    #expect(found["kernelopts"] == "x y=z")
  }

  @Test("GRUB's checker takes the menu, and the entries of systems")
  func grubScript() throws {
    let project = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../..").standardizedFileURL
    _ = try text("grub-script-check", project.path + "/device/grub/btrfs-update.cfg")
    let bench = try LoaderBench(.grub)
    try bench.activate()
    let entries = try bench.names("btrfs-update").filter { $0.hasSuffix(".cfg") }
    #expect(entries.count == 2)
    for entry in entries {
      _ = try text("grub-script-check", "\(bench.boot)/btrfs-update/\(entry)")
    }
  }

  @Test("fw_printenv and fw_setenv on a redundant environment: all in one write, and nothing lost")
  func uboot() throws {
    let bench = try LoaderBench(.uboot)
    let flash = "\(bench.temporary.path)/flash"
    try Data(count: 0x8000).write(to: URL(filePath: flash))
    try bench.write("environment", "\(flash) 0x0 0x4000\n\(flash) 0x4000 0x4000\n")
    try bench.write("defaults", "bootdelay=2\nbootcmd=run x=y; boot\n")
    for tool in ["fw_printenv", "fw_setenv"] {
      let path = try text("sh", "-c", "command -v \(tool)")
      try writeScript(
        "exec \(path.dropLast()) \"$@\"", at: "\(bench.temporary.path)/tools/\(tool)")
    }
    let defaults = "\(bench.temporary.path)/defaults"
    _ = try text("fw_setenv", "-c", bench.environment, "-f", defaults, "first", "yes")
    func printed() throws -> [String: String] {
      variables(try text("fw_printenv", "-c", bench.environment))
    }
    func copies() throws -> [Data] {
      let bytes = try Data(contentsOf: URL(filePath: flash))
      return [bytes.prefix(0x4000), bytes.suffix(0x4000)]
    }
    try bench.activate()
    var found = try printed()
    #expect(found["btrfs_update_first"] == "\(bench.next.uuid)")
    #expect(found["btrfs_update_left"] == "3" && found["upgrade_available"] == "1")
    #expect(found["bootcmd"] == "run x=y; boot" && found["first"] == "yes")
    // As U-Boot's `saveenv` after it has counted.
    _ = try text("fw_setenv", "-c", bench.environment, "btrfs_update_left", "2")
    let disk = try bench.disk([bench.current, bench.next])
    #expect(try bench.backend.state(of: bench.next, disk) == .trial(triesLeft: 2))
    // One write changes one copy, so a power cut in it leaves the other.
    let before = try copies()
    try bench.markGood()
    let after = try copies()
    #expect((before[0] == after[0]) != (before[1] == after[1]))
    found = try printed()
    #expect(found["btrfs_update_left"] == "good" && found["upgrade_available"] == "0")
    #expect(found["bootcount"] == "0" && found["bootdelay"] == "2")
    try bench.rollBack()
    #expect(try printed()["btrfs_update_first"] == "\(bench.current.uuid)")
  }
}
