import Foundation
import Synchronization

/// Judges cuts, several at a time, each on a thread of its own: most of the time they wait for the
/// kernel.
final class Court: Sendable {
  private let host: Host
  private let seed: UInt64
  private let failures: String
  private let record = Mutex(Record())
  private let seats = DispatchSemaphore(value: judges)

  private static let judges = 10

  private struct Record {
    var statistics = Statistics()
    /// Cuts that were brought, judged or not.
    var cuts = 0
  }

  init(_ host: Host, _ options: Options) {
    self.host = host
    (seed, failures) = (options.seed, options.failures)
  }

  /// How many cuts were brought.
  var cuts: Int { record.withLock { $0.cuts } }
  /// How many failed so far.
  var failed: Int { record.withLock { $0.statistics.failures } }

  /// Has a cut judged; waits for a free judge, but not for the verdict. The cut's image goes.
  func judge(_ cut: Cut, of scene: Scene) {
    record.withLock { $0.cuts += 1 }
    seats.wait()
    Thread { [self] in
      let name = scene.operation.name
      do {
        let verdict = try scene.judge(cut)
        record.withLock { $0.statistics.add(verdict, of: name) }
      } catch {
        report(error, cut.moment, of: name, cut)
      }
      try? cut.image.remove()
      let (count, failed) = record.withLock { ($0.statistics.cuts, $0.statistics.failures) }
      if count.isMultiple(of: 100) { say("\(count) cuts, \(failed) failed") }
      seats.signal()
    }.start()
  }

  /// Waits for all verdicts.
  func close() -> Statistics {
    for _ in 0..<Self.judges { seats.wait() }
    for _ in 0..<Self.judges { seats.signal() }
    return record.withLock { $0.statistics }
  }

  /// Says what failed, and keeps the image that shows it.
  func report(_ error: any Error, _ moment: String, of name: String, _ cut: Cut?) {
    let number = record.withLock {
      $0.statistics.add(nil, of: name)
      return $0.statistics.failures
    }
    say("FAILED \(name), cut \(moment), seed 0x\(String(seed, radix: 16)): \(error)")
    guard let cut, !failures.isEmpty else { return }
    let kept = "\(failures)/powercut-\(name)-\(number).img"
    let outcome = Result {
      try host.programs.need("cp", ["--sparse=always", cut.image.path, kept])
    }
    say((try? outcome.get()) == nil ? "its image could not be kept" : "its image is \(kept)")
  }
}
