internal import ArgumentParser
internal import Linux
internal import UpdateInstaller

/// How long a new system has to prove itself.
struct TrialOptions: ParsableArguments {
  @Option(help: "How many times the new system is started before the old one comes back.")
  var tries = Trial.defaultTries

  func validate() throws {
    guard Trial.allowedTries.contains(tries) else {
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

/// How the boot loader is told.
struct BootOptions: ParsableArguments {
  @Option(
    help: """
      What the boot loader goes by: names, default-subvolume, bls, grub, uboot or custom. See \
      docs/boot.md.
      """)
  var bootBackend = "names"
  @Option(help: "An option of the boot backend, KEY=VALUE; may be repeated.")
  var bootOption: [String] = []

  func validate() throws { _ = try backend() }

  /// The backend.
  func backend() throws -> any BootBackend {
    var options: [String: String] = [:]
    for option in bootOption {
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, options[String(parts[0])] == nil else {
        throw ValidationError("--boot-option is KEY=VALUE, each KEY once")
      }
      options[String(parts[0])] = String(parts[1])
    }
    do throws(BootConfigurationError) {
      return try BootConfiguration(bootBackend, options: options).backend()
    } catch { throw ValidationError("\(error)") }
  }
}
