internal import Foundation

/// Unmounts a directory.
///
/// Another test may be between fork and exec at the moment, when its child has our descriptors for
/// some milliseconds: so what is busy is asked again for a while. A descriptor that was never closed
/// stays busy, and is an error in the end.
public func unmount(_ path: String) throws {
  for _ in 0..<50 {
    if let status = try? runProgram(["umount", path]).status, status == 0 { return }
    usleep(100_000)
  }
  try run("umount", path)
}

/// Mounts a copy of an image that may be mounted.
///
/// Both have one UUID. The kernel gives the second one another, but not where it remembers the loop
/// device's number for a file system that was unmounted: then it takes the copy for an older state of
/// what it knows (`EEXIST`). So what is not mounted is forgotten, and asked again: others unmount as well.
public func mountCopy(_ image: String, at path: String) throws {
  for _ in 0..<50 {
    _ = try? runProgram(["btrfs", "device", "scan", "--forget"])
    if let status = try? runProgram(["mount", "-o", "loop", image, path]).status, status == 0 {
      return
    }
    usleep(100_000)
  }
  try run("mount", "-o", "loop", image, path)
}
