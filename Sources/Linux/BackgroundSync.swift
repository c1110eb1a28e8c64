internal import CLinux
internal import Glibc
internal import Synchronization

/// Has a file system written to disk while the caller goes on.
///
/// The kernel begins to write on its own only after many seconds or when much memory is dirty, so that
/// a synchronization at the end of some seconds of writing has all of it left to do. It is only a hint:
/// nothing is on disk for sure, and no error is told of, which the caller's own synchronization will
/// meet. Fault injection knows nothing of it, as it happens or not by the clock.
public struct BackgroundSync: ~Copyable {
  private final class Work: Sendable {
    let fd: CInt
    let isBusy = Atomic(false)

    init(_ fd: CInt) { self.fd = fd }

    deinit { _ = close(fd) }
  }

  private let work: Work?
  private var thread: SignalBlockedThread?

  /// For the file system that holds a file. Does nothing where that cannot be opened again.
  public init(of file: borrowing Descriptor) {
    // An open file of its own: what has failed is told once for each.
    let fd = unsafe clinux_open(file.procPath, O_RDONLY | O_CLOEXEC, 0)
    work = fd >= 0 ? Work(fd) : nil
  }

  /// Starts writing all that is dirty, unless the last time is not over yet.
  public mutating func start() {
    guard let work, !work.isBusy.load(ordering: .acquiring) else { return }
    wait()
    work.isBusy.store(true, ordering: .releasing)
    do throws(SystemError) {
      thread = try SignalBlockedThread {
        _ = syncfs(work.fd)
        work.isBusy.store(false, ordering: .releasing)
      }
    } catch {
      work.isBusy.store(false, ordering: .releasing)
    }
  }

  /// Waits until what was started is done.
  public mutating func wait() { thread = nil }
}
