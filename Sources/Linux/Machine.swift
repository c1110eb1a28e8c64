internal import Bytes
internal import CLinux
internal import Glibc

/// What the process asks about the machine that it runs on, and about itself.
public enum Machine {
  /// How much memory can be used without swapping, in bytes: `MemAvailable` of `/proc/meminfo`.
  ///
  /// `nil` where the kernel does not say.
  public static func availableMemory() -> UInt64? {
    do throws(SystemError) {
      let text = try Descriptor.open("/proc/meminfo").readToEnd(limit: 1 << 16)
      return availableMemory(in: text)
    } catch {
      return nil
    }
  }

  /// `MemAvailable` in the text of `/proc/meminfo`, in bytes.
  static func availableMemory(in text: [UInt8]) -> UInt64? {
    for line in String(copying: text.rawSpan).split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count == 3, fields[0] == "MemAvailable:", fields[2] == "kB" else { continue }
      guard let kilobytes = UInt64(fields[1]) else { return nil }
      let (bytes, overflow) = kilobytes.multipliedReportingOverflow(by: 1024)
      return overflow ? nil : bytes
    }
    return nil
  }

  /// A clock that no adjustment moves, for measuring (`clock_gettime CLOCK_MONOTONIC`).
  public static func monotonicTime() -> Duration { duration(of: CLOCK_MONOTONIC) }

  /// Seconds since 1970 by the wall clock (`clock_gettime CLOCK_REALTIME`).
  public static func wallClockTime() -> FileTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return FileTime(time)
  }

  private static func duration(of clock: clockid_t) -> Duration {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// Whether the process has root's user ID (`geteuid`).
  public static var isRoot: Bool { geteuid() == 0 }
}

extension Machine {
  /// Sleeps, unless a signal wakes it before (`nanosleep`).
  public static func sleep(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    _ = unsafe nanosleep(&time, nil)
  }
}
