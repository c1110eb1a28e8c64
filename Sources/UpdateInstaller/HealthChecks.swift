public import Configuration

/// What a system's own programs say about its health.
public struct HealthReport: Hashable, Sendable {
  /// The names of the checks, in order, if all passed.
  public var passed: [String]
  /// The first that did not; the ones after it were not run.
  public var failure: TrustedProgramFailure?

  /// Whether the system is good.
  public var isGood: Bool { failure == nil }
}

/// The programs in `health.d`: all must succeed for a system to be good.
public enum HealthChecks {
  /// The subdirectory of the programs.
  public static let directory = "health.d"

  /// Runs the checks, in the order of their names, until one fails. No checks are no failure.
  ///
  /// - Parameter isTrial: whether the system is on trial, which they are told.
  public static func run(_ rules: ProgramRules, isTrial: Bool) -> HealthReport {
    do throws(TrustedProgramFailure) {
      let passed = try TrustedPrograms(rules, in: directory)
        .run(["BTRFS_UPDATE_TRIAL=\(isTrial ? "yes" : "no")"])
      return HealthReport(passed: passed, failure: nil)
    } catch { return HealthReport(passed: [], failure: error) }
  }
}
