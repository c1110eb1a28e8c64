import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

/// A device that is booted and judged, step by step; version 2 is current and good, 1 is last.
struct TrialBench {
  let disk = InstallDisk()
  let boot: any BootBackend
  private(set) var boots = 0
  private(set) var running: SubvolumeUUID?

  init(_ boot: any BootBackend = NamesBackend()) throws {
    self.boot = boot
    for number: UInt64 in 1...3 { try disk.makeVersion(number) }
    let device = try device()
    try device.activate(SystemVersion(1))
    try device.activate(SystemVersion(2))
    try device.markGood(SystemVersion(2))
    running = try disk.uuid("sys_root_current")
  }

  func device() throws -> Device {
    var device = try Device(path: disk.mount.path, boot: boot)
    device.running = RunningSystem(uuid: running, bootID: "boot-\(boots)")
    return device
  }

  /// Early boot, and then what is current runs.
  @discardableResult
  mutating func start() throws -> BootCheck {
    boots += 1
    running = nil
    let check = try device().checkBoot()
    running = try disk.uuid("sys_root_current")
    return check
  }

  /// Does what a word says; the error's number if it is refused.
  mutating func take(_ step: String) throws -> Int32? {
    let words = step.split(separator: " ").map(String.init)
    let version = words.count > 1 ? SystemVersion(words[1]) : nil
    let device = try device()
    do throws(InstallError) {
      switch words[0] {
      case "activate": try device.activate(version)
      case "good": try device.markGood(version)
      case "bad": try device.markBad(version, reason: "it\nis bad")
      case "rollback": try device.rollBack()
      case "check": #expect(device.checkBoot().problem == nil)
      default: break
      }
    } catch {
      return switch error {
      case .notBooted: 43
      case .notOnTrial: 44
      default: throw error
      }
    }
    if words[0] == "boot" { #expect(try start().problem == nil) }
    return nil
  }

  private func isRunning(_ change: DeviceChange) -> Bool {
    guard case .kept(let name, .mounted) = change, let running else { return false }
    return (try? disk.uuid(name)) == running
  }

  /// Current, last, tries left, floor, failure.
  func state() throws -> String {
    let device = try device()
    // What runs stays, whatever became of it.
    let kept = try device.recover()
    #expect(kept.count <= 1 && kept.allSatisfy(isRunning))
    let status = try device.status()
    #expect(status.pending == nil && status.leftovers.count == kept.count)
    #expect(status.boot.problem == nil)
    let contents = try ["sys_root_current", "sys_root_last"].map { try disk.contents(of: $0) }
    #expect(status.current?.version?.number == contents[0])
    #expect(status.last?.version?.number == contents[1])
    var text = contents.map { $0.map { "\($0)" } ?? "-" }.joined(separator: "/")
    if let trial = status.boot.trial { text += " trial \(trial.triesLeft)" }
    text += " floor \(status.floor.map { "\($0)" } ?? "-")"
    if let failure = status.boot.failure {
      text += " failed \(failure.version?.number ?? 0) \(failure.count)x: \(failure.reason)"
    }
    return text
  }
}

@Suite("Trials", .btrfs)
struct TrialTests {
  /// Steps from the beginning, and what holds afterwards.
  static let table: [(String, String)] = [
    ("", "2/1 floor 2"),
    ("boot, boot, boot, boot, boot", "2/1 floor 2"),
    ("activate 3", "3/2 trial 3 floor 2"),
    ("activate 3, check, check", "3/2 trial 3 floor 2"),
    ("activate 3, boot", "3/2 trial 2 floor 2"),
    ("activate 3, boot, check, check", "3/2 trial 2 floor 2"),
    ("activate 3, boot, boot, boot", "3/2 trial 0 floor 2"),
    (
      "activate 3, boot, boot, boot, boot",
      "2/3 floor 2 failed 3 1x: tries used up: 3 boots, and it was not marked good"
    ),
    (
      "activate 3, boot, boot, boot, boot, boot, good",
      "2/3 floor 2 failed 3 1x: tries used up: 3 boots, and it was not marked good"
    ),
    ("activate 3, boot, good", "3/2 floor 3"),
    ("activate 3, boot, good, good, boot, boot, boot, boot", "3/2 floor 3"),
    ("activate 3, boot, boot, boot, good", "3/2 floor 3"),
    ("activate 3, good 3", "3/2 floor 3"),
    ("activate 3, good 2: 44", "3/2 trial 3 floor 2"),
    ("activate 3, good: 43", "3/2 trial 3 floor 2"),
    ("activate 3, bad: 43", "3/2 trial 3 floor 2"),
    ("bad: 44", "2/1 floor 2"),
    ("good", "2/1 floor 2"),
    ("good 1: 44", "2/1 floor 2"),
    ("activate 3, boot, bad", "2/3 floor 2 failed 3 1x: it is bad"),
    ("activate 3, bad 3", "2/3 floor 2 failed 3 1x: it is bad"),
    ("activate 3, boot, rollback", "2/3 floor 2 failed 3 1x: rolled back by hand"),
    // During a trial, last stays the last good one.
    ("activate 3, activate 1", "1/2 trial 3 floor 2"),
    ("activate 3, boot, activate 1, boot, good", "1/2 floor 2"),
    ("activate 3, activate 1, rollback", "2/1 floor 2 failed 1 1x: rolled back by hand"),
    (
      "activate 3, activate 3, activate 3, boot, rollback, activate 3",
      "3/2 trial 3 floor 2 failed 3 1x: rolled back by hand"
    ),
    // The same version again and again.
    ("activate 3, boot, bad, activate 3, boot, bad", "2/3 floor 2 failed 3 2x: it is bad"),
    ("activate 3, boot, bad, activate 1, boot, bad", "2/1 floor 2 failed 1 1x: it is bad"),
    ("activate 3, boot, bad, activate 3, boot, good", "3/2 floor 3"),
    ("activate 3, boot, bad, activate 1, boot, good", "1/2 floor 2 failed 3 1x: it is bad"),
    // A system that failed is on trial again.
    ("activate 3, rollback, rollback", "3/2 trial 3 floor 2 failed 3 1x: rolled back by hand"),
    ("activate 3, rollback, rollback, boot, good", "3/2 floor 3"),
    ("activate 3, rollback, rollback, boot, bad", "2/3 floor 2 failed 3 2x: it is bad"),
    // Between two good ones there is no trial.
    ("rollback", "1/2 floor 2"),
    ("rollback, boot, boot, boot, boot, rollback", "2/1 floor 2"),
  ]

  @Test("What holds after every sequence of steps", arguments: table)
  func sequence(_ steps: String, _ state: String) throws {
    var bench = try TrialBench()
    for step in steps.split(separator: ",") {
      let parts = step.split(separator: ":")
      let refusal = try bench.take(String(parts[0]))
      #expect(refusal == (parts.count > 1 ? Int32(parts[1].dropFirst()) : nil), "\(step)")
    }
    #expect(try bench.state() == state)
  }

  @Test("The first version of an empty device is good at once")
  func first() throws {
    let disk = InstallDisk()
    try disk.makeVersion(7)
    let device = try disk.device()
    try device.activate()
    let status = try device.status()
    #expect(status.boot.trial == nil && status.floor == SystemVersion(7))
  }

  @Test("A system set up from an image gets its floor when it is marked good as it runs")
  func provisioned() throws {
    let disk = InstallDisk()
    try disk.makeVersion(7)
    let top = try disk.mount.open()
    let version = try top.open(beneath: "sys_root_v7", .directory)
    try Subvolume.snapshot(of: version, as: "sys_root_current", in: top)
    var device = try disk.device()
    #expect(try !device.markGood().wasOnTrial)
    #expect(try device.status().floor == nil)
    device.running = RunningSystem(uuid: try disk.uuid("sys_root_current"), bootID: nil)
    #expect(try device.markGood().version == SystemVersion(7))
    #expect(try device.status().floor == SystemVersion(7))
  }

  @Test("Where an overlay hides what runs, boot-check has seen it")
  func overlay() throws {
    let bench = try TrialBench()
    var device = try bench.device()
    device.running = RunningSystem(uuid: nil, bootID: "one")
    try device.activate()
    #expect(throws: InstallError.self) { try device.markGood() }
    device.running = RunningSystem(uuid: nil, bootID: "two")
    #expect(throws: InstallError.self) { try device.markGood() }
    #expect(device.checkBoot().outcome == .trial(SystemVersion(3), triesLeft: 2))
    #expect(try device.markGood().wasOnTrial)
  }

  @Test("Without a boot id every check counts, and the system before still comes back")
  func noBootID() throws {
    let bench = try TrialBench()
    var device = try bench.device()
    device.running = RunningSystem(uuid: nil, bootID: nil)
    try device.activate(SystemVersion(3), tries: 1)
    #expect(device.checkBoot().outcome == .trial(SystemVersion(3), triesLeft: 0))
    guard case .fellBack(SystemVersion(3), let reason, _) = device.checkBoot().outcome else {
      Issue.record("no fall back")
      return
    }
    #expect(reason == "tries used up: 1 boot, and it was not marked good")
    #expect(device.checkBoot().outcome == .noTrial)
  }

  @Test("Tries are brought into their bounds")
  func bounds() throws {
    let bench = try TrialBench()
    let device = try bench.device()
    try device.activate(SystemVersion(3), tries: -5)
    #expect(try device.status().boot.trial?.triesLeft == 1)
    try device.activate(SystemVersion(3), tries: .max)
    #expect(try device.status().boot.trial?.triesLeft == 99)
  }

  @Test("A check that can do nothing says why, and what boots")
  func damaged() throws {
    let bench = try TrialBench()
    let device = try bench.device()
    try device.activate()
    try run("sh", "-c", "echo garbage >\(bench.disk.mount.path)/.btrfs-update/trial")
    let check = device.checkBoot()
    guard case .recordCorrupt(name: "trial", .unknownKind)? = check.problem else {
      Issue.record("\(String(describing: check.problem))")
      return
    }
    #expect(check.outcome == nil && check.current?.version == SystemVersion(3))
  }

  @Test("Tries used up and nothing to go back to: what is current is booted")
  func nothingLeft() throws {
    let bench = try TrialBench()
    var device = try bench.device()
    try device.activate(SystemVersion(3), tries: 1)
    try Subvolume.delete("sys_root_last", in: bench.disk.mount.open())
    for boot in 1...3 {
      device.running = RunningSystem(uuid: nil, bootID: "later-\(boot)")
      let check = device.checkBoot()
      #expect(check.current?.version == SystemVersion(3))
      #expect((check.problem == nil) == (boot == 1))
    }
  }
}
