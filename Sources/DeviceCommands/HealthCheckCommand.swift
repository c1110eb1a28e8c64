internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Configuration
internal import Linux
internal import UpdateInstaller

/// `btrfs-update health-check`
struct HealthCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health-check",
    abstract: "Run the checks in health.d, all of which a good system passes.",
    discussion: """
      A system that is on trial and does not pass is marked bad, so that the next boot is into the \
      one before. One that is not on trial is only reported, unless Action= of [Health] says \
      otherwise. Passing marks nothing: `mark good` does, when the boot is complete.
      """)

  @OptionGroup var root: RootOptions
  @OptionGroup var wait: WaitOption
  @Flag(help: "Reboot if the system before is to run again.") var reboot = false

  /// Whether what runs is on trial, rather than what boots next.
  private func isOnTrial(_ device: borrowing Device) throws(InstallError) -> Bool {
    let status = try device.status()
    return status.boot.trial != nil && status.current?.isRunning == true
  }

  func run() async throws {
    let loaded = try root.configuration.load()
    var device = try root.open(loaded)
    device.patience = wait.patience
    let health = loaded.configuration.health
    let verdict = SystemVerdict(action: health.action)
    let report = HealthChecks.run(
      root.configuration.rules(
        timeLimit: health.timeLimit, totalTimeLimit: health.totalTimeLimit),
      isTrial: try isOnTrial(device))
    guard let failure = report.failure else {
      return print("\(report.passed.count) health checks passed")
    }
    // Whoever stops us has not found the system bad.
    if case .ended(_, .stopped) = failure {
      throw CommandFailure(.cancelled, "\(failure)")
    }
    let wentBack = try verdict.bad(device, reason: "health check \(failure)")
    let after = wentBack ? ": the system before runs after the next boot" : ""
    StandardError.write(
      "btrfs-update: \(QuotedText.oneLine("health check \(failure)\(after)"))\n")
    if reboot, wentBack { try Rebooting.request() }
    throw CommandFailure(.notHealthy, "the system is not healthy")
  }
}
