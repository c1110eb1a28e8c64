internal import Btrfs
public import Bytes
internal import Linux

/// What runs on a machine at this moment.
public struct RunningSystem: Hashable, Sendable {
  /// The subvolume that `/` is; `nil` if that is not btrfs, as in an initramfs, or hidden by an
  /// overlay.
  public var uuid: SubvolumeUUID?
  /// What that is a snapshot of; `nil` if it is none, or not known.
  public var parentUUID: SubvolumeUUID?
  /// The id of the subvolume that the kernel's command line names (`rootflags=subvolid=`): what
  /// runs, where ``uuid`` is not known. `nil` if it names none.
  public var namedID: UInt64?
  /// The kernel's name of this boot (`/proc/sys/kernel/random/boot_id`); `nil` if it has none.
  public var bootID: String?

  /// What is said to run.
  public init(
    uuid: SubvolumeUUID?, parentUUID: SubvolumeUUID? = nil, namedID: UInt64? = nil, bootID: String?
  ) {
    self.uuid = uuid
    self.parentUUID = parentUUID
    self.namedID = namedID
    self.bootID = bootID
  }

  private static let bootIDPath = "/proc/sys/kernel/random/boot_id"

  /// What runs here. What cannot be found out is `nil`: nobody may fail for it.
  public static func detected() -> RunningSystem {
    let root = rootSubvolume()
    return RunningSystem(
      uuid: root?.uuid, parentUUID: root?.parentUUID, namedID: BootMachine().rootSubvolumeID(),
      bootID: currentBootID())
  }

  private static func rootSubvolume() -> SubvolumeInfo? {
    do throws(SystemError) { return try RunningRoot.subvolume() } catch { return nil }
  }

  /// Whether a subvolume is it. An id says so only where nothing better is known: another file
  /// system has the same ids.
  func isIt(_ info: SubvolumeInfo) -> Bool {
    if let uuid { return info.uuid == uuid }
    return info.id == namedID
  }

  private static func currentBootID() -> String? {
    do throws(SystemError) {
      let bytes = try Descriptor.open(bootIDPath).readToEnd(limit: 4096)
      return bootID(in: String(decoding: bytes, as: UTF8.self))
    } catch { return nil }
  }

  /// The id in the file's text; `nil` if it is not one word that a record can hold.
  static func bootID(in text: String) -> String? {
    guard let line = text.split(separator: "\n").first, line.utf8.count <= 64,
      line.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else { return nil }
    return String(line)
  }
}
