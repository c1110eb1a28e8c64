public import BinaryPatch
internal import Bytes
internal import Linux
public import SendStream

/// Turns the commands of a delta stream into those of the plain stream that it stands for.
///
/// Every command is handed to ``begin(_:)``, and ``next()`` then lends the plain commands one after
/// the other: the command itself, or the WRITEs and CLONEs of a patch; `nil` means that the next one may come.
/// Nothing is carried out here. Whether there is one stream only, whole, is for the reader's owner
/// to see.
///
///     while let element = try reader.next() {
///       guard case .command(let frame) = element else { continue }
///       try expander.begin(frame)
///       while let plain = try expander.next() { … }
///     }
///
/// Memory: one command, one chunk of ``NormalForm``, what applying one patch takes, and
/// ``/BinaryPatch/ProjectionKnowledge``.
public struct Expander<Tree: OldTree>: ~Copyable {
  private let tree: Tree
  private let version: StreamVersion
  private let form: NormalForm
  private let limits: PatchLimits
  /// What opening files may take; `nil` if none may be opened.
  private let opening: OpeningLimits?
  private var order: CommandOrder
  private var patch: RunningPatch<Tree.File>?
  /// Known from SNAPSHOT.
  private var parent: ParentIdentity?
  /// What the patches so far have taught; while one is being expanded, that has it.
  public private(set) var knowledge: ProjectionKnowledge
  /// How many bytes of the plain stream there have been, its header among them.
  private var position: UInt64
  /// Whether patches may have sources in the new tree.
  private let allowsNewSources: Bool
  private var pending: CommandKind?
  private var current = CommandKind.end
  private var payload: [UInt8] = []

  /// An expander of a delta stream over `base`, with the parent's files.
  public init(tree: Tree, base: UInt16) { self.init(tree: tree, base: base, CommandOrder()) }

  /// An expander that stands where `order` does.
  ///
  /// - Parameters:
  ///   - parent: the parent as SNAPSHOT named it, if that is behind it.
  ///   - knowledge: what the patches before have taught.
  ///   - position: how many bytes of the plain stream are before; `nil` for its header only.
  ///   - opening: what opening files may take; `nil` if patches may open none.
  ///   - allowsNewSources: whether patches may have sources in the new tree.
  init(
    tree: Tree, base: UInt16, _ order: CommandOrder, limits: PatchLimits = .standard,
    parent: ParentIdentity? = nil, knowledge: ProjectionKnowledge = .init(),
    position: UInt64? = nil, opening: OpeningLimits? = OpeningLimits(),
    allowsNewSources: Bool = true
  ) {
    self.opening = opening
    self.knowledge = knowledge
    self.position = position ?? UInt64(StreamHeader.length)
    self.allowsNewSources = allowsNewSources
    self.tree = tree
    self.parent = parent
    self.limits = limits
    self.order = order
    version = StreamVersion(base: base)
    form = NormalForm(base: base)
  }

  /// The version of the plain stream.
  public var plainVersion: StreamVersion { version }

  /// Takes the next command of the delta stream, once ``next()`` gave `nil` for the one before.
  ///
  /// MANIFEST and SIGNATURE, before the subvolume, stand for nothing. Btrfs's own commands are not
  /// looked into, but for the parent that SNAPSHOT names.
  ///
  /// - Throws: ``DeltaStreamError``. The expander is of no use afterwards.
  public mutating func begin(_ frame: borrowing Frame) throws(DeltaStreamError) {
    try order.add(frame)
    switch frame.kind {
    case .manifest, .signature: break
    case .patch:
      let command = try PatchCommand(parsing: frame)
      try checkSources(command, frame.offset)
      var known = ProjectionKnowledge()
      swap(&known, &knowledge)
      patch = try RunningPatch(
        command, tree: tree, limits: limits, opening: opening, parent: parent, offset: frame.offset,
        knowledge: known)
    default:
      if frame.kind == .snapshot { parent = ParentIdentity(ofSnapshot: frame) }
      payload.removeAll(keepingCapacity: true)
      payload.append(copying: frame.payload)
      pending = frame.kind
    }
  }

  /// The next plain command; `nil` when the next one of the delta stream is wanted.
  ///
  /// - Throws: ``DeltaStreamError``. The expander is of no use afterwards.
  @_lifetime(&self)
  public mutating func next() throws(DeltaStreamError) -> Frame? {
    guard try advance() else { return nil }
    return frame
  }

  /// Makes the next plain command ready as ``frame``; `false` when there is none.
  mutating func advance() throws(DeltaStreamError) -> Bool {
    guard let kind = try nextKind() else { return false }
    current = kind
    // Below 2^63: that many bytes never come.
    position &+= UInt64(Frame.headerLength + payload.count)
    do throws(SystemError) { try tree.note(frame) } catch { throw .notKept(error) }
    return true
  }

  /// Makes the next command's payload, and says which one it is.
  private mutating func nextKind() throws(DeltaStreamError) -> CommandKind? {
    if let kind = pending {
      pending = nil
      return kind
    }
    guard patch != nil else { return nil }
    if let kind = try patch?.next(form: form, version: version, into: &payload) { return kind }
    knowledge = patch?.takeKnowledge() ?? ProjectionKnowledge()
    patch = nil
    return nil
  }

  /// Checks what a patch says of its sources against what there is at its place in the stream.
  private func checkSources(
    _ command: borrowing PatchCommand, _ offset: UInt64
  ) throws(DeltaStreamError) {
    for source in command.sources {
      switch source.tree {
      case .parent: try order.requireParent(.patchSource, at: offset)
      case .new(let writtenAt):
        guard allowsNewSources else { throw .malformedPatch(.patchSource, offset: offset) }
        guard writtenAt < position else {
          throw .sourceNotWritten(path: source.path, offset: offset)
        }
      }
    }
  }

  /// The plain command that ``advance()`` made ready.
  var frame: Frame {
    @_lifetime(borrow self)
    borrowing get { Frame(kind: current, payload: payload.rawSpan, version: version) }
  }
}
