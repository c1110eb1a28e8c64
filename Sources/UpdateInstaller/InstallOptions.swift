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
