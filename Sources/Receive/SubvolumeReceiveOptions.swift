/// What a ``SubvolumeReceiver`` does where there is a choice.
public struct SubvolumeReceiveOptions: Hashable, Sendable {
  /// How commands are carried out.
  public var commands: ReceiveOptions

  /// At how many commands that fail receiving ends; 0 for never.
  ///
  /// A subvolume in which fewer failed gets its name, but stays writable and is not marked as
  /// received.
  public var maximumErrors: UInt64

  /// A subvolume that could not be received stays, under its name with `.partial` behind it, to be
  /// looked at.
  public var keepsPartial: Bool

  /// Ends at the first error, and leaves nothing, unless told otherwise.
  public init(
    commands: ReceiveOptions = ReceiveOptions(), maximumErrors: UInt64 = 1,
    keepsPartial: Bool = false
  ) {
    self.commands = commands
    self.maximumErrors = maximumErrors
    self.keepsPartial = keepsPartial
  }
}
