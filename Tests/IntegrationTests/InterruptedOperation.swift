import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

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
    if self == .activateFirst { return try disk.makeVersion(3) }
    for number: UInt64 in 1...3 { try disk.makeVersion(number) }
    let device = try device(disk, boot, in: "boot-before")
    try device.activate(SystemVersion(2))
    if self == .activateSecond { return }
    try device.activate(SystemVersion(1), tries: 1)
    if self == .activateOnTrial { return }
    if ![.activateThird, .rollBack, .rollBackAlone].contains(self) {
      if self == .rollBackToFailed { try device.rollBack(reason: "first") }
      if self == .tooManyTries {
        #expect(try self.device(disk, boot, in: "boot-between").checkBoot().problem == nil)
      }
      return
    }
    try device.markGood(SystemVersion(1))
    if self == .rollBackAlone {
      let top = try disk.mount.open()
      try FileSystem.setDefaultSubvolume(5, of: top)
      try Subvolume.delete("sys_root_current", in: top)
    }
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
    case .markGood: try device.markGood(SystemVersion(1))
    case .markBad: try device.markBad(SystemVersion(1), reason: "bad")
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

  init(_ disk: InstallDisk, _ boot: any BootBackend) throws {
    current = try disk.contents(of: "sys_root_current")
    last = try disk.contents(of: "sys_root_last")
    let status = try Device(path: disk.mount.path, boot: boot).status()
    triesLeft = status.boot.trial?.triesLeft
    floor = status.floor
    failure = status.boot.failure.map { "\($0.version?.number ?? 0) \($0.count) \($0.reason)" }
  }

  var description: String {
    "\(current.map(String.init) ?? "-")/\(last.map(String.init) ?? "-")"
      + " trial \(triesLeft.map(String.init) ?? "-") floor \(floor?.description ?? "-")"
      + " failed \(failure ?? "-")"
  }

  /// Which systems there are, by content.
  var systems: [UInt64?] { [current, last] }
}
