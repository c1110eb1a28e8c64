internal import Linux

/// What is mounted where this process can see it (`/proc/self/mountinfo`).
struct MountTable {
  private struct Mount {
    var id: Substring
    /// The file system's own device, the same for all its mounts and subvolumes.
    var device: Substring
    var type: Substring
    var superOptions: [Substring]
  }

  private let mounts: [Mount]

  private static let maximumLength = 1 << 24

  init() throws(SystemError) {
    let file = try Descriptor.open("/proc/self/mountinfo")
    self.init(
      parsing: String(decoding: try file.readToEnd(limit: Self.maximumLength), as: UTF8.self))
  }

  /// Reads the text of `mountinfo`: ID, parent ID, device, root, mount point, options, optional
  /// fields, `-`, type, source, super block's options. (Spaces inside are escaped.)
  init(parsing text: String) {
    mounts = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else {
        return nil
      }
      return Mount(
        id: fields[0], device: fields[2], type: fields[dash + 1],
        superOptions: fields[dash + 3].split(separator: ","))
    }
  }

  /// Whether a subvolume of the file system that `directory` is in is mounted by itself.
  func hasMounted(subvolume id: UInt64, of directory: borrowing Descriptor) throws(SystemError)
    -> Bool
  {
    let info = try Descriptor.open("/proc/self/fdinfo/\(directory.rawValue)").readToEnd(limit: 4096)
    return hasMounted(
      subvolume: id, sharingWith: Self.mountID(in: String(decoding: info, as: UTF8.self)))
  }

  /// `mnt_id` in the text of `/proc/self/fdinfo/N`.
  static func mountID(in text: String) -> Substring? {
    for line in text.split(separator: "\n") where line.hasPrefix("mnt_id:") {
      return line.split(whereSeparator: { $0 == "\t" || $0 == " " }).last
    }
    return nil
  }

  /// Whether a mount shows the subvolume, on the file system that the mount `mountID` shows.
  ///
  /// Where that is not known, for example on a detached mount, every btrfs counts: better a
  /// subvolume too many than one too few.
  func hasMounted(subvolume id: UInt64, sharingWith mountID: Substring?) -> Bool {
    let device = mounts.first { $0.id == mountID }?.device
    return mounts.contains { mount in
      mount.type == "btrfs" && (device == nil || mount.device == device)
        && mount.superOptions.contains("subvolid=\(id)")
    }
  }
}
