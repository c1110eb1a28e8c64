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
