internal import Bytes
internal import CLinux
public import Linux

/// A device of a btrfs file system (`struct btrfs_ioctl_dev_info_args`).
public struct BtrfsDevice: Hashable, Sendable {
  /// Its number in the file system.
  public var id: UInt64
  /// Its path, as whoever mounted it spelled it; empty if it is missing.
  public var path: [UInt8]
  /// Its size in bytes.
  public var totalBytes: UInt64
  /// How many bytes of it belong to block groups.
  public var allocatedBytes: UInt64

  /// How many bytes of it belong to no block group yet; none of a missing device.
  public var unallocatedBytes: UInt64 {
    path.isEmpty || allocatedBytes > totalBytes ? 0 : totalBytes - allocatedBytes
  }
}

extension FileSystem {
  /// Device numbers are not looked for beyond this many.
  private static let maximumDevices: UInt64 = 4096

  /// The devices of the file system that a descriptor is open in (`BTRFS_IOC_FS_INFO`,
  /// `BTRFS_IOC_DEV_INFO`).
  public static func devices(
    of descriptor: borrowing Descriptor
  ) throws(SystemError) -> [BtrfsDevice] {
    var (count, highest): (UInt64, UInt64) = (0, 0)
    let fd = descriptor.rawValue
    _ = try systemCall("BTRFS_IOC_FS_INFO", .reads, path: descriptor.path) {
      unsafe clinux_btrfs_device_count(fd, &count, &highest)
    }
    var devices: [BtrfsDevice] = []
    // Numbers of devices that were removed are not used again.
    for id in 0...min(highest, maximumDevices) where UInt64(devices.count) < count {
      if let device = try device(id, of: descriptor) { devices.append(device) }
    }
    return devices
  }

  private static func device(
    _ id: UInt64, of descriptor: borrowing Descriptor
  ) throws(SystemError) -> BtrfsDevice? {
    var (total, used): (UInt64, UInt64) = (0, 0)
    var path = [UInt8](repeating: 0, count: Int(clinux_btrfs_device_path_max) + 1)
    let fd = descriptor.rawValue
    do throws(SystemError) {
      _ = try systemCall("BTRFS_IOC_DEV_INFO", .reads, path: descriptor.path) {
        unsafe clinux_btrfs_device_info(fd, id, &total, &used, &path)
      }
    } catch {
      if error.errno == .noDevice { return nil }
      throw error
    }
    return BtrfsDevice(
      id: id, path: Array(path.prefix { $0 != 0 }), totalBytes: total, allocatedBytes: used)
  }

  /// Paths by which the file system's devices can be opened, the likeliest first.
  ///
  /// The first ones are as ``devices(of:)`` has them, which may be names of another time or place,
  /// such as `/dev/root`; then come those by which the kernel knows them (`/sys/fs/btrfs`).
  public static func devicePaths(of descriptor: borrowing Descriptor) throws(SystemError)
    -> [String]
  {
    var paths = try devices(of: descriptor).map(\.path).filter { !$0.isEmpty }
      .map { String(decoding: $0, as: UTF8.self) }
    for name in try kernelNames(ofDevicesOf: descriptor) {
      // The kernel writes the slashes of a device's name as exclamation marks.
      let path = "/dev/" + String(name.map { $0 == "!" ? "/" : $0 })
      if !paths.contains(path) { paths.append(path) }
    }
    return paths
  }

  /// How many bytes were written to the file system's devices since they are there, by whomever;
  /// `nil` where the kernel does not say (`/sys/fs/btrfs/UUID/devices/NAME/stat`).
  public static func bytesWritten(
    in descriptor: borrowing Descriptor
  ) throws(SystemError) -> UInt64? {
    let names = try kernelNames(ofDevicesOf: descriptor)
    guard !names.isEmpty else { return nil }
    let directory = try control(of: descriptor)
    var total: UInt64 = 0
    for name in names {
      let text = try Descriptor.open("\(directory)/devices/\(name)/stat").readToEnd(limit: 4096)
      let fields = String(decoding: text, as: UTF8.self).split { $0 == " " || $0 == "\n" }
      // The seventh is sectors written, which are of 512 bytes whatever the device's are.
      guard fields.count >= 7, let sectors = UInt64(fields[6]) else { return nil }
      total &+= sectors &* 512
    }
    return total
  }

  private static func kernelNames(
    ofDevicesOf descriptor: borrowing Descriptor
  ) throws(SystemError) -> [String] {
    do throws(SystemError) {
      return try Descriptor.open("\(control(of: descriptor))/devices", .directory).entries()
        .map { String(decoding: $0.name, as: UTF8.self) }.sorted()
    } catch {
      // No sysfs, as in a small initramfs.
      if error.errno == .noSuchFile { return [] }
      throw error
    }
  }

  /// The directory in which the kernel shows the file system.
  private static func control(of descriptor: borrowing Descriptor) throws(SystemError) -> String {
    let uuid = try uuid(of: descriptor)
    return "/sys/fs/btrfs/\(SubvolumeUUID(uuid.rawSpan) ?? .none)"
  }
}
