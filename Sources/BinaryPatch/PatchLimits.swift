/// What a patch may ask for; checked before anything is allocated for it.
public struct PatchLimits: Sendable {
  /// The longest patch, in bytes. The patch is held in memory while it is applied.
  public var maxPatchLength: Int
  /// The longest output of one patch, in bytes.
  public var maxNewLength: UInt64
  /// The most copies in one patch. Each may cost a read of the old bytes.
  public var maxCopies: Int
  /// The most old bytes that a patch of kind ``PatchKind/projected`` may need in memory.
  public var maxProjectedOldLength: UInt64
  /// The most memory that applying a patch may take: see ``PatchStatistics/applyMemory``.
  public var maxApplyMemory: UInt64

  /// The limits that the format promises to stay in: 16 MiB, 4 GiB, 4 Mi copies, 256 MiB of
  /// old, and 1 GiB of memory.
  public static let standard = PatchLimits()

  /// Limits; those not named are the format's.
  public init(
    maxPatchLength: Int = 16 << 20, maxNewLength: UInt64 = 4 << 30, maxCopies: Int = 4 << 20,
    maxProjectedOldLength: UInt64 = 256 << 20, maxApplyMemory: UInt64 = 1 << 30
  ) {
    self.maxPatchLength = maxPatchLength
    self.maxNewLength = maxNewLength
    self.maxCopies = maxCopies
    self.maxProjectedOldLength = maxProjectedOldLength
    self.maxApplyMemory = maxApplyMemory
  }
}
