internal import CLinux

/// How block groups spread what they hold over devices (`BTRFS_BLOCK_GROUP_PROFILE_MASK`), in the
/// order of what they cost.
public enum BlockGroupProfile: Int, Hashable, Sendable, CaseIterable {
  /// Once; RAID0, too.
  case single
  /// `RAID5`: once, and one device's worth of parity
  case raid5
  /// `RAID6`: once, and two devices' worth of parity
  case raid6
  /// `DUP`: twice, maybe on one device
  case dup
  /// `RAID1` and `RAID10`: on two devices
  case raid1
  /// `RAID1C3`: on three devices
  case raid1c3
  /// `RAID1C4`: on four devices
  case raid1c4

  init(flags: UInt64) {
    let profiles: [(UInt64, BlockGroupProfile)] = [
      (clinux_btrfs_block_group_dup, .dup), (clinux_btrfs_block_group_raid1, .raid1),
      (clinux_btrfs_block_group_raid10, .raid1), (clinux_btrfs_block_group_raid1c3, .raid1c3),
      (clinux_btrfs_block_group_raid1c4, .raid1c4), (clinux_btrfs_block_group_raid5, .raid5),
      (clinux_btrfs_block_group_raid6, .raid6),
    ]
    self = profiles.first { flags & $0.0 != 0 }?.1 ?? .single
  }

  /// How often every byte is on the devices; parity is not counted.
  var copies: UInt64 {
    switch self {
    case .single, .raid5, .raid6: 1
    case .dup, .raid1: 2
    case .raid1c3: 3
    case .raid1c4: 4
    }
  }

  /// On how many devices copies or parity must be besides the first.
  private var others: Int {
    switch self {
    case .single, .dup: 0
    case .raid1, .raid5: 1
    case .raid1c3, .raid6: 2
    case .raid1c4: 3
    }
  }

  /// What fits into so much unallocated space of the devices; how they are striped is left out.
  func capacity(of unallocated: [UInt64]) -> UInt64 {
    let sizes = unallocated.sorted(by: >)
    func sum(from first: Int) -> UInt64 {
      sizes.dropFirst(first).reduce(0) { $0.saturatingAdd($1) }
    }
    switch self {
    case .single, .dup: return bytes(in: sum(from: 0))
    case .raid5, .raid6: return sum(from: others)
    case .raid1, .raid1c3, .raid1c4:
      // However large the largest devices are, each holds one copy.
      return (0...others).map { sum(from: $0) / (copies - UInt64($0)) }.min() ?? 0
    }
  }

  /// What fits into so many bytes of devices, wherever they are.
  func bytes(in deviceBytes: UInt64) -> UInt64 { deviceBytes / copies }

  /// How many bytes of devices so many bytes take.
  func deviceBytes(for bytes: UInt64) -> UInt64 {
    let (product, overflow) = bytes.multipliedReportingOverflow(by: copies)
    return overflow ? .max : product
  }
}

extension BlockGroupProfile: Comparable {
  /// Whether one costs less than the other.
  public static func < (one: BlockGroupProfile, other: BlockGroupProfile) -> Bool {
    one.rawValue < other.rawValue
  }
}

extension UInt64 {
  func saturatingAdd(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  func saturatingSubtract(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
