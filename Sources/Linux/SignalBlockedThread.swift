internal import CLinux
internal import Glibc

/// A thread on which no signal is ever delivered.
///
/// The send ioctl starts over, in the middle of its output, when a signal interrupts it; and a
/// write to a broken pipe there must be an error and not the end of the process.
public struct SignalBlockedThread: ~Copyable, Sendable {
  private let thread: pthread_t

  /// Starts a thread that runs a closure.
  ///
  /// Faults that are armed by fault injection are armed on it as well.
  public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    let start = unsafe Unmanaged.passRetained(ThreadStart(body))
    var thread = pthread_t()
    // A thread inherits the mask of the one that starts it.
    var (everything, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&everything)
    unsafe pthread_sigmask(SIG_SETMASK, &everything, &before)
    let failure = unsafe pthread_create(
      &thread, nil,
      { argument in
        if let argument = unsafe argument {
          unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().run()
        }
        return nil
      }, start.toOpaque())
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    if failure != 0 {
      unsafe start.release()
      throw SystemError(
        operation: "pthread_create", path: "thread", errno: Errno(rawValue: failure))
    }
    self.thread = thread
  }

  /// Waits until the closure is done.
  public consuming func join() {}

  deinit { pthread_join(thread, nil) }
}

/// What a thread runs.
private final class ThreadStart: Sendable {
  private let body: @Sendable () -> Void
  #if FAULT_INJECTION
    private let injection = FaultInjection.active
  #endif

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func run() {
    #if FAULT_INJECTION
      if let injection {
        injection.apply(body)
        return
      }
    #endif
    body()
  }
}
