public import Crypto
public import UpdateFile

/// What the device says to an update.
public struct InstallOptions: Hashable, Sendable {
  /// The keys that the device's owner trusts. What the device learned of keys is added, and what
  /// was revoked is left out, when an update is looked at.
  public var keys: [VerificationKey]
  /// How many different trusted keys must have signed an update; less than 1 counts as 1.
  public var threshold: Int
  /// The kind of device that this is; `nil` if it has none, and then no update may have one.
  public var product: String?
  /// The version of the program that is running, for updates that need a newer one.
  public var toolVersion: ToolVersion
  /// The most memory that applying may take, in bytes; `nil` for all that is free.
  public var maximumMemory: UInt64?
  /// Whether a version below the floor may be installed.
  public var forcesDowngrade: Bool
  /// Whether old versions make room for the update.
  public var pruning = PrunePolicy.never
  /// How many bytes must stay free besides what the update needs.
  public var minimumFree: UInt64 = 0
  /// Whether an apply of the same update that was interrupted is gone on with; else it begins afresh.
  public var resumes = true
  /// How many bytes of the send stream that an update stands for are carried out before there is a
  /// checkpoint to go on from, at the next cut of the update.
  public var checkpointInterval = Self.standardCheckpointInterval

  /// 64 MiB: seconds to minutes of work, for a commit and some metadata.
  public static let standardCheckpointInterval: UInt64 = 64 << 20

  /// Options.
  public init(
    keys: [VerificationKey], product: String?, toolVersion: ToolVersion,
    threshold: Int = 1, forcesDowngrade: Bool = false
  ) {
    self.keys = keys
    self.threshold = threshold
    self.product = product
    self.toolVersion = toolVersion
    self.forcesDowngrade = forcesDowngrade
  }

  /// How many keys have to sign.
  var neededKeys: Int { max(1, threshold) }
}
