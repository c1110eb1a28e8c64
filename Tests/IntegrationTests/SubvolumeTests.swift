import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@Suite("Subvolumes", .btrfs)
final class SubvolumeTests {
  let mount = BtrfsFixture.current
  let top: Descriptor

  init() throws { top = try mount.open() }

  private func open(_ name: String) throws(SystemError) -> Descriptor {
    try top.open(beneath: name, .directory)
  }

  private func write(_ text: String, to name: String, in subvolume: borrowing Descriptor) throws {
    let file = try subvolume.open(beneath: name, [.writeOnly, .create])
    let bytes = Array(text.utf8)
    try file.write(bytes.rawSpan)
  }

  @Test("A subvolume is made, found, told apart from a directory, and deleted")
  func createsAndDeletes() throws {
    try Subvolume.create("one", in: top)
    try top.makeDirectory("directory")
    let one = try open("one")
    #expect(try Subvolume.isSubvolume(one))
    #expect(try Subvolume.isSubvolume(top))
    #expect(try !Subvolume.isSubvolume(open("directory")))
    #expect(try FileSystem.isBtrfs(one))
    let info = try Subvolume.info(of: one)
    #expect(info.name == Array("one".utf8))
    #expect(info.id >= 256)
    #expect(info.parentID == 5)
    #expect(!info.uuid.isZero && info.receivedUUID.isZero && info.parentUUID.isZero)
    #expect(!info.isReadOnly)
    let shown = String(
      decoding: try run("btrfs", "subvolume", "show", mount.path + "/one"), as: UTF8.self)
    #expect(shown.contains(info.uuid.description))
    let again = #expect(throws: SystemError.self) { try Subvolume.create("one", in: top) }
    #expect(again?.errno == .fileExists)
    #expect(again?.description == "BTRFS_IOC_SUBVOL_CREATE_V2 \"\(mount.path)/one\": File exists")
    _ = consume one
    try Subvolume.delete("one", in: top)
    #expect(try !top.hasEntry("one"))
  }

  @Test("Names that are paths are refused", arguments: ["", "..", "a/b", "x\0y"])
  func refusesNames(_ name: String) throws {
    #expect(throws: SystemError.self) { try Subvolume.create(name, in: top) }
    #expect(throws: SystemError.self) { try Subvolume.delete(name, in: top) }
    #expect(throws: SystemError.self) { try Subvolume.snapshot(of: top, as: name, in: top) }
    #expect(try top.entries().isEmpty)
  }

  @Test("A name of 255 bytes works, a longer one is refused")
  func longNames() throws {
    let name = [UInt8](repeating: 0xE4, count: 255)
    try Subvolume.create(name, in: top)
    #expect(try Subvolume.list(in: top).map(\.name) == [name])
    let error = #expect(throws: SystemError.self) { try Subvolume.create(name + [1], in: top) }
    #expect(error?.errno == .nameTooLong)
  }

  @Test("A snapshot knows its origin, and is read-only if asked for")
  func snapshots() throws {
    try Subvolume.create("one", in: top)
    let one = try open("one")
    try write("hello", to: "file", in: one)
    try Subvolume.snapshot(of: one, as: "frozen", in: top, readOnly: true)
    try Subvolume.snapshot(of: one, as: "copy", in: top)
    let frozen = try open("frozen")
    #expect(try Subvolume.isReadOnly(frozen))
    #expect(try Subvolume.info(of: frozen).parentUUID == Subvolume.info(of: one).uuid)
    #expect(try !Subvolume.isReadOnly(open("copy")))
    let error = #expect(throws: SystemError.self) { try write("x", to: "new", in: frozen) }
    #expect(error?.errno == .readOnlyFileSystem)
    try Subvolume.setReadOnly(false, frozen)
    try write("x", to: "new", in: frozen)
    try Subvolume.setReadOnly(true, frozen)
    _ = consume frozen
    // Also a read-only one.
    try Subvolume.delete("frozen", in: top)
    #expect(try Subvolume.list(in: top).map(\.name) == ["copy", "one"].map { Array($0.utf8) })
  }

  @Test("A received UUID is kept, and a later write shows")
  func received() throws {
    try Subvolume.create("one", in: top)
    let one = try open("one")
    try write("hello", to: "file", in: one)
    try top.syncFileSystem()
    let bytes = (0..<16).map { UInt8($0 * 16 + 1) }
    let parsed = SubvolumeUUID(bytes.rawSpan)
    let uuid = try #require(parsed)
    #expect(uuid.description == "01112131-4151-6171-8191-a1b1c1d1e1f1")
    #expect(uuid.bytes == bytes)
    let time = FileTime(seconds: 1_700_000_000, nanoseconds: 5)
    let transaction = try Subvolume.setReceived(
      one, uuid: uuid, sendTransaction: 77, sendTime: time)
    try Subvolume.setReadOnly(true, one)
    var info = try Subvolume.info(of: one)
    #expect(info.receivedUUID == uuid)
    #expect(info.sendTransaction == 77)
    #expect(info.sendTime == time)
    #expect(info.receiveTransaction == transaction)
    #expect(info.isReadOnly)
    #expect(info.isUntouchedSinceReceive)
    // A read-only snapshot keeps it: two subvolumes have it now. A writable one has none.
    try Subvolume.snapshot(of: one, as: "frozen", in: top, readOnly: true)
    try Subvolume.snapshot(of: one, as: "copy", in: top)
    #expect(try Subvolume.info(of: open("frozen")).receivedUUID == uuid)
    #expect(try Subvolume.info(of: open("copy")).receivedUUID.isZero)
    try Subvolume.setReadOnly(false, one)
    try write("changed", to: "file", in: one)
    try FileSystem.commit(one)
    info = try Subvolume.info(of: one)
    #expect(info.receivedUUID == uuid)
    #expect(!info.isUntouchedSinceReceive)
  }

  @Test("Two subvolumes change places in one step, also read-only ones")
  func exchanges() throws {
    for name in ["current", "next"] {
      try Subvolume.create(name, in: top)
      let subvolume = try open(name)
      try write(name, to: "name", in: subvolume)
      try Subvolume.setReadOnly(true, subvolume)
    }
    let uuid = try Subvolume.info(of: open("next")).uuid
    try top.rename("next", to: "current", .exchanging)
    let current = try open("current")
    #expect(try Subvolume.info(of: current).uuid == uuid)
    let name = try current.open(beneath: "name")
    #expect(try name.bytes(at: 0, count: 9) == Array("next".utf8))
  }

  @Test("The border of a nested subvolume is seen by its device")
  func nested() throws {
    try Subvolume.create("outer", in: top)
    let outer = try open("outer")
    try Subvolume.create("inner", in: outer)
    let device = try outer.status().device
    _ = try outer.open(beneath: "inner")
    let error = #expect(throws: SystemError.self) {
      _ = try outer.open(beneath: "inner", device: device)
    }
    #expect(error?.errno == .crossDevice)
    let busy = #expect(throws: SystemError.self) { try Subvolume.delete("outer", in: top) }
    #expect(busy?.errno == .directoryNotEmpty)
  }

  @Test("Space is what the file system has")
  func space() throws {
    let space = try FileSystem.space(in: top)
    #expect(space.availableData > 100 << 20 && space.availableData < 512 << 20)
    #expect(space.totalData > 0 && space.totalMetadata > 0)
    #expect(space.availableMetadata > 0 && space.availableMetadata < 512 << 20)
    #expect(space.reservedMetadata > 0)
  }

  @Test("A range is cloned from one file to another")
  func clones() throws {
    let bytes = [UInt8](repeating: 9, count: 8192)
    let a = try top.open(beneath: "a", [.readWrite, .create])
    try a.write(bytes.rawSpan)
    let b = try top.open(beneath: "b", [.readWrite, .create])
    try b.cloneRange(from: a, at: 4096, count: 4096, to: 8192)
    #expect(try b.status().size == 12288)
    #expect(try b.bytes(at: 8192, count: 9999) == Array(bytes[4096...]))
    let error = #expect(throws: SystemError.self) {
      try b.cloneRange(from: a, at: 1, count: 4096, to: 0)
    }
    #expect(error?.description == "FICLONERANGE \"\(mount.path)/b\": Invalid argument")
  }

  @Test("Inode flags are set and cleared")
  func inodeFlags() throws {
    let file = try top.open(beneath: "f", [.readWrite, .create])
    let before = try file.inodeFlags()
    try file.setInodeFlags(before.union(.immutable))
    #expect(throws: SystemError.self) { try file.setPermissions(0o777) }
    try file.setInodeFlags(before)
    #expect(try file.inodeFlags() == before)
  }
}
