import ArgumentParser
import Foundation
import Synchronization
import TestSupport
import Testing
import UpdateInstaller

@testable import CommandSupport
@testable import DeviceCommands

@Suite("Commands of a trial", .btrfs)
struct TrialCommandTests {
  let path = BtrfsFixture.current.path

  /// Versions 1 and 2; 1 is current and good.
  private func prepare() throws {
    for version in 1...2 {
      try TestSupport.run("btrfs", "subvolume", "create", "\(path)/sys_root_v\(version)")
      try TestSupport.run("btrfs", "property", "set", "\(path)/sys_root_v\(version)", "ro", "true")
    }
    try Device(path: path).activate(SystemVersion(1))
  }

  /// Runs a command in this process; how often it asked for a reboot.
  @discardableResult
  private func run(_ arguments: String...) async throws -> Int {
    let reboots = Mutex(0)
    var command = try DeviceProgram.parseAsRoot(arguments + ["--root", path])
    try await Rebooting.$request.withValue({ reboots.withLock { $0 += 1 } }) {
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    }
    return reboots.withLock { $0 }
  }

  private func report() throws -> [String] {
    DeviceReport.text(try Device(path: path).status()).split(separator: "\n").map(String.init)
  }

  private func json() throws -> [String: Any] {
    let text = DeviceReport.json(try Device(path: path).status()).text
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("Status says what is on trial, what failed, and what keeps trials from being safe")
  func status() async throws {
    try prepare()
    try await run("activate", "--tries", "5")
    #expect(
      try report().prefix(5) == [
        "current:  version 2", "last:     version 1", "floor:    1", "boot:     names",
        "trial:    version 2, 5 of 5 tries left",
      ])
    #expect(try report().contains { $0.hasPrefix("warning:  ") && $0.contains("initramfs") })
    let trial = try #require(try json()["trial"] as? [String: Any])
    #expect(trial["version"] as? Int == 2 && trial["triesLeft"] as? Int == 5)
    #expect((try json()["boot"] as? [String: Any])?["backend"] as? String == "names")
    try await run("mark", "bad", "2", "--reason", "no network")
    #expect(try report()[4] == "failed:   version 2: no network")
    let failure = try #require(try json()["failure"] as? [String: Any])
    #expect(failure["reason"] as? String == "no network" && failure["count"] as? Int == 1)
    #expect(try json()["trial"] is NSNull)
    try await run("activate")
    try await run("mark", "good", "2")
    #expect(try report()[2] == "floor:    2")
    #expect(try !report().contains { $0.hasPrefix("failed:") || $0.hasPrefix("trial:") })
  }

  @Test("A reboot is asked for when it is done, where that was wished, and only then")
  func reboots() async throws {
    try prepare()
    #expect(try await run("activate") == 0)
    #expect(try await run("rollback", "--reboot") == 1)
    #expect(try await run("activate", "2", "--reboot", "--tries", "1") == 1)
    // This boot is the one in which it was activated.
    #expect(try await run("boot-check", "--reboot") == 0)
    #expect(try await run("mark", "bad", "2", "--reboot") == 1)
    await #expect(throws: InstallError.self) { try await run("mark", "bad", "2", "--reboot") }
    #expect(try await run("mark", "good") == 0)
  }

  @Test("What makes no sense is refused before anything is done")
  func usage() async throws {
    for arguments in [
      ["activate", "--tries", "0"], ["activate", "--tries", "100"], ["mark", "fine"],
      ["apply", "x", "--keys", "y", "--reboot"], ["status", "--boot-backend", "none"],
      ["mark", "good", "--reboot"],
    ] {
      #expect(throws: (any Error).self, "\(arguments)") {
        try DeviceProgram.parseAsRoot(arguments + ["--root", path])
      }
    }
    #expect(throws: Never.self) {
      try DeviceProgram.parseAsRoot([
        "apply", "x", "--keys", "y", "--activate", "--reboot", "--root", path,
        "--boot-backend", "default-subvolume",
      ])
    }
  }

  @Test("Verdicts that cannot be given have their own exit codes")
  func exits() throws {
    let cases: [(InstallError, ProgramExit)] = [
      (.notBooted(SystemVersion(2)), .notBooted), (.notOnTrial(nil), .notOnTrial),
      (.boot(.missing(path: "vmlinuz")), .bootLoader),
      (.boot(.full(path: "/boot", needed: 2, available: 1)), .noSpace),
    ]
    for (error, exit) in cases {
      let failure = DeviceFailure.failure(error)
      #expect(failure.exit == exit, "\(error)")
    }
    #expect(
      DeviceFailure.failure(.notBooted(SystemVersion(2))).message.hasPrefix(
        "version 2 is on trial, but it is not what runs now"))
  }

  @Test("boot-check ends well whatever happens, and says what boots on one line")
  func bootCheck() throws {
    let program = try BuiltProgram.path("btrfs-update")
    let nowhere = try TestSupport.run(program, "boot-check", "--root", "/proc")
    #expect(nowhere.isEmpty)
    try prepare()
    let line = try TestSupport.run(program, "boot-check", "--root", path)
    #expect(String(decoding: line, as: UTF8.self) == "booting version 1\n")
    try TestSupport.run("sh", "-c", "echo garbage >\(path)/.btrfs-update/trial")
    let damaged = try TestSupport.run(program, "boot-check", "--root", path)
    #expect(
      String(decoding: damaged, as: UTF8.self)
        == "booting version 1; the trial could not be looked after\n")
    // As in an initramfs, where nobody says that it is GRUB.
    try TestSupport.run(
      "sh", "-ec",
      """
      cd \(path)/.btrfs-update; sed 's/names/grub/; $d' backend >new
      echo "sha256 $(sha256sum <new | cut -c 1-64)" >>new; mv new backend
      """)
    let chosen = try TestSupport.runProgram([program, "boot-check", "--root", path])
    #expect(
      String(decoding: chosen.output, as: UTF8.self)
        == "booting what the boot loader chose, which is told by \"grub\"\n")
    #expect(chosen.status == 0 && chosen.errors.isEmpty)
  }

  @Test("What the boot loader goes by is said on the command line, else in the configuration")
  func backends() async throws {
    try prepare()
    let system = try TemporaryDirectory()
    let directory = "\(system.path)/etc/btrfs-update"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    let text = "[Boot]\nBackend=custom\nScript=/none/boot\n"
    try Data(text.utf8).write(to: URL(filePath: "\(directory)/btrfs-update.conf"))
    let error = await #expect(throws: InstallError.self) {
      try await run("activate", "--config-root", system.path)
    }
    guard case .boot = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try report().first == "current:  version 1")
    try await run("activate", "--config-root", system.path, "--boot-backend", "names")
    #expect(try report().first == "current:  version 2")
    for arguments in [
      ["--boot-backend", "lilo"], ["--boot-option", "directory=/x"],
      ["--boot-backend", "bls", "--boot-option", "directory"],
      ["--boot-backend", "bls", "--boot-option", "speed=1"], ["--boot-backend", "custom"],
    ] {
      #expect(throws: (any Error).self, "\(arguments)") {
        try DeviceProgram.parseAsRoot(["activate", "--root", path] + arguments)
      }
    }
  }
}
