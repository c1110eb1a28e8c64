internal import CommandSupport
internal import Glibc

/// How many processors there are to work with.
enum Processors {
  /// More jobs than this only take memory.
  static let mostJobs = 256

  /// The processors that are online, at least one.
  static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

/// The date that a reproducible build is given instead of the clock's.
enum SourceDate {
  /// `SOURCE_DATE_EPOCH`, in seconds since 1970; `nil` if it is not set.
  static func environment() throws -> Int64? {
    guard let value = unsafe getenv("SOURCE_DATE_EPOCH") else { return nil }
    let text = unsafe String(cString: value)
    guard let seconds = Int64(text) else {
      throw CommandFailure(.usage, "SOURCE_DATE_EPOCH is \"\(text)\", which is no number")
    }
    return seconds
  }
}
