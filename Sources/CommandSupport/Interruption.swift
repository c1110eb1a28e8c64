internal import Glibc
internal import Synchronization

/// A request to stop: SIGINT or SIGTERM.
///
/// The first one lets the command end in good order, so that what it made is removed; the second
/// one ends the process.
public enum Interruption {
  private static let wasAsked = Atomic<Bool>(false)

  /// Whether somebody asked.
  public static var isRequested: Bool { wasAsked.load(ordering: .relaxed) }

  /// Takes the two signals over.
  public static func prepare() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        // Both are allowed in a signal handler.
        Interruption.wasAsked.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }
}
