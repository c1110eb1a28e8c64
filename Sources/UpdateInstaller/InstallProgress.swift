/// How far something that takes long has come.
public struct InstallProgress: Hashable, Sendable {
  /// What is being done, in this order.
  public enum Phase: Hashable, Sendable, CaseIterable {
    /// The parent's contents are compared with what was signed, because something wrote to it.
    case checkingParent
    /// The update is read and carried out.
    case receiving
    /// The result's contents are compared with what was signed.
    case verifying
    /// What was written is put on disk.
    case syncing
  }

  /// What is being done.
  public var phase: Phase
  /// How many bytes of it are done: of the file while receiving, else of the tree's files.
  public var completed: UInt64
  /// How many bytes there are.
  public var total: UInt64
}

/// Is told how far something has come; ends it with ``InstallError/cancelled`` by answering false.
public typealias InstallObserver = (InstallProgress) -> Bool

/// Tells an observer how far a phase has come.
struct ProgressReport {
  let phase: InstallProgress.Phase
  let total: UInt64

  func callAsFunction(_ completed: UInt64, to observer: InstallObserver) throws(InstallError) {
    let progress = InstallProgress(phase: phase, completed: completed, total: total)
    guard observer(progress) else { throw .cancelled }
  }
}
