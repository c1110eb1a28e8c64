import Foundation
import Linux
import Synchronization

/// A run of `btrfs-update` that goes on while other things are done.
final class Run: Sendable {
  private struct State {
    var outcome: Result<Outcome, any Error>?
    var duration = Duration.zero
  }

  private let begin = Machine.monotonicTime()
  private let state = Mutex(State())
  private let end = DispatchSemaphore(value: 0)

  init(_ programs: Programs, _ arguments: [String]) {
    Thread { [self] in
      let outcome = Result { try programs.run("btrfs-update", arguments) }
      state.withLock {
        $0.outcome = outcome
        $0.duration = Machine.monotonicTime() - begin
      }
      end.signal()
    }.start()
  }

  /// Waits for a moment; whether the program still runs then.
  func lasts(until moment: Duration) -> Bool {
    let wait = moment - (Machine.monotonicTime() - begin)
    guard wait > .zero else { return state.withLock { $0.outcome == nil } }
    guard end.wait(timeout: .now() + .microseconds(Int(wait.microseconds))) == .success else {
      return true
    }
    end.signal()
    return false
  }

  /// Waits for the end.
  func wait() {
    end.wait()
    end.signal()
  }

  func outcome() throws -> Outcome {
    guard let outcome = state.withLock({ $0.outcome }) else { throw Failure("it still runs") }
    return try outcome.get()
  }

  var duration: Duration { state.withLock { $0.duration } }
}

extension Duration {
  var microseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
  }
}
