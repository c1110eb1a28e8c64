public import Recompress
public import Signing
public import Tree
public import UpdateFile

/// What to build an update from, and how.
public struct BuildOptions: Sendable {
  /// Who plans the send stream that an update stands for.
  public enum PlanKind: String, Sendable, CaseIterable {
    /// The kernel, where it can and its stream is no longer; else we do.
    case auto
    /// We do, from what the trees hold, whatever they are kept on.
    case tree
    /// The kernel: both trees are read-only subvolumes of one btrfs, and we are root.
    case send
  }

  /// The tree that devices have; `nil` for a full update.
  public var parent: String?
  /// The tree that they are to have.
  public var child: String
  /// Files that say to whom what is in the parent belongs, and what is in the child.
  public var ownership: (parent: [TreeOwnership], child: [TreeOwnership])
  /// Which modification times the child is given.
  public var times: TreeTimes
  /// Who plans.
  public var plan: PlanKind
  /// The file to write. It appears whole, or not at all.
  public var output: String
  /// The keys that sign the update: at least one, unless it ``isUnsigned``.
  public var keys: [SigningKey]
  /// Whether no key signs the update yet: no device takes it before ``FinishedUpdate`` has added
  /// signatures.
  public var isUnsigned: Bool
  /// Whose updates a tree may be made of that is named `update:FILE`.
  public var chainTrust: ChainTrust
  /// Which keys the update brings to devices, and which it revokes.
  public var keyChanges: KeyChanges
  /// The kind of device that the update is for; `nil` for devices without one.
  public var product: String?
  /// The number of the parent's version; `nil` to take it from its name.
  public var fromVersion: UInt64?
  /// The number of the child's version; `nil` to take it from its name.
  public var toVersion: UInt64?
  /// Whether the child may be of an older version than the parent: a way back, for service. Devices
  /// take it only as long as nothing newer has been found good there.
  public var allowsOlder: Bool
  /// What names begin with: `sys_root` for `sys_root_v41`.
  public var prefix: String
  /// The version of the plain stream: 1 or 2.
  public var streamVersion: UInt16
  /// Which kinds of compressed data may be opened, and made again on the device. Of those of zstd
  /// only with ``deviceZstd``.
  public var recompressKinds: Set<RecipeKind>
  /// The version of libzstd that devices have, as `1.5.7`: no other makes the same bytes. `nil` if it
  /// is not known, or not the same everywhere: then no zstd is made again there.
  public var deviceZstd: String?
  /// How many bytes of memory applying may take on the device.
  public var maximumApplyMemory: UInt64
  /// The longest file that is compared whole, in bytes; longer ones are compared in blocks. Comparing
  /// takes up to seven times that in memory, for each job that has so long a file.
  public var maximumPatchInput: UInt64
  /// The shortest part of a file that is shared with the parent instead of written, in bytes;
  /// `nil` to write all that the kernel sends as written.
  public var minimumCloneLength: UInt64?
  /// How much of the send stream an interrupted apply may have to do again, at the least, in bytes:
  /// an update is cut where it can go on. Short ones cost size and long ones time after a power cut.
  public var minimumSectionLength: UInt64
  /// How many files are compared, and blocks packed, at a time. The result does not depend on it.
  public var jobs: Int
  /// Whether the finished update is expanded again and compared before it appears.
  public var checksItself: Bool
  /// The program that builds, with its version: what the manifest names.
  public var builder: String
  /// The build date in seconds since 1970; `nil` for when the child was made: a
  /// subvolume's creation, and of any other tree the newest change of a file.
  public var date: Int64?

  /// What applying may take unless told otherwise: 192 MiB.
  public static let standardApplyMemory: UInt64 = 192 << 20

  /// What is compared whole unless told otherwise: 512 MiB.
  public static let standardMaximumPatchInput: UInt64 = 512 << 20
  /// The least that may be asked for: 1 MiB.
  public static let leastMaximumPatchInput: UInt64 = 1 << 20
  /// The most: beyond it, suffixes are not sorted any more.
  public static let mostMaximumPatchInput: UInt64 = 1 << 30

  /// What is shared unless told otherwise: parts of 16 KiB and more.
  public static let standardMinimumCloneLength: UInt64 = 16 << 10

  /// Where updates are cut unless told otherwise: every 64 MiB, and not more often than packing
  /// bears.
  public static let standardMinimumSectionLength: UInt64 = 64 << 20

  /// Options with everything else as usual.
  public init(parent: String?, child: String, output: String, keys: [SigningKey]) {
    self.parent = parent
    self.child = child
    plan = .auto
    self.output = output
    self.keys = keys
    ownership = ([], [])
    times = .keep
    isUnsigned = false
    chainTrust = .keys([])
    keyChanges = KeyChanges()
    product = nil
    fromVersion = nil
    toVersion = nil
    allowsOlder = false
    prefix = "sys_root"
    streamVersion = 2
    recompressKinds = Set(RecipeKind.allCases)
    deviceZstd = nil
    maximumApplyMemory = Self.standardApplyMemory
    maximumPatchInput = Self.standardMaximumPatchInput
    minimumCloneLength = Self.standardMinimumCloneLength
    minimumSectionLength = Self.standardMinimumSectionLength
    jobs = 1
    checksItself = true
    builder = "btrfs-delta library"
    date = nil
  }
}

extension BuildOptions {
  /// Whether the child is to be other than it is stored, which the kernel cannot send.
  var needsTreePlan: Bool {
    times != .keep || !ownership.parent.isEmpty || !ownership.child.isEmpty
      || [parent, child].contains { $0.map { TreeSource(text: $0).isChain } ?? false }
  }

  /// What is compared whole, within what can be asked for.
  var clampedPatchInput: UInt64 {
    min(max(maximumPatchInput, Self.leastMaximumPatchInput), Self.mostMaximumPatchInput)
  }
}
