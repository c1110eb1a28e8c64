import Btrfs
import Bytes
import Crypto
import Linux
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

/// What is to be interrupted, and where it begins.
enum InterruptedOperation: CaseIterable {
  case activateFirst, activateSecond, activateThird, activateOnTrial
  case rollBack, rollBackAlone, rollBackTrial, rollBackToFailed
  case markGood, markBad, countTry, tooManyTries

  /// The boot in which it is done.
  static let boot = "boot-now"

  func prepare(_ disk: InstallDisk, _ boot: any BootBackend) throws {
    try disk.clear()
    for number: UInt64 in 1...3 { try disk.makeVersion(number) }
    try makeSystems(disk, boot)
    try expectKey(of: self == .markGood ? 2 : 3, disk)
  }

  private func makeSystems(_ disk: InstallDisk, _ boot: any BootBackend) throws {
    if self == .activateFirst { return }
    let device = try device(disk, boot, in: "boot-before")
    try device.activate(SystemVersion(1))
    if self == .activateSecond { return }
    try device.activate(SystemVersion(2), tries: 1)
    switch self {
    case .activateThird, .rollBack: try device.markGood(SystemVersion(2))
    case .rollBackAlone:
      try device.markGood(SystemVersion(2))
      let top = try disk.mount.open()
      try FileSystem.setDefaultSubvolume(5, of: top)
      try Subvolume.delete("sys_root_current", in: top)
    case .rollBackToFailed: try device.rollBack(reason: "first")
    case .tooManyTries:
      let check = try self.device(disk, boot, in: "boot-between").checkBoot()
      #expect(check.outcome == .trial(SystemVersion(2), triesLeft: 0))
    default: break
    }
  }

  /// A version brings a key and revokes another.
  private func expectKey(of version: UInt64, _ disk: InstallDisk) throws {
    let raw = [UInt8](repeating: 3, count: 32)
    let changes = KeyChanges(
      added: [try VerificationKey(rawRepresentation: raw.rawSpan)],
      revoked: [SHA256.hash(raw.rawSpan)])
    let device = try LockedDevice(disk.device(), for: "test")
    try device.state.changeKeys { $0.expecting(changes, from: SystemVersion(version)) }
  }

  func device(
    _ disk: InstallDisk, _ boot: any BootBackend, in bootID: String = boot
  ) throws -> Device {
    var device = try Device(path: disk.mount.path, boot: boot)
    device.running = RunningSystem(uuid: nil, bootID: bootID)
    return device
  }

  func run(_ device: borrowing Device) throws(InstallError) {
    switch self {
    case .activateFirst, .activateSecond, .activateThird, .activateOnTrial:
      try device.activate(SystemVersion(3))
    case .rollBack, .rollBackAlone, .rollBackTrial, .rollBackToFailed: try device.rollBack()
    case .markGood: try device.markGood(SystemVersion(2))
    case .markBad: try device.markBad(SystemVersion(2), reason: "bad")
    case .countTry, .tooManyTries:
      let check = device.checkBoot()
      // What boots is only looked up after all is done.
      if check.outcome == nil, let problem = check.problem { throw problem }
    }
  }

  /// Whether it changes which system is called current.
  var exchanges: Bool { self != .markGood && self != .countTry }

  /// Whether done again it changes nothing but systems of the same version.
  var isRepeatable: Bool {
    switch self {
    case .activateFirst, .activateSecond, .activateThird, .activateOnTrial: true
    case .markGood, .countTry, .tooManyTries: true
    case .rollBack, .rollBackAlone, .rollBackTrial, .rollBackToFailed, .markBad: false
    }
  }
}

/// All that counts of a device's state.
struct DeviceOutcome: Hashable, CustomStringConvertible {
  var current: UInt64?
  var last: UInt64?
  var triesLeft: Int?
  var floor: SystemVersion?
  var failure: String?
  var keys: DeviceKeys

  init(_ disk: InstallDisk, _ boot: any BootBackend) throws {
    current = try disk.contents(of: "sys_root_current")
    last = try disk.contents(of: "sys_root_last")
    let status = try Device(path: disk.mount.path, boot: boot).status()
    triesLeft = status.boot.trial?.triesLeft
    floor = status.floor
    keys = status.keys
    failure = status.boot.failure.map { "\($0.version?.number ?? 0) \($0.count) \($0.reason)" }
  }

  var description: String {
    "\(current.map(String.init) ?? "-")/\(last.map(String.init) ?? "-")"
      + " trial \(triesLeft.map(String.init) ?? "-") floor \(floor?.description ?? "-")"
      + " failed \(failure ?? "-") keys \(keys.learned.count) of \(keys.pendingKeys.count)"
  }

  /// Which systems there are, by content.
  var systems: [UInt64?] { [current, last] }
}
