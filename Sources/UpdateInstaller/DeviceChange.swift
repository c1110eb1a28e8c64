public import Linux

/// Something that was done to a device's disk.
public enum DeviceChange: Hashable, Sendable {
  /// An interrupted activation was brought to its end.
  case finishedActivation(SystemVersion)
  /// An interrupted activation was taken back: current is what it was.
  case undidActivation(SystemVersion)
  /// An interrupted rollback was brought to its end.
  case finishedRollback
  /// An interrupted rollback was taken back: current is what it was.
  case undidRollback
  /// An interrupted `mark good` was brought to its end.
  case finishedMarking(SystemVersion?)
  /// An interrupted `mark good` was taken back: the trial goes on.
  case undidMarking(SystemVersion?)
  /// The boot loader could not be told, which is why something was taken back.
  case loaderRefused(BootError)
  /// The boot loader has something left over; the next activation tries again.
  case loaderNotCleaned(BootError)
  /// A subvolume that is of no use any more was deleted.
  case deleted(name: String)
  /// A subvolume that is of no use any more could not be deleted; the next call tries again.
  case kept(name: String, KeepReason)
  /// It is done, but a program that was told of it did not succeed.
  case hookFailed(HookFailure)
  /// What is left of a factory reset could not be done; the next call tries again.
  case resetUnfinished(SystemError)
  /// A subvolume became an empty one.
  case wiped(name: String)
  /// Something was to be carried over into the new system, but is in a subvolume of its own.
  case leftOut(path: String)
}

/// Why a subvolume was not deleted.
public enum KeepReason: Hashable, Sendable {
  /// It is mounted: maybe the running system.
  case mounted
  /// Another subvolume inside it holds data.
  case holdsSubvolumes
  /// The kernel does not allow it: it is the default subvolume, is being sent, or holds swap.
  case refused
  /// It is no subvolume at all.
  case notSubvolume
  /// A system call failed.
  case failed(SystemError)
}

extension DeviceChange: CustomStringConvertible {
  /// What was done, for people.
  public var description: String {
    switch self {
    case .finishedActivation(let version): "finished activating version \(version)"
    case .undidActivation(let version): "took back the activation of version \(version)"
    case .finishedRollback: "finished rolling back"
    case .undidRollback: "took back the rollback"
    case .finishedMarking(let version): "finished marking \(Self.name(version)) good"
    case .undidMarking(let version): "took back that \(Self.name(version)) was marked good"
    case .loaderRefused(let error): "the boot loader cannot be changed: \(error)"
    case .loaderNotCleaned(let error): "the boot loader has something left over: \(error)"
    case .deleted(let name): "deleted \(name)"
    case .wiped(let name): "wiped \(name)"
    case .resetUnfinished(let error): "the factory reset is not finished: \(error)"
    case .leftOut(let path): "did not carry over \(path): it is in a subvolume of its own"
    case .kept(let name, let reason): "kept \(name): \(reason)"
    case .hookFailed(let failure): "it is done, but \(failure)"
    }
  }
}

extension DeviceChange {
  private static func name(_ version: SystemVersion?) -> String {
    version.map { "version \($0)" } ?? "the system"
  }
}

extension KeepReason: CustomStringConvertible {
  /// Why, for people.
  public var description: String {
    switch self {
    case .mounted: "it is mounted"
    case .holdsSubvolumes: "a subvolume inside it holds data"
    case .refused: "the kernel does not let it go"
    case .notSubvolume: "it is not a subvolume"
    case .failed(let error): error.description
    }
  }
}
