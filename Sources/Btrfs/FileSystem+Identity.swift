internal import CLinux
public import Linux

extension FileSystem {
  /// The UUID of the file system that a descriptor is open in (`BTRFS_IOC_FS_INFO`), 16 bytes.
  public static func uuid(of descriptor: borrowing Descriptor) throws(SystemError) -> [UInt8] {
    var uuid = [UInt8](repeating: 0, count: 16)
    let fd = descriptor.rawValue
    _ = try systemCall("BTRFS_IOC_FS_INFO", .reads, path: descriptor.path) {
      unsafe clinux_btrfs_file_system_uuid(fd, &uuid)
    }
    return uuid
  }
}
