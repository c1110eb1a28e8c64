import Configuration
import Crypto
import Linux
import Signing
import Synchronization
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

@Suite("Hooks and health checks", .btrfs)
final class InstallHookTests {
  private let bench: InstallBench
  private let system: TemporaryDirectory
  private let said = Said()

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    system = try TemporaryDirectory()
    try shell("chmod 755 .; mkdir -p etc/btrfs-update")
    for event in HookEvent.allCases {
      try add(event.directory, "env | grep ^BTRFS_UPDATE_ | sort | sed s,/proc/[0-9]*/fd/[0-9]*,R,")
    }
  }

  private final class Said: Sendable {
    private let all = Mutex<[String]>([])
    func add(_ line: String) { all.withLock { $0.append(line) } }
    /// What was said since the last time, without the program's name and the common beginning.
    func take() -> [String] {
      all.withLock { all in
        defer { all = [] }
        return all.map { $0.replacing("x: BTRFS_UPDATE_", with: "") }
      }
    }
  }

  private func shell(_ script: String) throws {
    try run("sh", "-ec", "umask 022; cd \(system.path); \(script)")
  }

  private func add(_ directory: String, _ body: String) throws {
    try shell(
      """
      mkdir -p etc/btrfs-update/\(directory); cd etc/btrfs-update/\(directory)
      cat >x <<'END'
      #!/bin/sh
      \(body)
      END
      chmod 755 x
      """)
  }

  private var rules: ProgramRules {
    let said = said
    return ProgramRules(
      directories: ConfigurationDirectories(root: system.path), timeLimit: .seconds(20)
    ) { said.add($0) }
  }

  private func device() throws -> Device {
    var device = try bench.device()
    device.hooks = Hooks(rules)
    return device
  }

  @discardableResult
  private func apply(_ from: UInt64?, _ to: UInt64) throws -> Installation {
    let update = try bench.update(from: from, to: to)
    return try device().apply(bench.file(of: update), bench.options)
  }

  private func hookFailure(_ body: () throws -> Void) -> HookFailure? {
    do { try body() } catch InstallError.hookFailed(let failure) { return failure } catch {}
    return nil
  }

  @Test("Applying asks twice and tells once, with all that is known")
  func applying() throws {
    try apply(nil, 1)
    let key = bench.key.verificationKey.keyID
    func facts(_ hook: String, _ more: [String]) -> [String] {
      (["HOOK=\(hook)", "KEY_IDS=\(key)", "PRODUCT=thermostat", "ROOT=R"] + more).sorted()
    }
    #expect(
      said.take() == facts("install-check", ["TO_VERSION=1"])
        + facts("pre-install", ["TO_VERSION=1"])
        + facts("post-install", ["PATH=R/sys_root_v1", "TO_VERSION=1"]))
    try apply(1, 2)
    #expect(said.take().contains("FROM_VERSION=1"))
  }

  @Test("Activating and rolling back ask and tell with both versions")
  func activating() throws {
    try apply(nil, 1)
    try apply(1, 2)
    try device().activate(SystemVersion(1))
    _ = said.take()
    try device().activate(SystemVersion(2))
    #expect(
      said.take() == [
        "FROM_VERSION=1", "HOOK=pre-activate", "PATH=R/sys_root_v2", "ROOT=R", "TO_VERSION=2",
        "FROM_VERSION=1", "HOOK=post-activate", "PATH=R/sys_root_v2", "ROOT=R", "TO_VERSION=2",
      ])
    try device().rollBack()
    #expect(
      said.take() == [
        "FROM_VERSION=2", "HOOK=pre-rollback", "PATH=R/sys_root_last", "ROOT=R", "TO_VERSION=1",
        "FROM_VERSION=2", "HOOK=post-rollback", "PATH=R/sys_root_current", "ROOT=R",
        "TO_VERSION=1",
      ])
  }

  @Test("The paths that hooks are told lead there")
  func paths() throws {
    try add("hooks.d/post-install.d", "cat $BTRFS_UPDATE_PATH/etc/version")
    try add("hooks.d/pre-activate.d", "ls $BTRFS_UPDATE_ROOT | tr '\\n' ' '")
    try apply(nil, 1)
    #expect(said.take().last == "x: one")
    try device().activate()
    #expect(said.take().first == "x: sys_root_v1 ")
  }

  @Test(
    "One that fails beforehand stops it, and nothing has changed", arguments: HookEvent.allCases)
  func refusing(_ event: HookEvent) throws {
    try apply(nil, 1)
    try device().activate()
    try apply(1, 2)
    try device().activate()
    try bench.release(3, "echo three >etc/version")
    try add(event.directory, "exit 9")
    let before = try bench.device().status()
    let isApply = event.rawValue.hasSuffix("install") || event == .installCheck
    var changes: [DeviceChange] = []
    let failure = hookFailure {
      if isApply {
        changes = try apply(2, 3).changes
      } else if event.rawValue.hasSuffix("activate") {
        changes = try device().activate(SystemVersion(1))
      } else {
        changes = try device().rollBack()
      }
    }
    let expected = HookFailure(event: event, reason: .ended(name: "x", .exited(9)))
    if event.rawValue.hasPrefix("post-") {
      #expect(failure == nil && changes.contains(.hookFailed(expected)))
      #expect(try bench.device().status() != before)
    } else {
      #expect(failure == expected)
      #expect(try bench.device().status() == before)
    }
  }

  @Test("A hook that others may write stops what it would be asked about")
  func untrusted() throws {
    try shell("chmod 777 etc/btrfs-update/hooks.d/pre-install.d")
    let failure = hookFailure { try apply(nil, 1) }
    #expect(failure?.event == .preInstall)
    guard case .configuration(.notTrusted(.writable))? = failure?.reason else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(try bench.device().status().versions.isEmpty)
  }

  @Test("An update that does not fit is refused before a hook is asked")
  func refusedBefore() throws {
    try apply(nil, 1)
    _ = said.take()
    #expect(throws: InstallError.self) { try apply(nil, 1) }
    let other = try bench.update(from: 1, to: 2) { $0.product = "oven" }
    #expect(throws: InstallError.self) {
      try device().apply(bench.file(of: other), bench.options)
    }
    #expect(throws: InstallError.self) { try device().activate(SystemVersion(7)) }
    #expect(throws: InstallError.self) { try device().rollBack() }
    #expect(said.take().isEmpty)
  }

  @Test("Inside a hook the device is locked, and can be looked at")
  func locked() throws {
    let program = try BuiltProgram.path("btrfs-update")
    try add(
      "hooks.d/pre-install.d",
      """
      \(program) status --root $BTRFS_UPDATE_ROOT >/dev/null && echo seen
      \(program) recover --root $BTRFS_UPDATE_ROOT 2>/dev/null; echo $?
      """)
    try apply(nil, 1)
    #expect(said.take().filter { $0.hasPrefix("x: ") } == ["x: seen", "x: 12"])
  }

  @Test("Health checks: all must pass, and the program says which did not")
  func health() throws {
    #expect(HealthChecks.run(rules, isTrial: false).isGood)
    try add("health.d", "echo trial $BTRFS_UPDATE_TRIAL")
    #expect(HealthChecks.run(rules, isTrial: true).passed == ["x"])
    #expect(said.take() == ["x: trial yes"])
    try add("health.d", "exit 1")
    #expect(HealthChecks.run(rules, isTrial: false).failure == .ended(name: "x", .exited(1)))
    try apply(nil, 1)
    try bench.device().activate()
    try apply(1, 2)
    try bench.device().activate()
    let command = [
      try BuiltProgram.path("btrfs-update"), "health-check", "--root", bench.disk,
      "--config-root", system.path,
    ]
    let reported = try runProgram(command)
    #expect(reported.status == 62)
    #expect(reported.errors.contains("health check x: exit status 1\n"))
    #expect(try bench.device().status().current?.version == SystemVersion(2))
    // What is on trial does not run here, so it is not what was judged.
    try bench.device().markGood(SystemVersion(2))
    try shell("printf '[Health]\\nAction=rollback\\n' >etc/btrfs-update/btrfs-update.conf")
    #expect(try runProgram(command).status == 62)
    #expect(try bench.device().status().current?.version == SystemVersion(1))
    #expect(try bench.device().status().boot.failure?.version == SystemVersion(2))
    // The fault may be neither system's: they do not take turns for ever.
    #expect(try runProgram(command).status == 62)
    #expect(try bench.device().status().current?.version == SystemVersion(1))
    try add("health.d", "exit 0")
    #expect(try runProgram(command).status == 0)
  }
}
