public import Crypto
public import UpdateFile

/// What the device says to an update.
public struct InstallOptions: Hashable, Sendable {
  /// The keys of which one must have signed the update. Revoked ones are left out.
  public var keys: [VerificationKey]
  /// The kind of device that this is; `nil` if it has none, and then no update may have one.
  public var product: String?
  /// The version of the program that is running, for updates that need a newer one.
  public var toolVersion: ToolVersion
  /// Whether a version below the floor may be installed.
  public var forcesDowngrade: Bool
  /// Whether old versions make room for the update.
  public var pruning = PrunePolicy.never
  /// How many bytes must stay free besides what the update needs.
  public var minimumFree: UInt64 = 0

  /// Options.
  public init(
    keys: [VerificationKey], product: String?, toolVersion: ToolVersion,
    forcesDowngrade: Bool = false
  ) {
    self.keys = keys
    self.product = product
    self.toolVersion = toolVersion
    self.forcesDowngrade = forcesDowngrade
  }
}
