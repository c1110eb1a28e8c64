/// What a stream may make its reader keep in memory.
public struct StreamLimits: Sendable {
  /// The longest command, in bytes without its header.
  ///
  /// The kernel sends at most 147,456 bytes; the format itself has no limit from version 2 on.
  public var commandLength: Int

  /// Limits of one's own.
  public init(commandLength: Int) { self.commandLength = commandLength }

  /// 16 MiB a command: what a delta stream's longest patch needs.
  public static let standard = StreamLimits(commandLength: 16 << 20)
}
