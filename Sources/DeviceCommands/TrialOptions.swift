internal import ArgumentParser
internal import Configuration
internal import Linux
internal import UpdateInstaller

/// How long a new system has to prove itself.
struct TrialOptions: ParsableArguments {
  @Option(
    help: """
      How many times the new system is started before the old one comes back. [default: Tries= of \
      [Boot]]
      """)
  var tries: Int?

  /// The number that is given or configured.
  func tries(_ configuration: DeviceConfiguration) -> Int { tries ?? configuration.boot.tries }

  func validate() throws {
    guard tries.map(Trial.allowedTries.contains) ?? true else {
      let (least, most) = (Trial.allowedTries.lowerBound, Trial.allowedTries.upperBound)
      throw ValidationError("--tries is a number from \(least) to \(most)")
    }
  }
}

/// How long to wait for another command.
struct WaitOption: ParsableArguments {
  @Option(help: "How many seconds to wait for another command that is at work.") var wait = 0

  /// The same for the library.
  var patience: Duration { .seconds(wait) }

  func validate() throws {
    guard (0...86400).contains(wait) else { throw ValidationError("--wait is at most a day") }
  }
}

/// Whether to reboot when all is done.
struct RebootOption: ParsableArguments {
  @Flag(help: "Reboot when it is done.") var reboot = false

  func carryOut() throws {
    if reboot { try Rebooting.request() }
  }
}

/// Reboots; tests put something else in its place.
enum Rebooting {
  @TaskLocal static var request: @Sendable () throws -> Void = { try Machine.reboot() }
}
