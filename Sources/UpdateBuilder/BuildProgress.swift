/// What a build is doing, for who watches it.
public struct BuildProgress: Sendable {
  /// The steps of a build, in order.
  public enum Step: String, Sendable {
    /// The trees' names and metadata are read; counted in names, not bytes.
    case reading
    /// Updates are carried out in the place of a tree.
    case replaying
    /// The kernel sends the child, or the trees are compared.
    case planning
    /// The trees' digests are computed.
    case digesting
    /// The parent's files are read for what is in them, to find those that moved and changed.
    case sketching
    /// Blocks are looked for that the device shares with the parent.
    case sharing
    /// Patches are made.
    case shrinking
    /// The delta stream is packed by xz.
    case packing
    /// The finished update is expanded again and compared.
    case checking
  }

  /// Is told the step, how much of it is done and of how much, in bytes (0 where that is not
  /// known); says whether to go on.
  public typealias Handler = @Sendable (Step, _ done: UInt64, _ total: UInt64) -> Bool

  private let handler: Handler

  /// Progress that is told to a closure. It is called from one thread at a time, some thousand
  /// times at most for each gigabyte.
  public init(_ handler: @escaping Handler) { self.handler = handler }

  /// Progress that nobody watches.
  public static let none = BuildProgress { _, _, _ in true }

  /// Tells how far a step is; says whether to go on.
  func goesOn(_ step: Step, done: UInt64, of total: UInt64 = 0) -> Bool {
    handler(step, done, total)
  }

  /// Tells how far a step is.
  ///
  /// - Throws: ``BuildError/cancelled``.
  func report(_ step: Step, done: UInt64, of total: UInt64 = 0) throws(BuildError) {
    guard handler(step, done, total) else { throw .cancelled }
  }
}
