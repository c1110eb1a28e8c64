import Btrfs
import Bytes
import Crypto
import Linux
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

@Suite("Interrupted activations and rollbacks", .btrfs)
struct InstallInterruptionTests {
  let disk = InstallDisk()

  /// What an interruption may leave after recovery: everything as before, or everything done.
  private struct Outcome: Hashable, CustomStringConvertible {
    var current: SubvolumeUUID?
    var last: SubvolumeUUID?
    var description: String { "\(current?.description ?? "-") \(last?.description ?? "-")" }
  }

  private func outcome() throws -> Outcome {
    Outcome(current: try disk.uuid("sys_root_current"), last: try disk.uuid("sys_root_last"))
  }

  /// What is to be interrupted, and where it begins.
  enum Operation: CaseIterable {
    case activateFirst, activateSecond, activateThird, rollBack, rollBackAlone

    func prepare(_ disk: InstallDisk) throws {
      try disk.clear()
      switch self {
      case .activateFirst: try disk.makeVersion(3)
      case .activateSecond:
        try disk.makeVersion(2)
        try disk.device().activate(SystemVersion(2))
        try disk.makeVersion(3)
      case .activateThird, .rollBack: try disk.makeTypical()
      case .rollBackAlone:
        try disk.makeTypical()
        let top = try disk.mount.open()
        try Subvolume.delete("sys_root_current", in: top)
      }
      try expectKey(disk)
    }

    /// Version 3 brings a key and revokes another.
    private func expectKey(_ disk: InstallDisk) throws {
      let raw = [UInt8](repeating: 3, count: 32)
      let changes = KeyChanges(
        added: [try VerificationKey(rawRepresentation: raw.rawSpan)],
        revoked: [SHA256.hash(raw.rawSpan)])
      let device = try LockedDevice(disk.device(), for: "test")
      try device.state.changeKeys { $0.expecting(changes, from: SystemVersion(3)) }
    }

    func run(_ device: borrowing Device) throws(InstallError) {
      switch self {
      case .activateFirst, .activateSecond, .activateThird: try device.activate(SystemVersion(3))
      case .rollBack, .rollBackAlone: try device.rollBack()
      }
    }

    var isActivation: Bool { self != .rollBack && self != .rollBackAlone }
  }

  /// Recovers and checks what must hold then, given what was there before.
  private func checkRecovered(_ operation: Operation, before: Outcome, at call: Int) throws {
    let device = try disk.device()
    try device.recover()
    #expect(try device.recover() == [], "call \(call)")
    let after = try outcome()
    let status = try device.status()
    #expect(status.pending == nil && status.leftovers.isEmpty, "call \(call)")
    #expect(try !disk.names().contains { $0.hasSuffix(".new") || $0 == "journal" })
    // What the version brought counts exactly where it is good.
    let (keys, isGood) = (status.keys, status.floor == SystemVersion(3))
    #expect(keys.learned.count == (isGood ? 1 : 0), "call \(call)")
    #expect(keys.revoked.count == (isGood ? 1 : 0), "call \(call)")
    #expect(keys.pendingKeys.count == (isGood ? 0 : 1), "call \(call)")
    #expect(keys.pendingRevocations.count == (isGood ? 0 : 1), "call \(call)")
    if after.current == before.current {
      #expect(after.last == before.last, "call \(call)")
    } else if operation.isActivation {
      #expect(try disk.contents(of: "sys_root_current") == 3, "call \(call)")
      #expect(after.last == before.current, "call \(call)")
      #expect(status.floor == SystemVersion(3), "call \(call)")
      #expect(status.current?.version == SystemVersion(3), "call \(call)")
    } else {
      #expect(after == Outcome(current: before.last, last: before.current), "call \(call)")
    }
    if before.current != nil {
      _ = try #require(try disk.contents(of: "sys_root_current"), "call \(call)")
    }
    // It can be done again.
    if operation != .rollBackAlone || after == before { try operation.run(device) }
    if operation.isActivation {
      #expect(try disk.contents(of: "sys_root_current") == 3, "call \(call)")
    }
  }

  @Test(
    "A kill in place of any call leaves the old system or the new one",
    arguments: Operation.allCases)
  func killed(_ operation: Operation) throws {
    var ends: Set<Bool> = []
    for call in 1... {
      try operation.prepare(disk)
      let before = try outcome()
      let device = try disk.device()
      // Every later call fails, too: nothing is cleaned up, as after a kill.
      let isDone = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in
        do throws(InstallError) {
          try operation.run(device)
          return true
        } catch {
          return false
        }
      }
      ends.insert(try outcome() == before)
      try checkRecovered(operation, before: before, at: call)
      if isDone { break }
    }
    #expect(ends == [true, false])
  }

  @Test(
    "Any one failing call leaves the old system, or the new one and no error",
    arguments: Operation.allCases)
  func failing(_ operation: Operation) throws {
    for call in 1... {
      try operation.prepare(disk)
      let before = try outcome()
      let device = try disk.device()
      var wasReached = true
      let error = FaultInjection.with(.fail(at: call, .inputOutput), counting: .all) { injection in
        defer { wasReached = injection.count >= call }
        do throws(InstallError) {
          try operation.run(device)
          return nil as InstallError?
        } catch {
          return error
        }
      }
      // What throws has changed nothing that boots.
      if error != nil { #expect(try outcome() == before, "call \(call)") }
      if error == nil { #expect(try outcome() != before, "call \(call)") }
      try checkRecovered(operation, before: before, at: call)
      if !wasReached { break }
    }
  }

  @Test(
    "Recovery may be killed, too, at any call", arguments: [Operation.activateThird, .rollBack])
  func killedTwice(_ operation: Operation) throws {
    var recoveries = 0
    for call in 1... {
      for second in 1... {
        try operation.prepare(disk)
        let before = try outcome()
        let device = try disk.device()
        let isDone = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in
          do throws(InstallError) {
            try operation.run(device)
            return true
          } catch {
            return false
          }
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
        try checkRecovered(operation, before: before, at: call * 1000 + second)
        if isRecovered { break }
      }
    }
  }
}
