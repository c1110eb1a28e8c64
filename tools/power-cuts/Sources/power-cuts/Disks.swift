import Btrfs
import Linux
import Synchronization

/// The file system that holds the devices' images, so that a copy of one takes no time.
struct Host: Sendable {
  let programs: Programs
  /// Where it is mounted; everything that the harness makes is in there.
  let path: String

  private static let serial = Atomic<Int>(0)

  /// A name that was not used before.
  func fresh(_ name: String) -> String {
    "\(path)/\(name)-\(Self.serial.add(1, ordering: .relaxed).newValue)"
  }

  /// Makes an empty device.
  func makeImage(megabytes: Int) throws -> Image {
    let path = fresh("empty.img")
    try programs.need("truncate", ["-s", "\(megabytes)M", path])
    try programs.need("mkfs.btrfs", ["-q", path])
    return Image(path: path)
  }

  func mount(_ image: Image) throws -> Mounted {
    let point = fresh("mount")
    try Descriptor.open(path, .directory).makeDirectory(String(point.dropFirst(path.count + 1)))
    try programs.need("mount", ["-o", "loop,noatime,subvolid=5", image.path, point])
    return Mounted(programs: programs, point: point)
  }

  /// Runs a closure with an image mounted.
  func with<Result>(_ image: Image, _ body: (Mounted) throws -> Result) throws -> Result {
    let mounted = try mount(image)
    let result: Result
    do { result = try body(mounted) } catch {
      try? mounted.unmount()
      throw error
    }
    try mounted.unmount()
    return result
  }
}

/// The file that holds a device's file system.
struct Image: Sendable {
  let path: String

  /// What a power cut at this moment leaves: all that was written to the device so far, and nothing
  /// of what is only in memory. It has a UUID of its own: see ``SuperBlock``.
  func copy(to path: String) throws -> Image {
    let source = try Descriptor.open(self.path)
    let copy = try Descriptor.open(path, [.readWrite, .create, .exclusive])
    try copy.cloneRange(from: source, at: 0, count: 0, to: 0)
    try SuperBlock.renew(copy)
    return Image(path: path)
  }

  func remove() throws {
    let (directory, name) = (path.parent, path.lastComponent)
    try Descriptor.open(directory, .directory).unlink(name)
  }
}

/// A device whose file system is mounted.
struct Mounted: Sendable {
  let programs: Programs
  let point: String

  func open() throws -> Descriptor { try Descriptor.open(point, .directory) }

  /// Another program of the device syncs: whatever is in memory is on disk.
  func sync() throws { try FileSystem.commit(open()) }

  func unmount() throws {
    // The kernel may still be deleting a subvolume, or another thread be between fork and exec.
    for _ in 0..<100 {
      if try programs.run("umount", [point]).end.isSuccess {
        return try Descriptor.open(point.parent, .directory).removeDirectory(point.lastComponent)
      }
      Machine.sleep(.milliseconds(50))
    }
    throw Failure("\(point) cannot be unmounted")
  }
}

extension String {
  fileprivate var lastComponent: String {
    String(self[(lastIndex(of: "/") ?? startIndex)...].dropFirst())
  }
  fileprivate var parent: String { String(self[..<(lastIndex(of: "/") ?? startIndex)]) }
}
