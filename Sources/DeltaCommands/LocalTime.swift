internal import Glibc

/// The local time zone, as `TZ` or the system sets it.
enum LocalTime {
  /// How many seconds local time is ahead of UTC at a time (`localtime_r`).
  static func utcOffset(at seconds: Int64) -> Int {
    var time = time_t(seconds)
    var parts = unsafe tm()
    guard unsafe localtime_r(&time, &parts) != nil else { return 0 }
    return unsafe parts.tm_gmtoff
  }
}
