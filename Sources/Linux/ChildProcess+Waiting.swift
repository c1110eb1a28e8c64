internal import CLinux
internal import Glibc

/// How a program ended.
public enum ProcessEnd: Hashable, Sendable {
  /// It ended by itself, with this status.
  case exited(Int32)
  /// A signal ended it.
  case killed(signal: Int32)
  /// It took longer than this, and was ended.
  case timedOut(Duration)
  /// The caller did not want to wait any longer, and it was ended.
  case stopped
}

extension ProcessEnd {
  /// From what `waitpid` gives; `nil` is a status that somebody else took.
  init(status: CInt?) {
    guard let status else {
      self = .exited(255)
      return
    }
    let signal = status & 0x7f
    self = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
  }

  /// Whether it is a success: status 0.
  public var isSuccess: Bool { self == .exited(0) }
}

extension ProcessEnd: CustomStringConvertible {
  /// Such as `exit status 1`.
  public var description: String {
    switch self {
    case .exited(let status): "exit status \(status)"
    case .killed(let signal): "ended by signal \(signal)"
    case .timedOut(let limit): "not done within \(limit.components.seconds) s"
    case .stopped: "stopped on request"
    }
  }
}

/// What a program may take.
public struct ProcessLimits: Hashable, Sendable {
  /// How long it may run.
  public var time: Duration
  /// How long it has to end in good order (`SIGTERM`) before it is killed.
  public var grace: Duration
  /// How many bytes of what it says are handed on.
  public var output: Int

  /// Limits.
  public init(time: Duration, grace: Duration = .seconds(5), output: Int = 64 << 10) {
    self.time = time
    self.grace = grace
    self.output = output
  }
}

extension ChildProcess {
  /// Waits until the program has ended. Whatever it leaves running in its session is killed.
  ///
  /// - Parameters:
  ///   - limits: how long, and how many bytes.
  ///   - goesOn: is asked about ten times a second whether to wait on.
  ///   - line: gets what the program says, in lines of at most ``OutputLines/maximumLength`` bytes.
  public consuming func finish(
    _ limits: ProcessLimits, while goesOn: () -> Bool = { true }, line: (String) -> Void
  ) throws(SystemError) -> ProcessEnd {
    var lines = OutputLines(limit: limits.output)
    var (deadline, forced) = (Machine.monotonicTime() + limits.time, ProcessEnd?.none)
    while try !isOver(&lines, line) {
      let isLate = Machine.monotonicTime() >= deadline
      if forced != nil {
        if isLate { break }
        continue
      }
      guard isLate || !goesOn() else { continue }
      forced = isLate ? .timedOut(limits.time) : .stopped
      _ = kill(-process, SIGTERM)
      deadline = Machine.monotonicTime() + limits.grace
    }
    let status = Self.end(process)
    isReaped = true
    // What was said before the end is in the pipe; who keeps it open does not matter any more.
    try drain(&lines, line)
    lines.finish(line)
    return forced ?? ProcessEnd(status: status)
  }

  /// Waits a little for something to happen, and hands on what the program says.
  ///
  /// - Returns: whether the program has ended.
  private func isOver(
    _ lines: inout OutputLines, _ line: (String) -> Void
  ) throws(SystemError) -> Bool {
    var events = [pollfd(fd: handle.rawValue, events: Int16(POLLIN), revents: 0)]
    // An output that was closed would be ready all the time.
    if !lines.isAtEnd {
      events.append(pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0))
    }
    _ = try systemCall("poll", .reads, path: path) {
      unsafe poll(&events, nfds_t(events.count), 100)
    }
    if events.count > 1, events[1].revents != 0 { try drain(&lines, line, atMost: 16) }
    return events[0].revents != 0
  }

  /// Hands on what is in the pipe; at most as much as a pipe holds, since others may still write.
  private func drain(
    _ lines: inout OutputLines, _ line: (String) -> Void, atMost reads: Int = 256
  ) throws(SystemError) {
    for _ in 0..<reads {
      let bytes: [UInt8]
      do throws(SystemError) {
        bytes = try [UInt8].reading(capacity: 4096) { (out) throws(SystemError) in
          try output.read(into: &out)
        }
      } catch {
        if error.errno == .wouldBlock { return }
        throw error
      }
      if bytes.isEmpty {
        lines.isAtEnd = true
        return
      }
      lines.append(bytes, line)
    }
  }
}
