internal import Bytes
internal import CommandSupport
internal import Configuration
internal import Linux
internal import UpdateInstaller

/// One stick: from looking at it to saying that it may be pulled.
final class StickSession {
  private let stick: UpdateStick
  private let options: InstallOptions
  private let settings: DeviceConfiguration.USB
  /// How many boots a new system has.
  private let tries: Int
  /// What a new system takes over.
  private let persist: PersistList
  /// For the log on the stick; the journal has the same lines.
  private var lines: [String] = []

  init(
    stick: UpdateStick, options: InstallOptions, settings: DeviceConfiguration.USB, tries: Int,
    persist: PersistList
  ) {
    self.stick = stick
    self.options = options
    self.settings = settings
    self.tries = tries
    self.persist = persist
  }

  /// Installs what fits, activates it if that is configured, and writes the log.
  ///
  /// - Throws: what kept an update from being installed or activated. A log that cannot be written
  ///   is only said.
  func run(_ device: borrowing Device) throws {
    say("looking at \(stick.device) (\(stick.fileSystem))")
    var failure: (any Error)?
    var version: SystemVersion?
    do {
      version = try install(on: device)
      // Nothing is read any more: what follows needs the stick only for the log.
      if let version { try activate(version, on: device) }
    } catch {
      say("failed: \(DeviceFailure.explain(error)?.message ?? "\(error)")")
      failure = error
    }
    writeLog()
    say("the stick may be pulled now")
    if let failure { throw failure }
    if version != nil, settings.activates, settings.reboots { try Rebooting.request() }
  }

  /// - Returns: the newest version that was installed, now or by a call that was interrupted before
  ///   it could activate it; `nil` if there is nothing newer.
  private func install(on device: borrowing Device) throws -> SystemVersion? {
    try stick.withDirectory { directory in
      let offer = try device.offer(in: directory, options) { _ in !Interruption.isRequested }
      say(offer)
      let installed = Set(try device.installedVersions().map(\.version))
      let chain = UpdateChain.shortest(offer.candidates, installed: installed)
      guard !chain.isEmpty else { return try installedEarlier(offer, device) }
      for step in chain { try apply(step, from: directory, on: device) }
      return chain.last?.target.version
    }
  }

  private func installedEarlier(
    _ offer: UpdateOffer, _ device: borrowing Device
  ) throws -> SystemVersion? {
    guard settings.activates, let version = try device.unactivatedVersion(of: offer) else {
      say("nothing newer for this device")
      return nil
    }
    say("version \(version) was installed earlier, but has never been activated")
    return version
  }

  private func say(_ offer: UpdateOffer) {
    for (name, problem) in offer.refused { say("\(name): does not fit: \(problem)") }
    if offer.ignored > 0 {
      say("\(offer.ignored) files more are not looked at: \(UpdateOffer.maximumFiles) are enough")
    }
  }

  private func apply(
    _ step: UpdateCandidate, from directory: borrowing Descriptor, on device: borrowing Device
  ) throws {
    say("\(step.name): installing version \(step.target.version)")
    let installation = try device.apply(directory.openUpdate(step.name), options) { _ in
      !Interruption.isRequested
    }
    say(installation.changes)
    say("\(step.name): version \(installation.version) is installed")
  }

  private func activate(_ version: SystemVersion, on device: borrowing Device) throws {
    guard settings.activates else { return }
    say(try device.activate(version, tries: tries, carryingOver: persist))
    say("version \(version) is current: it runs after the next boot")
  }

  private func say(_ changes: [DeviceChange]) {
    for change in changes { say("\(change)") }
  }

  private func say(_ line: String) {
    let line = QuotedText.oneLine(line)
    lines.append("\(UTCTime(Machine.wallClockTime().seconds)) \(line)\n")
    StandardError.write("btrfs-update: usb: \(line)\n")
  }

  private func writeLog() {
    do throws(InstallError) { try stick.log(lines.joined()) } catch {
      say("no log on the stick: \(error)")
    }
  }
}
