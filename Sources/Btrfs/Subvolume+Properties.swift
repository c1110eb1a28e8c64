public import Bytes
internal import CLinux
public import Linux

extension Subvolume {
  /// What the kernel knows of the subvolume that a descriptor is open in
  /// (`BTRFS_IOC_GET_SUBVOL_INFO`). Needs no privilege.
  public static func info(
    of descriptor: borrowing Descriptor
  ) throws(SystemError) -> SubvolumeInfo {
    var args = btrfs_ioctl_get_subvol_info_args()
    let fd = descriptor.rawValue
    _ = try systemCall("BTRFS_IOC_GET_SUBVOL_INFO", .reads, path: descriptor.path) {
      unsafe clinux_btrfs_get_subvol_info(fd, &args)
    }
    return SubvolumeInfo(args)
  }

  /// Whether the subvolume's contents cannot be changed (`BTRFS_IOC_SUBVOL_GETFLAGS`).
  public static func isReadOnly(_ subvolume: borrowing Descriptor) throws(SystemError) -> Bool {
    try flags(of: subvolume) & clinux_btrfs_subvol_rdonly != 0
  }

  /// Makes the subvolume read-only or writable (`BTRFS_IOC_SUBVOL_SETFLAGS`).
  ///
  /// The received UUID stays, also when it becomes writable: then only comparing
  /// ``SubvolumeInfo/changeTransaction`` shows that it was written to.
  public static func setReadOnly(
    _ readOnly: Bool, _ subvolume: borrowing Descriptor
  ) throws(SystemError) {
    let before = try flags(of: subvolume)
    let bit = clinux_btrfs_subvol_rdonly
    let after = readOnly ? before | bit : before & ~bit
    let fd = subvolume.rawValue
    _ = try systemCall("BTRFS_IOC_SUBVOL_SETFLAGS", .changes, path: subvolume.path) {
      clinux_btrfs_subvol_setflags(fd, after)
    }
  }

  private static func flags(of subvolume: borrowing Descriptor) throws(SystemError) -> UInt64 {
    var flags: UInt64 = 0
    let fd = subvolume.rawValue
    _ = try systemCall("BTRFS_IOC_SUBVOL_GETFLAGS", .reads, path: subvolume.path) {
      unsafe clinux_btrfs_subvol_getflags(fd, &flags)
    }
    return flags
  }

  /// Marks the subvolume as received from another one (`BTRFS_IOC_SET_RECEIVED_SUBVOL`).
  ///
  /// It must be writable still. The kernel commits the transaction of the mark itself; what was
  /// written before must have been synced before, or a power cut leaves the mark without the data.
  ///
  /// - Parameters:
  ///   - uuid: the UUID of the subvolume that was sent.
  ///   - sendTransaction: its ctransid there.
  ///   - sendTime: a time to keep with it.
  /// - Returns: the transaction of the mark: `rtransid`.
  @discardableResult
  public static func setReceived(
    _ subvolume: borrowing Descriptor, uuid: SubvolumeUUID, sendTransaction: UInt64,
    sendTime: FileTime = FileTime(seconds: 0)
  ) throws(SystemError) -> UInt64 {
    var receiveTransaction: UInt64 = 0
    let bytes = uuid.bytes
    let seconds = UInt64(bitPattern: sendTime.seconds)
    let fd = subvolume.rawValue
    _ = try systemCall("BTRFS_IOC_SET_RECEIVED_SUBVOL", .changes, path: subvolume.path) {
      unsafe clinux_btrfs_set_received(
        fd, bytes, sendTransaction, seconds, sendTime.nanoseconds, &receiveTransaction)
    }
    return receiveTransaction
  }
}

extension SubvolumeInfo {
  init(_ args: btrfs_ioctl_get_subvol_info_args) {
    id = args.treeid
    name = Array(bytes(of: args.name).prefix { $0 != 0 })
    parentID = args.parent_id
    generation = args.generation
    flags = args.flags
    uuid = SubvolumeUUID(kernel: bytes(of: args.uuid))
    parentUUID = SubvolumeUUID(kernel: bytes(of: args.parent_uuid))
    receivedUUID = SubvolumeUUID(kernel: bytes(of: args.received_uuid))
    changeTransaction = args.ctransid
    creationTransaction = args.otransid
    sendTransaction = args.stransid
    receiveTransaction = args.rtransid
    changeTime = FileTime(args.ctime)
    creationTime = FileTime(args.otime)
    sendTime = FileTime(args.stime)
    receiveTime = FileTime(args.rtime)
    // The tree's own flags, which are not those of BTRFS_IOC_SUBVOL_GETFLAGS.
    isReadOnly = args.flags & clinux_btrfs_root_subvol_rdonly != 0
  }
}

extension SubvolumeUUID {
  fileprivate init(kernel bytes: [UInt8]) {
    self = SubvolumeUUID(bytes.rawSpan) ?? .none
  }
}

extension FileTime {
  fileprivate init(_ time: btrfs_ioctl_timespec) {
    self.init(seconds: Int64(bitPattern: time.sec), nanoseconds: time.nsec)
  }
}

/// The bytes of a C array, which Swift knows as a tuple.
private func bytes<Tuple: BitwiseCopyable>(of tuple: Tuple) -> [UInt8] {
  unsafe withUnsafeBytes(of: tuple) { unsafe Array($0) }
}
