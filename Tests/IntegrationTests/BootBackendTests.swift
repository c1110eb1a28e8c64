import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Boot loaders", .btrfs)
struct BootBackendTests {
  /// What is called current, last, and left of the trial.
  private func state(_ bench: TrialBench) throws -> String { try bench.state() }

  /// The loader starts what it wants, then boot-check runs, then the system.
  private func boot(_ loader: FakeLoader, _ bench: TrialBench, _ number: Int) throws -> BootCheck {
    try loader.boot(otherwise: bench.disk.uuid("sys_root_last"))
    var device = try Device(path: bench.disk.mount.path, boot: loader)
    device.running = RunningSystem(uuid: nil, bootID: "loader-\(number)")
    return device.checkBoot()
  }

  @Test("A loader that counts is followed: when it falls back, the names go back, too")
  func fallsBack() throws {
    let loader = try FakeLoader()
    let bench = try TrialBench(loader)
    try bench.device().activate()
    let (new, old) = (
      try bench.disk.uuid("sys_root_current"), try bench.disk.uuid("sys_root_last")
    )
    for number in 1...3 {
      let check = try boot(loader, bench, number)
      #expect(loader.booted == new)
      #expect(check.outcome == .trial(SystemVersion(3), triesLeft: 3 - number))
    }
    let check = try boot(loader, bench, 4)
    #expect(loader.booted == old)
    #expect(
      check.outcome == .fellBack(from: SystemVersion(3), reason: "the boot loader fell back", []))
    #expect(try bench.disk.uuid("sys_root_current") == old)
    #expect(try boot(loader, bench, 5).outcome == .noTrial)
    #expect(try state(bench) == "2/3 floor 2 failed 3 1x: the boot loader fell back")
  }

  @Test("What the loader says it started is judged; what was not started is not")
  func judges() throws {
    let loader = try FakeLoader()
    let bench = try TrialBench(loader)
    try bench.device().activate()
    var device = try bench.device()
    device.running = RunningSystem(uuid: nil, bootID: nil)
    loader.booted = try bench.disk.uuid("sys_root_last")
    #expect(throws: InstallError.self) { try device.markGood() }
    // Started by hand from the loader's menu: the trial goes on.
    #expect(device.checkBoot().outcome == .trial(SystemVersion(3), triesLeft: 3))
    loader.booted = try bench.disk.uuid("sys_root_current")
    #expect(try device.markGood().wasOnTrial)
    #expect(try bench.state() == "3/2 floor 3")
  }

  @Test("A loader that has no room, or does not answer, leaves all as it was")
  func refuses() throws {
    let loader = try FakeLoader()
    let bench = try TrialBench(loader)
    let before = try (bench.state(), bench.disk.names(), loader.files())
    for refusal in [FakeLoader.Refusal.prepare, .setPrimary] {
      loader.refusal = refusal
      let error = #expect(throws: InstallError.self) { try bench.device().activate() }
      guard case .boot(.full) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(throws: InstallError.self) { try bench.device().rollBack() }
      #expect(try bench.state() == before.0)
      #expect(try bench.disk.names() == before.1)
      #expect(try loader.files() == before.2)
    }
    loader.refusal = .none
    try bench.device().activate()
    loader.refusal = .setState
    let error = #expect(throws: InstallError.self) { try bench.device().markGood(SystemVersion(3)) }
    guard case .boot = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try bench.state() == "3/2 trial 3 floor 2")
    // That the loader does not learn that one is bad keeps nobody from going back.
    try bench.device().rollBack()
    #expect(try bench.state() == "2/3 floor 2 failed 3 1x: rolled back by hand")
  }

  @Test("What the loader cannot clean up is said, and nothing else")
  func cleaning() throws {
    let loader = try FakeLoader()
    let bench = try TrialBench(loader)
    loader.refusal = .retain
    let changes = try bench.device().activate()
    #expect(changes.contains(.loaderNotCleaned(.full(path: "fake", needed: 2, available: 1))))
    #expect(try bench.state() == "3/2 trial 3 floor 2")
    #expect(try loader.files().filter { $0.hasPrefix("kernel") }.count == 3)
    loader.refusal = .none
    try bench.device().rollBack()
    #expect(try loader.files().filter { $0.hasPrefix("kernel") }.count == 2)
  }

  @Test("The default subvolume is always what is current, and what was it can be deleted")
  func defaultSubvolume() throws {
    var bench = try TrialBench(DefaultSubvolumeBackend())
    func check(_ state: String) throws {
      let top = try bench.disk.mount.open()
      let id = try bench.device().subvolume("sys_root_current")?.id
      #expect(try FileSystem.defaultSubvolume(of: top) == id)
      let stock = try run("btrfs", "subvolume", "get-default", bench.disk.mount.path)
      #expect(String(decoding: stock, as: UTF8.self).hasPrefix("ID \(id ?? 0) gen"))
      #expect(try bench.state() == state)
    }
    try check("2/1 floor 2")
    #expect(
      try bench.device().activate() == [.deleted(name: ".sys_root_current.next")])
    try check("3/2 trial 3 floor 2")
    try bench.device().activate(SystemVersion(1))
    try check("1/2 trial 3 floor 2")
    for _ in 1...4 { try bench.start() }
    try check("2/1 floor 2 failed 1 1x: tries used up: 3 boots, and it was not marked good")
    try bench.device().rollBack()
    try bench.start()
    try bench.device().markGood()
    try check("1/2 floor 2")
    try run("btrfs", "subvolume", "set-default", "5", bench.disk.mount.path)
    let problem = try bench.device().status().boot.problem
    #expect(problem == "the boot loader starts something else, not sys_root_current")
  }

  @Test("What a machine lacks for trials is named")
  func warnings() {
    let all: [BootWarning] = [.noPanicTimeout, .noWatchdog, .loaderDoesNotCount]
    #expect(BootWarning.ofMachine(commandLine: "quiet", hasWatchdog: false) == all)
    for line in ["panic=10", "a panic=0 panic=-1\n"] {
      #expect(
        BootWarning.ofMachine(commandLine: line, hasWatchdog: true) == [.loaderDoesNotCount])
    }
    for line in ["panic=1 panic=0", "panic=x", "xpanic=1", "panic"] {
      #expect(BootWarning.ofMachine(commandLine: line, hasWatchdog: true).count == 2, "\(line)")
    }
    for (line, startsByName, isNamed) in [
      ("panic=1 rootflags=subvolid=257", true, true),
      ("panic=1 rootflags=subvolid=257", false, false),
      ("panic=1 rootflags=compress=zstd,subvolid=257 quiet", true, true),
      ("panic=1 rootflags=subvol=sys_root_current", true, false),
      ("panic=1 rootflags=subvolid=257 rootflags=subvol=x", true, false),
    ] {
      let warnings = BootWarning.ofMachine(
        commandLine: line, hasWatchdog: true, startsByName: startsByName)
      #expect(warnings == (isNamed ? [.rootNamedByID] : []) + [.loaderDoesNotCount], "\(line)")
    }
    // A loader that counts, too, needs a reboot to count again.
    let others: Set<BootWarning> = [.loaderDoesNotCount, .rootNamedByID]
    let ofNames = NamesBackend().warnings()
    #expect(BLSBackend(BootFiles()).warnings() == ofNames.filter { !others.contains($0) })
    #expect(RunningSystem.bootID(in: "6bb8-1\n") == "6bb8-1")
    for text in ["", "a b\n", String(repeating: "a", count: 65)] {
      #expect(RunningSystem.bootID(in: text) == nil)
    }
  }
}
