import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

/// The disk of a device under test: versions that hold a file saying which they are.
struct InstallDisk {
  let mount = BtrfsFixture.current

  func device() throws -> Device { try Device(path: mount.path) }

  /// Makes `sys_root_vN`, read-only, with a few files.
  func makeVersion(_ number: UInt64) throws {
    let top = try mount.open()
    let name = DeviceNames.version(SystemVersion(number))
    try Subvolume.create(name, in: top)
    let root = try top.open(beneath: name, .directory)
    for index in 0..<5 {
      let file = try root.open(beneath: "file\(index)", [.writeOnly, .create])
      let bytes = Array("version \(number)".utf8)
      try file.write(bytes.rawSpan)
    }
    try root.makeDirectory("boot")
    // The initrd is the same for all.
    for (name, text) in [("vmlinuz-1", "kernel \(number)"), ("initrd.img-1", "initrd")] {
      let file = try root.open(beneath: "boot/\(name)", [.writeOnly, .create])
      let bytes = Array(text.utf8)
      try file.write(bytes.rawSpan)
    }
    try Subvolume.setReadOnly(true, root)
  }

  /// The version whose files a subvolume holds, all of them; `nil` if there is none.
  func contents(of name: String) throws -> UInt64? {
    let top = try mount.open()
    guard try top.hasEntry(name) else { return nil }
    let root = try top.open(beneath: name, .directory)
    var found: Set<String> = []
    for index in 0..<5 {
      let file = try root.open(beneath: "file\(index)")
      found.insert(String(decoding: try file.bytes(at: 0, count: 100), as: UTF8.self))
    }
    let text = try #require(found.count == 1 ? found.first : nil)
    return UInt64(text.dropFirst("version ".count))
  }

  func uuid(_ name: String) throws -> SubvolumeUUID? {
    try device().subvolume(name)?.uuid
  }

  /// All names at the top, and all in `.btrfs-update`.
  func names() throws -> [String] {
    let top = try mount.open()
    let state = try top.open(beneath: DeviceNames.state, .directory)
    let all = try top.entries() + state.entries()
    return all.map { String(decoding: $0.name, as: UTF8.self) }.sorted()
  }

  /// Deletes everything.
  func clear() throws {
    let top = try mount.open()
    try FileSystem.setDefaultSubvolume(5, of: top)
    for entry in try top.entries() {
      let name = String(decoding: entry.name, as: UTF8.self)
      if name == DeviceNames.state {
        try run("rm", "-r", "\(mount.path)/\(name)")
      } else {
        try Subvolume.delete(name, in: top)
      }
    }
  }

  /// Versions 1, 2 and 3; 2 is current, and good, and 1 is last.
  func makeTypical() throws {
    for number: UInt64 in 1...3 { try makeVersion(number) }
    let device = try device()
    try device.activate(SystemVersion(1))
    try activateForGood(2)
  }

  /// Activates a version whose trial is over at once.
  @discardableResult
  func activateForGood(_ number: UInt64) throws -> [DeviceChange] {
    let device = try device()
    let changes = try device.activate(SystemVersion(number))
    try device.markGood(SystemVersion(number))
    return changes
  }
}

extension InstallDisk {
  /// The block device.
  func loop() throws -> String {
    let found = String(
      decoding: try run("findmnt", "-no", "SOURCE", mount.path), as: UTF8.self)
    let source = try #require(found.split(separator: "\n").first).split(separator: "[")[0]
    return String(source)
  }
}
