/// One way in which a tree differs from the one before, for people.
public struct TreeChange: Hashable, Sendable {
  /// What happened.
  public enum Kind: Hashable, Sendable {
    /// The path is new.
    case added
    /// The path is gone.
    case removed
    /// The path is still there.
    case modified
    /// What was at that path is at another one; of a directory, with all it holds.
    case moved(from: [UInt8])
  }

  /// What of an inode is different.
  public enum Aspect: String, Hashable, Sendable, CaseIterable {
    /// One is a directory, say, and the other a file.
    case type
    case contents
    /// The target of a symbolic link.
    case target
    /// What a device node stands for.
    case device
    case permissions
    case owner
    /// Extended attributes, access control lists among them.
    case attributes
    /// What `chattr` set, which no digest has.
    case flags
    /// Which names it has.
    case links
    /// The modification time.
    case time
  }

  /// The path in the new tree; of what was removed, in the old.
  public var path: [UInt8]
  /// What happened.
  public var kind: Kind
  /// What is different; of what was added or removed, nothing.
  public var aspects: Set<Aspect>
  /// What it was; `nil` of what was added.
  public var old: TreeInode?
  /// What it is; `nil` of what was removed.
  public var new: TreeInode?

  /// A change.
  public init(
    path: [UInt8], kind: Kind, aspects: Set<Aspect> = [], old: TreeInode?, new: TreeInode?
  ) {
    self.path = path
    self.kind = kind
    self.aspects = aspects
    self.old = old
    self.new = new
  }

  /// Whether only the modification time is different.
  public var isOnlyTime: Bool { kind == .modified && aspects == [.time] }
}
