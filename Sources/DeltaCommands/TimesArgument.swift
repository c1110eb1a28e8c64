internal import ArgumentParser
internal import CommandSupport
internal import Linux
internal import Tree

/// Which modification times the child of a build is given.
enum TimesArgument: String, CaseIterable, ExpressibleByArgument {
  case keep, clamp, content

  /// The same for the library.
  ///
  /// - Parameter date: `SOURCE_DATE_EPOCH`, in seconds since 1970.
  func times(at date: Int64?) throws -> TreeTimes {
    switch self {
    case .keep: return .keep
    case .content: return .content
    case .clamp:
      guard let date else {
        throw CommandFailure(.usage, "--times clamp needs SOURCE_DATE_EPOCH in the environment")
      }
      return .clamp(to: FileTime(seconds: date))
    }
  }
}
