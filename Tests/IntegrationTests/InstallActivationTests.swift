import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Activating and rolling back", .btrfs)
struct InstallActivationTests {
  let disk = InstallDisk()

  @Test("The first version activated becomes current, and nothing is last")
  func first() throws {
    try disk.makeVersion(1)
    #expect(try disk.device().activate(SystemVersion(1)) == [])
    #expect(try disk.contents(of: "sys_root_current") == 1)
    #expect(try disk.uuid("sys_root_last") == nil)
    let current = try #require(try disk.device().subvolume("sys_root_current"))
    #expect(!current.isReadOnly)
    #expect(
      try disk.names() == [
        ".btrfs-update", "backend", "floor", "lock", "origins", "sys_root_current", "sys_root_v1",
        "verdicts",
      ])
  }

  @Test("What was current becomes last, and what was last is deleted")
  func chain() throws {
    for number: UInt64 in 1...3 { try disk.makeVersion(number) }
    let device = try disk.device()
    try device.activate(SystemVersion(1))
    let first = try disk.uuid("sys_root_current")
    #expect(try disk.activateForGood(2) == [])
    #expect(try disk.contents(of: "sys_root_current") == 2)
    #expect(try disk.uuid("sys_root_last") == first)
    let second = try disk.uuid("sys_root_current")
    #expect(try device.activate() == [.deleted(name: ".sys_root_current.next")])
    #expect(try disk.contents(of: "sys_root_current") == 3)
    #expect(try disk.uuid("sys_root_last") == second)
    #expect(
      try disk.names() == [
        ".btrfs-update", "backend", "floor", "lock", "origins", "sys_root_current", "sys_root_last",
        "sys_root_v1", "sys_root_v2", "sys_root_v3", "trial", "verdicts",
      ])
  }

  @Test("Rolling back exchanges current and last, twice is as before, and the floor stays")
  func rollBack() throws {
    try disk.makeTypical()
    let device = try disk.device()
    let (current, last) = (try disk.uuid("sys_root_current"), try disk.uuid("sys_root_last"))
    #expect(try device.rollBack() == [])
    #expect(try disk.uuid("sys_root_current") == last)
    #expect(try disk.uuid("sys_root_last") == current)
    #expect(try device.status().floor == SystemVersion(2))
    try device.rollBack()
    #expect(try disk.uuid("sys_root_current") == current)
    #expect(try disk.uuid("sys_root_last") == last)
  }

  @Test("Rolling back without a current makes last current")
  func rollBackAlone() throws {
    try disk.makeTypical()
    let top = try disk.mount.open()
    try Subvolume.delete("sys_root_current", in: top)
    let device = try disk.device()
    try device.rollBack()
    #expect(try disk.contents(of: "sys_root_current") == 1)
    let error = #expect(throws: InstallError.self) { try device.rollBack() }
    guard case .nothingToRollBack = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("What cannot be activated is refused, and nothing changes")
  func refuses() throws {
    try disk.makeTypical()
    let device = try disk.device()
    let before = try disk.names()
    let missing = #expect(throws: InstallError.self) { try device.activate(SystemVersion(9)) }
    #expect(missing?.description == "version 9 is not installed")
    let top = try disk.mount.open()
    let version = try top.open(beneath: "sys_root_v3", .directory)
    try Subvolume.setReadOnly(false, version)
    let writable = #expect(throws: InstallError.self) { try device.activate(SystemVersion(3)) }
    guard case .versionNotReadOnly(SystemVersion(3)) = writable else {
      Issue.record("\(String(describing: writable))")
      return
    }
    try top.makeDirectory("sys_root_v7")
    let directory = #expect(throws: InstallError.self) { try device.activate(SystemVersion(7)) }
    guard case .notSubvolume(name: "sys_root_v7") = directory else {
      Issue.record("\(String(describing: directory))")
      return
    }
    try top.removeDirectory("sys_root_v7")
    #expect(try disk.names() == before)
  }

  @Test("Nothing installed, nothing to activate or to roll back to")
  func empty() throws {
    let device = try disk.device()
    #expect(try device.recover() == [])
    let error = #expect(throws: InstallError.self) { try device.activate() }
    #expect(error?.description == "no version is installed")
    #expect(throws: InstallError.self) { try device.rollBack() }
    let status = try device.status()
    #expect(status.current == nil && status.last == nil && status.versions.isEmpty)
    #expect(status.floor == nil && status.pending == nil && status.leftovers.isEmpty)
  }

  @Test("Status knows versions, also of a snapshot whose version is deleted")
  func status() throws {
    try disk.makeTypical()
    let top = try disk.mount.open()
    try Subvolume.delete("sys_root_v1", in: top)
    try Subvolume.create(".sys_root_v9.staging", in: top)
    let status = try disk.device().status()
    #expect(status.current?.version == SystemVersion(2))
    #expect(status.last?.version == SystemVersion(1))
    #expect(status.current?.isRunning == false)
    #expect(status.versions.map(\.version.number) == [2, 3])
    #expect(status.versions.allSatisfy { $0.isReadOnly && $0.isUntouched == nil })
    #expect(status.floor == SystemVersion(2))
    #expect(status.leftovers == [".sys_root_v9.staging"])
    #expect(try disk.device().recover() == [.deleted(name: ".sys_root_v9.staging")])
    #expect(try disk.device().status().leftovers.isEmpty)
  }

  @Test("A version is known by its snapshot's parent where no record says so")
  func statusWithoutRecord() throws {
    try disk.makeTypical()
    try run("rm", "\(disk.mount.path)/.btrfs-update/origins")
    let status = try disk.device().status()
    #expect(status.current?.version == SystemVersion(2))
    #expect(status.last?.version == SystemVersion(1))
  }

  @Test("Activating an older version does not lower the floor")
  func floorStays() throws {
    try disk.makeTypical()
    let device = try disk.device()
    try device.activate(SystemVersion(1))
    #expect(try disk.contents(of: "sys_root_current") == 1)
    #expect(try device.status().floor == SystemVersion(2))
  }

  @Test("Who comes second is told who is at it; a lock ends with its holder")
  func busy() throws {
    try disk.makeTypical()
    let device = try disk.device()
    do {
      let holder = try LockedDevice(device, for: "apply")
      let error = #expect(throws: InstallError.self) { try disk.device().activate() }
      guard case .busy(let who?) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(who.command == "apply" && who.process > 1)
      // Looking is always possible.
      #expect(try disk.device().status().current != nil)
      _ = consume holder
    }
    try device.activate()
    #expect(try disk.contents(of: "sys_root_current") == 3)
  }

  @Test("A directory that is not on btrfs is refused")
  func notBtrfs() throws {
    let error = #expect(throws: InstallError.self) { _ = try Device(path: "/proc") }
    #expect(error?.description == "\"/proc\" is not on a btrfs file system")
    let missing = #expect(throws: InstallError.self) {
      _ = try Device(path: "\(disk.mount.path)/none")
    }
    guard case .system(let system) = missing else {
      Issue.record("\(String(describing: missing))")
      return
    }
    #expect(system.errno == .noSuchFile)
  }
}
