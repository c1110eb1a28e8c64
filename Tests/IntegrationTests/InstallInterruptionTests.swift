import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Interrupted activations, rollbacks, verdicts and boot checks", .btrfs)
struct InstallInterruptionTests {
  let disk = InstallDisk()

  /// Backends that are nothing but a name: each has its own file system.
  enum Backend: CaseIterable {
    case names, defaultSubvolume, loader, bls, grub

    func make() throws -> any BootBackend {
      switch self {
      case .names: NamesBackend()
      case .defaultSubvolume: DefaultSubvolumeBackend()
      case .loader: try FakeLoader()
      case .bls: try BootPartition(.bls)
      case .grub: try BootPartition(.grub)
      }
    }

    func does(_ operation: InterruptedOperation) -> Bool {
      switch self {
      case .names, .defaultSubvolume: true
      // A loader that counts has another way to do these.
      case .loader: operation != .countTry && operation != .tooManyTries
      // They make many calls: what differs most.
      case .bls: [.activateSecond, .activateOnTrial, .rollBackTrial, .markGood].contains(operation)
      case .grub: [.activateSecond, .rollBackTrial].contains(operation)
      }
    }
  }

  static let cases: [(InterruptedOperation, Backend)] = InterruptedOperation.allCases.flatMap {
    operation in Backend.allCases.filter { $0.does(operation) }.map { (operation, $0) }
  }

  /// What an operation does if nothing interrupts it.
  private struct Expectation {
    let operation: InterruptedOperation
    let boot: any BootBackend
    let before: DeviceOutcome
    let after: DeviceOutcome

    init(_ operation: InterruptedOperation, _ boot: any BootBackend, _ disk: InstallDisk) throws {
      self.operation = operation
      self.boot = boot
      try operation.prepare(disk, boot)
      before = try DeviceOutcome(disk, boot)
      try operation.run(operation.device(disk, boot))
      after = try DeviceOutcome(disk, boot)
      #expect(before != after)
      #expect((before.current != after.current) == operation.exchanges)
      // What a version brings counts exactly when it is good.
      #expect(before.keys.learned.isEmpty && before.keys.revoked.isEmpty)
      let isGood = operation == .activateFirst || operation == .markGood
      #expect(after.keys.learned.count == (isGood ? 1 : 0))
      #expect(after.keys.revoked.count == (isGood ? 1 : 0))
      #expect(after.keys.pendingKeys.isEmpty == isGood)
    }
  }

  /// Recovers and checks what must hold then.
  private func checkRecovered(_ expected: Expectation, at call: Int) throws {
    let (operation, boot) = (expected.operation, expected.boot)
    let device = try operation.device(disk, boot)
    try device.recover()
    #expect(try device.recover() == [], "call \(call)")
    let status = try device.status()
    #expect(status.pending == nil && status.leftovers.isEmpty, "call \(call)")
    #expect(try !disk.names().contains { $0.hasSuffix(".new") || $0 == "journal" })
    try checkLoader(device, boot, at: call)
    let outcome = try DeviceOutcome(disk, boot)
    #expect(outcome == expected.before || outcome == expected.after, "call \(call)")
    // It can be done again.
    if outcome == expected.before || operation.isRepeatable {
      try operation.run(device)
      let again = try DeviceOutcome(disk, boot)
      if outcome == expected.before {
        #expect(again == expected.after, "call \(call)")
      } else {
        #expect(again.current == expected.after.current, "call \(call)")
        #expect(again.floor == expected.after.floor, "call \(call)")
      }
      try checkLoader(device, boot, at: call)
    }
  }

  /// The loader boots what is called current, and has what it needs for current and last only.
  private func checkLoader(
    _ device: borrowing Device, _ boot: any BootBackend, at call: Int
  ) throws {
    let status = try device.status()
    guard let current = status.current, boot is FakeLoader || status.floor != nil else { return }
    if boot is DefaultSubvolumeBackend {
      let id = try device.subvolume("sys_root_current")?.id
      let isTopLevel = try FileSystem.defaultSubvolume(of: disk.mount.open()) == 5
      #expect(try isTopLevel || FileSystem.defaultSubvolume(of: disk.mount.open()) == id)
    }
    if boot is BootPartition { #expect(status.boot.problem == nil, "call \(call)") }
    guard let loader = boot as? FakeLoader else { return }
    #expect(status.boot.problem == nil, "call \(call)")
    let files = try loader.files()
    #expect(files.contains("kernel-\(current.uuid)"), "call \(call)")
    if status.boot.trial == nil {
      let name = "state-\(current.uuid)"
      let text = try run("cat", "\(loader.directory.path)/\(name)")
      #expect(String(decoding: text, as: UTF8.self) == "good", "call \(call)")
    }
  }

  /// Runs it; whether it ended without an error.
  private func succeeds(_ operation: InterruptedOperation, _ device: borrowing Device) -> Bool {
    do throws(InstallError) {
      try operation.run(device)
      return true
    } catch {
      return false
    }
  }

  @Test(
    "A kill in place of any call leaves all as it was or all done, and it can be done again",
    arguments: cases)
  func killed(_ operation: InterruptedOperation, _ backend: Backend) throws {
    let boot = try backend.make()
    let expected = try Expectation(operation, boot, disk)
    var ends: Set<Bool> = []
    for call in 1... {
      try operation.prepare(disk, boot)
      let device = try operation.device(disk, boot)
      // Every later call fails, too: nothing is cleaned up, as after a kill.
      let isDone = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in
        succeeds(operation, device)
      }
      ends.insert(try DeviceOutcome(disk, boot) == expected.before)
      try checkRecovered(expected, at: call)
      if isDone { break }
    }
    #expect(ends == [true, false])
  }

  @Test(
    "Any one failing call leaves all as it was, or all done and no error", arguments: cases)
  func failing(_ operation: InterruptedOperation, _ backend: Backend) throws {
    let boot = try backend.make()
    let expected = try Expectation(operation, boot, disk)
    // Calls that only look are the same ones, and many.
    let counting = backend == .names ? FaultInjection.Counting.all : .changes
    for call in 1... {
      try operation.prepare(disk, boot)
      let device = try operation.device(disk, boot)
      let (isDone, wasReached) = FaultInjection.with(
        .fail(at: call, .inputOutput), counting: counting
      ) { injection in
        let isDone = succeeds(operation, device)
        return (isDone, injection.count >= call)
      }
      let systems = try DeviceOutcome(disk, boot).systems
      // What fails has changed nothing that boots.
      if !isDone { #expect(systems == expected.before.systems, "call \(call)") }
      if isDone { #expect(systems == expected.after.systems, "call \(call)") }
      try checkRecovered(expected, at: call)
      if !wasReached { break }
    }
  }

  @Test(
    "Recovery may be killed, too, at any call",
    arguments: [
      InterruptedOperation.activateThird, .activateOnTrial, .rollBackTrial, .markGood,
      .tooManyTries,
    ])
  func killedTwice(_ operation: InterruptedOperation) throws {
    let boot = NamesBackend()
    let expected = try Expectation(operation, boot, disk)
    var recoveries = 0
    for call in 1... {
      for second in 1... {
        try operation.prepare(disk, boot)
        let device = try operation.device(disk, boot)
        let isDone = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in
          succeeds(operation, device)
        }
        if isDone { return #expect(recoveries > 20) }
        let isRecovered = FaultInjection.with(.failFrom(second, .inputOutput)) { _ in
          do throws(InstallError) {
            // A kept leftover is no error, but not the end either.
            return try device.recover().allSatisfy { if case .kept = $0 { false } else { true } }
          } catch {
            return false
          }
        }
        recoveries += 1
        try checkRecovered(expected, at: call * 1000 + second)
        if isRecovered { break }
      }
    }
  }
}
