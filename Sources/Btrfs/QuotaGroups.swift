internal import Bytes
internal import CLinux
public import Linux

/// A quota group (`struct btrfs_qgroup_info_item`, `struct btrfs_qgroup_limit_item`); all in bytes.
public struct QuotaGroup: Hashable, Sendable {
  /// Its level in the highest 16 bits; of level 0, the rest is the subvolume's id.
  public var id: UInt64
  /// What its subvolumes refer to.
  public var referencedBytes: UInt64 = 0
  /// What of that nobody else refers to: what deleting them would give back.
  public var exclusiveBytes: UInt64 = 0
  /// How much they may refer to; `nil` without a limit.
  public var maximumReferenced: UInt64?
  /// How much of that may be theirs alone; `nil` without a limit.
  public var maximumExclusive: UInt64?
  /// The groups of higher levels that count it, too.
  public var parents: Set<UInt64> = []

  /// How much may still be written; `nil` without a limit.
  public var room: UInt64? {
    let limits = [(maximumReferenced, referencedBytes), (maximumExclusive, exclusiveBytes)]
    return limits.compactMap { limit, used in limit.map { $0 > used ? $0 - used : 0 } }.min()
  }

  /// `1/100`
  public var name: String { "\(id >> 48)/\(id & (1 << 48 - 1))" }
}

/// The quota groups of a file system, as they were when the last transaction was committed.
public struct QuotaGroups: Hashable, Sendable {
  /// Whether extents count for the subvolume that made them, and new subvolumes join the groups
  /// of the one they are made in (`BTRFS_QGROUP_STATUS_FLAG_SIMPLE_MODE`, Linux 6.7).
  public var isSimple = false
  /// Whether the numbers can be relied on.
  public var isConsistent = true
  /// By their ids.
  public var groups: [UInt64: QuotaGroup] = [:]

  /// All groups that count what a group counts, but itself.
  public func ancestors(of id: UInt64) -> Set<UInt64> {
    var found: Set<UInt64> = []
    var open = [id]
    while let next = open.popLast() {
      for parent in groups[next]?.parents ?? [] where found.insert(parent).inserted {
        open.append(parent)
      }
    }
    return found
  }
}

extension FileSystem {
  private static let statusOn: UInt64 = 1
  private static let statusUnreliable: UInt64 = 2 | 4
  private static let statusSimple: UInt64 = 8

  /// The quota groups; `nil` if quotas are off. Needs `CAP_SYS_ADMIN`.
  public static func quotas(in descriptor: borrowing Descriptor) throws(SystemError) -> QuotaGroups?
  {
    let search = TreeSearch(
      tree: clinux_btrfs_quota_tree,
      types: clinux_btrfs_qgroup_status...clinux_btrfs_qgroup_relation)
    let items: [TreeItem]
    do throws(SystemError) { items = try search.items(in: descriptor) } catch {
      // There is no such tree.
      if error.errno == .noSuchFile { return nil }
      throw error
    }
    var (quotas, isOn) = (QuotaGroups(), false)
    for item in items {
      if item.type == clinux_btrfs_qgroup_status {
        guard let flags = item.numbers(at: 16, count: 1).first else { continue }
        isOn = flags & statusOn != 0
        quotas.isSimple = flags & statusSimple != 0
        quotas.isConsistent = flags & statusUnreliable == 0
      } else {
        quotas.add(item)
      }
    }
    return isOn ? quotas : nil
  }
}

extension QuotaGroups {
  /// `BTRFS_QGROUP_LIMIT_MAX_RFER`, `BTRFS_QGROUP_LIMIT_MAX_EXCL`
  private static let (limitsReferenced, limitsExclusive): (UInt64, UInt64) = (1, 2)

  fileprivate mutating func add(_ item: TreeItem) {
    switch item.type {
    case clinux_btrfs_qgroup_info:
      let numbers = item.numbers(at: 8, count: 4)
      guard numbers.count == 4 else { return }
      groups[item.offset, default: QuotaGroup(id: item.offset)].referencedBytes = numbers[0]
      groups[item.offset]?.exclusiveBytes = numbers[2]
    case clinux_btrfs_qgroup_limit:
      let numbers = item.numbers(at: 0, count: 3)
      guard numbers.count == 3 else { return }
      groups[item.offset, default: QuotaGroup(id: item.offset)].maximumReferenced =
        numbers[0] & Self.limitsReferenced != 0 ? numbers[1] : nil
      groups[item.offset]?.maximumExclusive =
        numbers[0] & Self.limitsExclusive != 0 ? numbers[2] : nil
    case clinux_btrfs_qgroup_relation where item.offset >> 48 > item.objectID >> 48:
      // Each relation is there from both sides; this is the child's.
      groups[item.objectID, default: QuotaGroup(id: item.objectID)].parents.insert(item.offset)
    default: break
    }
  }
}

extension TreeItem {
  /// Little-endian 64-bit numbers; fewer if the item is shorter.
  fileprivate func numbers(at offset: Int, count: Int) -> [UInt64] {
    var cursor = ByteCursor(data.rawSpan)
    guard cursor.take(offset) != nil else { return [] }
    return (0..<count).compactMap { _ in cursor.read(UInt64.self) }
  }
}
