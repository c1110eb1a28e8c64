import Foundation

/// Measures what inputs take, and finds what takes too much.
struct Meter {
  /// What an input may take whatever its length, in nanoseconds.
  static let grace = 50_000_000.0

  private let nanosecondsPerByte: Double
  /// The most for one byte so far, beyond what tiny inputs take.
  private(set) var worst = 0.0
  private(set) var measured = 0

  init(nanosecondsPerByte: Double) { self.nanosecondsPerByte = nanosecondsPerByte }

  /// Runs what is to be measured.
  ///
  /// - Parameter bytes: The lengths of all that goes in and, where it is announced, comes out.
  mutating func measure<Result>(bytes: Int, _ body: () throws -> Result) throws -> Result {
    let start = Self.now()
    let result = Swift.Result { try body() }
    let time = Self.now() - start
    measured += 1
    worst = max(worst, time / Double(max(bytes, 10_000)))
    guard time <= Self.grace + nanosecondsPerByte * Double(bytes) else {
      throw Finding("\(Int(time / 1e6)) ms for \(bytes) bytes")
    }
    return try result.get()
  }

  /// CPU time, so that other work on the machine does not count.
  private static func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }
}

/// The peak of this process's memory, as the kernel counts it.
enum PeakMemory {
  /// Lets the peak begin anew.
  static func reset() {
    let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs")
    try? file?.write(contentsOf: Data("5".utf8))
    try? file?.close()
  }

  /// In bytes: now, and at the peak.
  static func read() -> (now: UInt64, peak: UInt64) {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    func value(_ name: String) -> UInt64 {
      let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
      return (line?.split(separator: " ").dropLast().last.flatMap { UInt64($0) } ?? 0) << 10
    }
    return (value("VmRSS:"), value("VmHWM:"))
  }
}
