/// A point in time as the stream has it: `struct btrfs_timespec`, 12 bytes.
public struct Timespec: Hashable, Sendable {
  /// Seconds since 1970, UTC.
  public var seconds: Int64
  /// Nanoseconds within the second.
  public var nanoseconds: UInt32

  /// The length in bytes.
  public static let length = 12

  /// A point in time.
  public init(seconds: Int64, nanoseconds: UInt32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
}
