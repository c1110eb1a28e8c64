internal import Glibc
public import Linux
internal import Synchronization

/// A request to stop: SIGINT or SIGTERM.
///
/// The first one lets the command end in good order, so that what it made is removed; the second
/// one ends the process.
public enum Interruption {
  private static let wasAsked = Atomic<Bool>(false)
  /// The end of ``alarm`` that the signal handler writes to.
  private static let alarmBell = Atomic<CInt>(-1)
  /// Has something to read when somebody asked. A call that waits is made again after a signal; one
  /// that waits for this as well is not missed, whenever the signal comes.
  private static let alarm = try? Alarm()

  private final class Alarm: Sendable {
    let pipe: Pipe
    init() throws(SystemError) { pipe = try Pipe() }
  }

  /// Whether somebody asked.
  public static var isRequested: Bool { wasAsked.load(ordering: .relaxed) }

  /// Takes the two signals over.
  public static func prepare() {
    alarmBell.store(alarm?.pipe.writing.rawValue ?? -1, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        // All of these are allowed in a signal handler.
        let before = errno
        Interruption.wasAsked.store(true, ordering: .relaxed)
        unsafe _ = write(Interruption.alarmBell.load(ordering: .relaxed), "!", 1)
        signal(number, SIG_DFL)
        errno = before
      }
    }
  }

  /// Waits until a file that may keep its reader waiting, such as a pipe, has something to read or has
  /// ended, or until somebody asks to stop, before or now.
  ///
  /// - Returns: whether somebody asked.
  public static func comes(before file: borrowing Descriptor) throws(SystemError) -> Bool {
    if let alarm { try file.waitUntilReadable(or: alarm.pipe.reading) }
    return isRequested
  }
}
