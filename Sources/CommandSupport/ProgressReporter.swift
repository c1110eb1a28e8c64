internal import Linux
internal import Synchronization

/// Shows on standard error how far a long command is: a bar, or a line of JSON each time.
public final class ProgressReporter: Sendable {
  /// How progress is shown.
  public enum Style: String, CaseIterable, Sendable {
    /// A bar if standard error is a terminal, else nothing.
    case auto
    /// A bar.
    case bar
    /// Lines of JSON.
    case json
    /// Nothing.
    case none
  }

  private struct State {
    var step = ""
    var shownAt = Duration.zero
    var hasBar = false
  }

  private let style: Style
  private let start = Machine.monotonicTime()
  private let state = Mutex(State())

  /// Not shown more often than this.
  private static let interval = Duration.milliseconds(100)
  /// A command that is done within this shows no bar.
  private static let patience = Duration.seconds(1)
  private static let barWidth = 30

  /// A reporter of a style.
  public init(_ style: Style) {
    self.style = style == .auto ? (StandardError.isTerminal ? .bar : .none) : style
  }

  /// Shows how many bytes of how many a step has done; a total of 0 is one that is not known.
  public func show(_ step: String, done: UInt64, of total: UInt64) {
    guard style != .none else { return }
    let now = Machine.monotonicTime()
    let line: String? = state.withLock { state in
      let isNew = state.step != step
      let isDone = total > 0 && done >= total
      guard isNew || isDone || now - state.shownAt >= Self.interval else { return nil }
      guard style == .json || now - start >= Self.patience else { return nil }
      let ended = isNew && state.hasBar ? "\n" : ""
      state.step = step
      state.shownAt = now
      state.hasBar = style == .bar
      return style == .json
        ? json(step, done, total) : ended + bar(step, done, total)
    }
    if let line { StandardError.write(line) }
  }

  /// Ends a bar's line.
  public func finish() {
    let hadBar = state.withLock { state in
      defer { state.hasBar = false }
      return state.hasBar
    }
    if hadBar { StandardError.write("\n") }
  }

  private func json(_ step: String, _ done: UInt64, _ total: UInt64) -> String {
    let value = JSONValue.object([
      ("step", .string(step)), ("done", .unsigned(done)), ("total", .unsigned(total)),
    ])
    return value.text + "\n"
  }

  private func bar(_ step: String, _ done: UInt64, _ total: UInt64) -> String {
    let name = step + String(repeating: " ", count: max(0, 12 - step.count))
    guard total > 0 else { return "\r\(name) \(ByteCount(done))\u{1b}[K" }
    let share = min(1, Double(done) / Double(total))
    let filled = Int(share * Double(Self.barWidth))
    let blocks =
      String(repeating: "#", count: filled)
      + String(repeating: ".", count: Self.barWidth - filled)
    return "\r\(name) [\(blocks)] \(Int(share * 100)) %  \(ByteCount(total))\u{1b}[K"
  }
}
