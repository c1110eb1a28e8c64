internal import CommandSupport
internal import UpdateInstaller

/// What there is to say of trials.
extension DeviceReport {
  /// What boots next, after something was changed.
  static func outcome(_ status: DeviceStatus) -> String {
    let name = name(status.current?.version)
    guard let trial = status.boot.trial else {
      return "\(name) is current: it runs after the next boot"
    }
    return "\(name) is current: it runs after the next boot, on trial, "
      + "\(tries(trial.triesLeft)) left"
  }

  /// What boots now: one line.
  static func line(_ check: BootCheck) -> String {
    let current = name(check.current?.version)
    if let other = check.otherBackend {
      return "booting what the boot loader chose, which is told by \"\(other)\""
    }
    switch check.outcome {
    case .noTrial?: return "booting \(current)"
    case .trial(_, let triesLeft)?:
      return "booting \(current), on trial, \(tries(triesLeft)) left after this"
    case .fellBack(let version, let reason, _)?:
      return "booting \(current): \(name(version)) failed: \(reason)"
    case nil: return "booting \(current); the trial could not be looked after"
    }
  }

  /// What was marked good.
  static func line(_ marked: MarkedGood) -> String {
    let name = name(marked.version)
    return marked.wasOnTrial ? "\(name) is good" : "\(name) is not on trial: nothing to do"
  }

  static func trialLines(_ boot: BootSummary) -> [String] {
    var lines: [String] = []
    if let trial = boot.trial {
      lines.append(
        "trial:    \(name(trial.version)), \(trial.triesLeft) of \(tries(trial.tries)) left")
    }
    if let failure = boot.failure {
      let times = failure.count == 1 ? "" : " (\(failure.count) times)"
      lines.append("failed:   \(name(failure.version)): \(failure.reason)\(times)")
    }
    if let problem = boot.problem { lines.append("problem:  \(problem)") }
    return lines + boot.warnings.map { "warning:  \($0)" }
  }

  static func json(_ boot: BootSummary) -> JSONValue {
    .object([
      ("backend", .string(boot.backend)),
      ("problem", boot.problem.map { .string($0) } ?? .null),
      ("warnings", .array(boot.warnings.map { .string("\($0)") })),
    ])
  }

  static func json(_ trial: Trial) -> JSONValue {
    .object([
      ("version", trial.version.map { .unsigned($0.number) } ?? .null),
      ("uuid", .string("\(trial.system)")), ("tries", .number(Int64(trial.tries))),
      ("triesLeft", .number(Int64(trial.triesLeft))),
    ])
  }

  static func json(_ failure: TrialFailure) -> JSONValue {
    .object([
      ("version", failure.version.map { .unsigned($0.number) } ?? .null),
      ("uuid", .string("\(failure.system)")), ("count", .number(Int64(failure.count))),
      ("reason", .string(failure.reason)),
    ])
  }

  private static func name(_ version: SystemVersion?) -> String {
    version.map { "version \($0)" } ?? "a system of no known version"
  }

  private static func tries(_ number: Int) -> String { number == 1 ? "1 try" : "\(number) tries" }
}
