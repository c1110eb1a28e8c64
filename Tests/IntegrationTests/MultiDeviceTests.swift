import Btrfs
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("A file system on several devices", .btrfs)
struct MultiDeviceTests {
  /// Three loop devices; a raid1 on the first two, mounted.
  private final class Mirror {
    let directory: TemporaryDirectory
    var mount: String { directory.path + "/mount" }
    private(set) var loops: [String] = []

    init() throws {
      directory = try TemporaryDirectory()
      try run("mkdir", mount)
      for number in 0..<3 {
        let image = "\(directory.path)/\(number).img"
        try run("truncate", "-s", "400M", image)
        loops.append(
          String(
            decoding: try run("losetup", "--find", "--show", image).dropLast(), as: UTF8.self))
      }
      try run("mkfs.btrfs", "-q", "-d", "raid1", "-m", "raid1", loops[0], loops[1])
      try run("mount", loops[0], mount)
      try run("mkdir", mount + "/disk")
    }

    deinit {
      _ = try? run("umount", "--lazy", mount)
      for loop in loops { _ = try? run("losetup", "--detach", loop) }
    }

    /// Mounts it again without its second device, as if that had died.
    func degrade() throws {
      try unmount(mount)
      try run("btrfs", "device", "scan", "--forget", loops[1])
      try run("losetup", "--detach", loops[1])
      loops.remove(at: 1)
    }

    func device() throws -> Device { try Device(path: mount + "/disk") }
  }

  private let bench: InstallBench

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    try bench.release(3, "echo three >etc/version")
  }

  private func apply(
    _ parent: UInt64?, _ version: UInt64, to mirror: Mirror,
    observer: InstallObserver = { _ in true }
  ) throws {
    let update = try bench.update(from: parent, to: version)
    _ = try mirror.device().apply(bench.file(of: update), bench.options, observer: observer)
  }

  private func current(_ mirror: Mirror) throws -> String {
    String(
      decoding: try run("cat", mirror.mount + "/disk/sys_root_current/etc/version"), as: UTF8.self)
  }

  @Test("A device that is added during an update does not disturb it")
  func added() throws {
    let mirror = try Mirror()
    try apply(nil, 1, to: mirror)
    try mirror.device().activate()
    var isAdded = false
    try apply(1, 2, to: mirror) { _ in
      if !isAdded {
        isAdded = true
        _ = try? run("btrfs", "device", "add", mirror.loops[2], mirror.mount)
      }
      return true
    }
    let devices = String(
      decoding: try run("btrfs", "filesystem", "show", mirror.mount), as: UTF8.self)
    #expect(devices.contains("Total devices 3") && devices.contains(mirror.loops[2]))
    try mirror.device().activate()
    #expect(try current(mirror) == "two\n")
    try mirror.device().verify(SystemVersion(2))
    try mirror.device().rollBack()
    #expect(try current(mirror) == "one\n")
    // All of its devices lead to it.
    for loop in mirror.loops {
      let device = try Device(.blockDevice(loop, directory: "disk"))
      #expect(try device.status().current?.version == SystemVersion(1))
    }
  }

  @Test("With a device missing, it goes on where somebody mounted it so, and is refused elsewhere")
  func degraded() throws {
    let mirror = try Mirror()
    try apply(nil, 1, to: mirror)
    try mirror.device().activate()
    try mirror.degrade()
    let error = #expect(throws: InstallError.self) {
      _ = try Device(.blockDevice(mirror.loops[0], directory: "disk"))
    }
    #expect(error?.description.contains("cannot be mounted as btrfs") == true)
    // Nothing is written to what is read-only.
    try run("mount", "-o", "degraded,ro", mirror.loops[0], mirror.mount)
    #expect(try mirror.device().status().current?.version == SystemVersion(1))
    let readOnly = #expect(throws: InstallError.self) { try apply(1, 2, to: mirror) }
    #expect(readOnly?.description.contains("Read-only file system") == true)
    try run("mount", "-o", "remount,rw,degraded", mirror.mount)
    try apply(1, 2, to: mirror)
    try mirror.device().verify(SystemVersion(2))
    try mirror.device().activate()
    #expect(try current(mirror) == "two\n")
    try mirror.device().rollBack()
    #expect(try current(mirror) == "one\n")
  }
}
