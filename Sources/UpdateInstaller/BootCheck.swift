/// What `boot-check` found and did.
public struct BootCheck: Sendable {
  /// What became of a trial.
  public enum Outcome: Hashable, Sendable {
    /// There is none: what is current is good.
    case noTrial
    /// The system of that version is on trial, and may be started so many times more after this.
    case trial(SystemVersion?, triesLeft: Int)
    /// The system of that version failed: the one before it is current again.
    case fellBack(from: SystemVersion?, reason: String, [DeviceChange])
  }

  /// What became of a trial; `nil` if that cannot be said, because of ``problem``.
  public var outcome: Outcome?
  /// What recovery did before.
  public var changes: [DeviceChange] = []
  /// What is called current now; `nil` if nothing is, or it cannot be said.
  public var current: BootableSystem?
  /// What went wrong. The boot goes on nevertheless, with what is current.
  public var problem: InstallError?

  init() {}

  /// The backend that the loader was told by, where that is another than what is set here: in an
  /// initramfs, which has no configuration, or where that was changed since. Then nothing was looked
  /// at, and the loader has chosen what boots. `nil` where it is the same.
  public var otherBackend: String? {
    guard case .boot(.otherBackend(let name))? = problem else { return nil }
    return name
  }
}

/// What `mark good` found and did.
public struct MarkedGood: Hashable, Sendable {
  /// The version that is good; `nil` if the system's is not known.
  public var version: SystemVersion?
  /// Whether it was on trial until now.
  public var wasOnTrial: Bool
  /// What was done besides.
  public var changes: [DeviceChange]
}
