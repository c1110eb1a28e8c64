internal import Btrfs
internal import Linux

/// What is mounted where this process can see it (`/proc/self/mountinfo`).
struct MountTable {
  private struct Mount {
    var id: Substring
    /// The file system's own device, the same for all its mounts and subvolumes.
    var device: Substring
    var mountPoint: String
    var type: Substring
    /// For btrfs, the path of one of its devices.
    var source: String
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
        id: fields[0], device: fields[2], mountPoint: Self.unescaped(fields[4]),
        type: fields[dash + 1], source: Self.unescaped(fields[dash + 2]),
        superOptions: fields[dash + 3].split(separator: ","))
    }
  }

  /// Whether a subvolume of the file system that `directory` is in is mounted by itself.
  func hasMounted(subvolume id: UInt64, of directory: borrowing Descriptor) throws(SystemError)
    -> Bool
  {
    let info = try Descriptor.open("/proc/self/fdinfo/\(directory.rawValue)").readToEnd(limit: 4096)
    let mountID = Self.mountID(in: String(decoding: info, as: UTF8.self))
    if mounts.contains(where: { $0.id == mountID }) {
      return hasMounted(subvolume: id, sharingWith: mountID)
    }
    // A detached mount is in nobody's table; what both have are the devices.
    return hasMounted(
      subvolume: id, ofDevices: Set(try FileSystem.devicePaths(of: directory)))
  }

  /// Whether a mount of one of the devices shows the subvolume.
  func hasMounted(subvolume id: UInt64, ofDevices paths: Set<String>) -> Bool {
    mounts.contains { mount in
      mount.type == "btrfs" && paths.contains(mount.source)
        && mount.superOptions.contains("subvolid=\(id)")
    }
  }

  /// The lower layers of the overlay that is mounted at a place, the uppermost first; none if
  /// something else is, or if they cannot be told, as with a comma in a name.
  func lowerLayers(ofOverlayAt mountPoint: String) -> [String] {
    // What was mounted last lies on top.
    guard let mount = mounts.last(where: { $0.mountPoint == mountPoint }), mount.type == "overlay"
    else { return [] }
    return mount.superOptions.flatMap { option -> [String] in
      let text = Self.unescaped(option)
      if text.hasPrefix("lowerdir+=") { return [String(text.dropFirst("lowerdir+=".count))] }
      guard text.hasPrefix("lowerdir=") else { return [] }
      return text.dropFirst("lowerdir=".count).split(separator: ":").map(String.init)
    }
  }

  /// A field without the octal escapes of space, tab, line feed and backslash.
  private static func unescaped(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      guard byte == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      else {
        bytes.append(byte)
        continue
      }
      bytes.append(value)
      rest = rest.dropFirst(3)
    }
    return String(decoding: bytes, as: UTF8.self)
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
