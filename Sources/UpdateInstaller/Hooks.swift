public import Configuration
internal import Crypto
internal import Linux

/// An occasion at which a device's own programs are asked or told.
public enum HookEvent: String, CaseIterable, Hashable, Sendable {
  /// An update is verified and fits. A program that fails refuses it.
  case installCheck = "install-check"
  /// Right before a version is made. A program that fails stops it.
  case preInstall = "pre-install"
  /// A version is installed.
  case postInstall = "post-install"
  /// Right before a version becomes current. A program that fails stops it.
  case preActivate = "pre-activate"
  /// A version has become current.
  case postActivate = "post-activate"
  /// Right before last becomes current. A program that fails stops it.
  case preRollback = "pre-rollback"
  /// Last has become current.
  case postRollback = "post-rollback"

  /// The subdirectory of its programs.
  public var directory: String { "hooks.d/\(rawValue).d" }
}

/// A hook that did not succeed.
public struct HookFailure: Hashable, Sendable {
  /// The occasion.
  public var event: HookEvent
  /// Which program, and why.
  public var reason: TrustedProgramFailure

  /// A failure.
  public init(event: HookEvent, reason: TrustedProgramFailure) {
    self.event = event
    self.reason = reason
  }
}

extension HookFailure: CustomStringConvertible {
  /// Which program and why, for people.
  public var description: String { "\(event.rawValue) hook: \(reason)" }
}

/// Programs of the running system that are asked before a device is changed, and told afterwards.
///
/// They come from the running system alone: never from an update, from the new version, or from
/// what is below the device's directory.
public struct Hooks: Sendable {
  private let rules: ProgramRules?

  /// No programs at all.
  public static let none = Hooks(rules: nil)

  private init(rules: ProgramRules?) { self.rules = rules }

  /// Programs by some rules.
  public init(_ rules: ProgramRules) { self.init(rules: rules) }

  /// Asks: one that fails stops what was to be done.
  func ask(_ event: HookEvent, _ facts: HookFacts) throws(InstallError) {
    if let failure = run(event, facts) { throw .hookFailed(failure) }
  }

  /// Tells: it is done, whatever they say.
  func tell(_ event: HookEvent, _ facts: HookFacts) -> [DeviceChange] {
    run(event, facts).map { [.hookFailed($0)] } ?? []
  }

  private func run(_ event: HookEvent, _ facts: HookFacts) -> HookFailure? {
    guard let rules else { return nil }
    do throws(TrustedProgramFailure) {
      try TrustedPrograms(rules, in: event.directory).run(facts.environment(event))
      return nil
    } catch { return HookFailure(event: event, reason: error) }
  }
}

/// What hooks are told.
struct HookFacts {
  /// A path to the device's directory that works for other processes.
  var root: String
  /// What the version is made from, or what was current.
  var from: SystemVersion?
  /// What is installed or becomes current.
  var to: SystemVersion?
  var product: String?
  /// The keys whose signatures were good.
  var signers: [SHA256Digest] = []
  /// The name of the subvolume that it is about, once that is there.
  var name: String?

  init(_ directory: borrowing Descriptor) {
    // Works also for a mount that has no place in the directory tree.
    root = "/proc/\(Machine.processID)/fd/\(directory.rawValue)"
  }

  /// What is not known is not set.
  func environment(_ event: HookEvent) -> [String] {
    var variables = ["HOOK=\(event.rawValue)", "ROOT=\(root)"]
    func add(_ name: String, _ value: String?) {
      if let value { variables.append("\(name)=\(value)") }
    }
    add("FROM_VERSION", from.map { "\($0)" })
    add("TO_VERSION", to.map { "\($0)" })
    add("PRODUCT", product)
    add("KEY_IDS", signers.isEmpty ? nil : signers.map { "\($0)" }.joined(separator: " "))
    add("PATH", name.map { "\(root)/\($0)" })
    return variables.map { "BTRFS_UPDATE_\($0)" }
  }
}
