#if FAULT_INJECTION
  internal import CLinux
  internal import Glibc
  internal import Synchronization

  /// Makes the n-th system call fail, or kills the process there. Debug builds only.
  ///
  /// In a test, ``with(_:counting:_:)`` arms a fault for the calls that its closure makes, on its own
  /// thread, in its child tasks, and on the threads it starts by ``SignalBlockedThread``; other
  /// tests, running at the same time, are left alone. For a child process, the variable
  /// `FAULT_INJECTION` does the same for the whole process:
  ///
  /// - `fail:N:ERRNO`: the N-th call fails with that error number,
  /// - `kill:N`: `SIGKILL` in place of the N-th call,
  /// - `kill-after:N`: `SIGKILL` when the N-th call is done,
  ///
  /// each with `:all` behind it to count the calls that only look, too. Calls are counted from 1.
  public final class FaultInjection: Sendable {
    /// What happens, and at which call.
    public enum Fault: Sendable, Equatable {
      /// Nothing: the calls are only counted.
      case none
      /// The call is not made, and fails.
      case fail(at: Int, Errno)
      /// The call is not made, and fails; so does every later one. What the calls before it did is
      /// what a kill in place of the call would leave.
      case failFrom(Int, Errno)
      /// The process is killed in place of the call.
      case kill(at: Int)
      /// The process is killed once the call is done.
      case killAfter(Int)
    }

    /// Which calls count.
    public enum Counting: Sendable, Equatable {
      /// Those that change a file, a directory or the file system.
      case changes
      /// All of them.
      case all
    }

    let fault: Fault
    let counting: Counting
    private let calls = Atomic<Int>(0)

    init(_ fault: Fault, counting: Counting) {
      self.fault = fault
      self.counting = counting
    }

    /// How many calls were counted so far.
    public var count: Int { calls.load(ordering: .relaxed) }

    /// How many calls were counted so far in the closure of ``with(_:counting:_:)`` that is
    /// running, or by the process that `FAULT_INJECTION` is set for; else 0.
    public static var count: Int { active?.count ?? 0 }

    /// Runs a closure with a fault armed; the closure is given the counter.
    @discardableResult
    public static func with<Result>(
      _ fault: Fault, counting: Counting = .changes, _ body: (FaultInjection) throws -> Result
    ) rethrows -> Result {
      let injection = FaultInjection(fault, counting: counting)
      return try injection.apply { try body(injection) }
    }

    /// How many calls a closure makes.
    public static func calls(
      counting: Counting = .changes, _ body: () throws -> Void
    ) rethrows -> Int {
      try with(.none, counting: counting) { injection in
        try body()
        return injection.count
      }
    }

    // Task locals cost a search; most of the time there is nothing to look for.
    private static let armed = Atomic<Int>(0)
    @TaskLocal private static var local: FaultInjection?

    func apply<Result>(_ body: () throws -> Result) rethrows -> Result {
      Self.armed.add(1, ordering: .relaxed)
      defer { Self.armed.subtract(1, ordering: .relaxed) }
      return try Self.$local.withValue(self, operation: body)
    }

    /// What is armed for this thread.
    static var active: FaultInjection? {
      if armed.load(ordering: .relaxed) == 0 { return environment }
      return local ?? environment
    }

    /// Counts a call; the error with which it is to fail instead of being made.
    func willCall(_ effect: SystemCallEffect) -> Errno? {
      guard counts(effect) else { return nil }
      let call = calls.add(1, ordering: .relaxed).newValue
      switch fault {
      case .fail(at: call, let errno): return errno
      case .failFrom(let first, let errno) where call >= first: return errno
      case .kill(at: call): Self.killProcess()
      default: break
      }
      return nil
    }

    /// The call that was counted last is done.
    func didCall(_ effect: SystemCallEffect) {
      guard counts(effect) else { return }
      if case .killAfter(count) = fault { Self.killProcess() }
    }

    private func counts(_ effect: SystemCallEffect) -> Bool {
      counting == .all || effect == .changes
    }

    private static func killProcess() {
      _ = Glibc.kill(getpid(), SIGKILL)
      // The signal is on its way; nothing more may happen.
      while true { _ = pause() }
    }
  }
#endif
