/// What a build made.
public struct BuildReport: Sendable {
  /// The version that devices have; `nil` in a full update.
  public var fromVersion: UInt64?
  /// The version that they get.
  public var toVersion: UInt64
  /// The length of the update file in bytes.
  public var fileLength: UInt64
  /// The length of the plain stream in bytes.
  public var plainLength: UInt64
  /// The length of the delta stream in bytes, before xz.
  public var deltaLength: UInt64
  /// How many runs of file data travel as patches, and how many as they are.
  public var patchedRuns: Int
  /// How many runs of file data travel as they are.
  public var plainRuns: Int
  /// The memory that applying takes, in bytes.
  public var applyMemory: UInt64
  /// Paths of nested subvolumes in the child, which are not part of the update.
  public var nestedSubvolumes: [[UInt8]]
}
