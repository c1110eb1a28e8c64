internal import Btrfs
public import Bytes
internal import Linux

/// What runs on a machine at this moment.
public struct RunningSystem: Hashable, Sendable {
  /// The subvolume that `/` is; `nil` if that is not btrfs, as in an initramfs, or hidden by an
  /// overlay.
  public var uuid: SubvolumeUUID?
  /// The kernel's name of this boot (`/proc/sys/kernel/random/boot_id`); `nil` if it has none.
  public var bootID: String?

  /// What is said to run.
  public init(uuid: SubvolumeUUID?, bootID: String?) {
    self.uuid = uuid
    self.bootID = bootID
  }

  private static let bootIDPath = "/proc/sys/kernel/random/boot_id"

  /// What runs here. What cannot be found out is `nil`: nobody may fail for it.
  public static func detected() -> RunningSystem {
    RunningSystem(uuid: rootUUID(), bootID: currentBootID())
  }

  private static func rootUUID() -> SubvolumeUUID? {
    do throws(SystemError) {
      return try RunningRoot.subvolume()?.uuid
    } catch { return nil }
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
