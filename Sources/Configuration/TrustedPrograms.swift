public import Linux

/// How programs of the administrator are run: hooks and health checks.
public struct ProgramRules: Sendable {
  /// Where they are looked for.
  public var directories: ConfigurationDirectories
  /// How long one may take.
  public var timeLimit: Duration
  /// How long all of one occasion may take.
  public var totalTimeLimit: Duration
  /// Gets each line that one says, with its name in front.
  public var say: @Sendable (String) -> Void
  /// Is asked about ten times a second whether to go on.
  public var goesOn: @Sendable () -> Bool

  /// Rules.
  public init(
    directories: ConfigurationDirectories = .system, timeLimit: Duration,
    totalTimeLimit: Duration = .seconds(24 * 3600),
    say: @escaping @Sendable (String) -> Void,
    goesOn: @escaping @Sendable () -> Bool = { true }
  ) {
    self.directories = directories
    self.timeLimit = timeLimit
    self.totalTimeLimit = totalTimeLimit
    self.say = say
    self.goesOn = goesOn
  }
}

/// Why the programs of one occasion did not all succeed.
public enum TrustedProgramFailure: Error, Hashable, Sendable {
  /// They cannot be found, or somebody else than root could have written one.
  case configuration(ConfigurationError)
  /// One could not be started.
  case notStarted(name: String, SystemError)
  /// One ended in another way than with status 0.
  case ended(name: String, ProcessEnd)
  /// Before this one was its turn, or while it ran, the time for all was over.
  case outOfTime(name: String, Duration)
}

extension TrustedProgramFailure: CustomStringConvertible {
  /// Which one, and why, for people.
  public var description: String {
    switch self {
    case .configuration(let error): error.description
    case .notStarted(let name, let error): "\(name) cannot be run: \(error)"
    case .ended(let name, let end): "\(name): \(end)"
    case .outOfTime(let name, let limit):
      "\(name): not done within the \(limit.components.seconds) s that all have together"
    }
  }
}

/// The programs of one occasion, in a subdirectory of ``ConfigurationDirectories``.
public struct TrustedPrograms: Sendable {
  private let rules: ProgramRules
  private let subdirectory: String

  /// What every one finds in its environment besides what is given.
  public static let environment = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/",
  ]

  /// The programs of a subdirectory.
  public init(_ rules: ProgramRules, in subdirectory: String) {
    self.rules = rules
    self.subdirectory = subdirectory
  }

  /// Runs all, one after the other in the order of their names, until one does not succeed.
  ///
  /// - Parameter environment: besides ``environment``, as `NAME=value`.
  /// - Returns: the names of those that succeeded.
  @discardableResult
  public func run(_ environment: [String]) throws(TrustedProgramFailure) -> [String] {
    let start = Machine.monotonicTime()
    var names: [String] = []
    for program in try programs() {
      let left = start + rules.totalTimeLimit - Machine.monotonicTime()
      try run(program, environment, left: left)
      names.append(program.name)
    }
    return names
  }

  private func programs() throws(TrustedProgramFailure) -> [ConfigurationDirectories.File] {
    do throws(ConfigurationError) {
      return try rules.directories.executables(in: subdirectory)
    } catch { throw .configuration(error) }
  }

  private func run(
    _ program: ConfigurationDirectories.File, _ environment: [String], left: Duration
  ) throws(TrustedProgramFailure) {
    let name = program.name
    guard left > .zero else { throw .outOfTime(name: name, rules.totalTimeLimit) }
    let limits = ProcessLimits(time: min(rules.timeLimit, left))
    let end: ProcessEnd
    do throws(SystemError) {
      let child = try ChildProcess.start(
        program.path, environment: Self.environment + environment)
      end = try child.finish(limits, while: rules.goesOn) { rules.say("\(name): \($0)") }
    } catch { throw .notStarted(name: name, error) }
    if end.isSuccess { return }
    if case .timedOut = end, left < rules.timeLimit {
      throw .outOfTime(name: name, rules.totalTimeLimit)
    }
    throw .ended(name: name, end)
  }
}
