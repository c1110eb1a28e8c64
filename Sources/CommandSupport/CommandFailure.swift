/// Why a command failed, as people and scripts are told.
public struct CommandFailure: Error, Sendable {
  /// The exit status.
  public var exit: ProgramExit
  /// One line: what failed, on what, why, what to do.
  public var message: String

  /// A failure.
  public init(_ exit: ProgramExit, _ message: String) {
    self.exit = exit
    self.message = message
  }
}
