import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("What is in use is not deleted", .btrfs)
struct InstallDroppingTests {
  let disk = InstallDisk()

  private func dropped(_ name: String) throws -> String {
    try DeviceNames.dropped(id: #require(try disk.device().subvolume(name)).id)
  }

  @Test("A mounted subvolume is set aside, and deleted once it is not mounted any more")
  func mounted() throws {
    try disk.makeTypical()
    let name = try dropped("sys_root_last")
    let directory = try TemporaryDirectory()
    let loop = String(
      decoding: try run("findmnt", "-no", "SOURCE", disk.mount.path), as: UTF8.self)
    let source = try #require(loop.split(separator: "\n").first).split(separator: "[")[0]
    try run("mount", "-o", "subvol=sys_root_last", String(source), directory.path)
    let changes: [DeviceChange]
    do {
      defer { try? unmount(directory.path) }
      changes = try disk.device().activate()
      #expect(try disk.device().recover() == [.kept(name: name, .mounted)])
      let seen = try run("cat", "\(directory.path)/file0")
      #expect(String(decoding: seen, as: UTF8.self) == "version 1")
    }
    #expect(changes == [.kept(name: name, .mounted)])
    #expect(try disk.contents(of: "sys_root_current") == 3)
    #expect(try disk.contents(of: "sys_root_last") == 2)
    #expect(try disk.device().recover() == [.deleted(name: name)])
    #expect(try disk.uuid(name) == nil)
  }

  @Test("What the command line names by its id stays, where an overlay hides what runs")
  func named() throws {
    try disk.makeTypical()
    let last = try #require(try disk.device().subvolume("sys_root_last"))
    let name = try dropped("sys_root_last")
    var device = try disk.device()
    device.running = RunningSystem(uuid: nil, namedID: last.id, bootID: nil)
    // The names are not what such a device goes by.
    let error = #expect(throws: InstallError.self) { try device.activate() }
    #expect(error?.description.contains("rootflags=subvolid=\(last.id)") == true)
    #expect(throws: InstallError.self) { try device.rollBack() }
    #expect(try disk.contents(of: "sys_root_current") == 2)
    #expect(try device.recover() == [])
    try run("mv", "\(disk.mount.path)/sys_root_last", "\(disk.mount.path)/\(name)")
    #expect(try device.recover() == [.kept(name: name, .mounted)])
    // The same id on another machine's disk means nothing.
    device.running = RunningSystem(uuid: SubvolumeUUID.none, namedID: last.id, bootID: nil)
    #expect(try device.recover() == [.deleted(name: name)])
    #expect(try device.activate() == [])
  }

  @Test("The default subvolume is set aside, and deleted once it is not that any more")
  func defaultSubvolume() throws {
    try disk.makeTypical()
    let name = try dropped("sys_root_last")
    try run("btrfs", "subvolume", "set-default", "\(disk.mount.path)/sys_root_last")
    #expect(try disk.device().activate() == [.kept(name: name, .refused)])
    #expect(try disk.device().recover() == [.kept(name: name, .refused)])
    try run("btrfs", "subvolume", "set-default", "5", disk.mount.path)
    #expect(try disk.device().recover() == [.deleted(name: name)])
  }

  @Test("Empty subvolumes inside go with it, as systemd makes them")
  func emptyInside() throws {
    try disk.makeTypical()
    let last = "\(disk.mount.path)/sys_root_last"
    try run("mkdir", "-p", "\(last)/var/lib")
    try run("btrfs", "subvolume", "create", "\(last)/var/lib/machines")
    try run("btrfs", "subvolume", "create", "\(last)/portables")
    #expect(try disk.device().activate() == [.deleted(name: ".sys_root_current.next")])
  }

  @Test("A subvolume inside that holds data keeps the outer one and all in it")
  func dataInside() throws {
    try disk.makeTypical()
    let name = try dropped("sys_root_last")
    let last = "\(disk.mount.path)/sys_root_last"
    try run("btrfs", "subvolume", "create", "\(last)/empty")
    try run("btrfs", "subvolume", "create", "\(last)/machines")
    try run("mkdir", "\(last)/machines/mine")
    #expect(try disk.device().activate() == [.kept(name: name, .holdsSubvolumes)])
    try run("rmdir", "\(disk.mount.path)/\(name)/machines/mine")
    #expect(try disk.device().recover() == [.deleted(name: name)])
  }

  @Test("Something else under a leftover's name is left alone")
  func notSubvolume() throws {
    try disk.makeTypical()
    try run("mkdir", "\(disk.mount.path)/.sys_root_v8.staging")
    #expect(
      try disk.device().recover() == [.kept(name: ".sys_root_v8.staging", .notSubvolume)])
    try run("rmdir", "\(disk.mount.path)/.sys_root_v8.staging")
  }
}

@Suite("Reading the mount table")
struct MountTableTests {
  let text = """
    29 1 0:26 /sys_root_current / rw,relatime shared:1 - btrfs /dev/sda2 rw,ssd,subvolid=257,subvol=/sys_root_current
    31 29 0:26 / /mnt\\040disk rw - btrfs /dev/sda2 rw,subvolid=5,subvol=/
    40 29 0:44 /other /srv rw master:2 shared:3 - btrfs /dev/sdb1 rw,subvolid=300,subvol=/other
    50 29 8:1 / /boot rw - ext4 /dev/sda1 rw,subvolid=400
    broken line
    """

  @Test("A subvolume counts as mounted on its own file system only")
  func mounted() {
    let table = MountTable(parsing: text)
    #expect(table.hasMounted(subvolume: 257, sharingWith: "31"))
    #expect(table.hasMounted(subvolume: 5, sharingWith: "31"))
    #expect(!table.hasMounted(subvolume: 300, sharingWith: "31"))
    #expect(table.hasMounted(subvolume: 300, sharingWith: "40"))
    #expect(!table.hasMounted(subvolume: 25, sharingWith: "31"))
  }

  @Test("Where the own mount is not known, every btrfs counts")
  func unknown() {
    let table = MountTable(parsing: text)
    for mountID in ["99", nil] as [Substring?] {
      #expect(table.hasMounted(subvolume: 257, sharingWith: mountID))
      #expect(table.hasMounted(subvolume: 300, sharingWith: mountID))
      #expect(!table.hasMounted(subvolume: 400, sharingWith: mountID))
    }
  }

  @Test("The own mount is found in fdinfo")
  func mountID() {
    #expect(MountTable.mountID(in: "pos:\t0\nflags:\t0100000\nmnt_id:\t29\nino:\t5\n") == "29")
    #expect(MountTable.mountID(in: "pos:\t0\n") == nil)
  }
}
