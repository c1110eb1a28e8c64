public import BinaryPatch
internal import Bytes
internal import Linux
internal import Recompress
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
/// ``/BinaryPatch/ProjectionKnowledge``; with ``OpeningLimits/spareMemory`` that as well, in which opened
/// files are made again side by side: see ``Expander/accepts``.
public struct Expander<Tree: OldTree>: ~Copyable {
  let tree: Tree
  private let version: StreamVersion
  private let form: NormalForm
  let limits: PatchLimits
  /// What opening files may take; `nil` if none may be opened.
  let opening: OpeningLimits?
  /// Makes regions of opened files again, if there is memory to spare.
  let pool: RebuildPool?
  var queue = ExpansionQueue<Tree.File>()
  var order: CommandOrder
  var patch: RunningPatch<Tree.File>?
  /// Known from SNAPSHOT.
  var parent: ParentIdentity?
  /// What the patches so far have taught; while one is being expanded, that has it.
  public internal(set) var knowledge: ProjectionKnowledge
  /// How many bytes of the plain stream there have been, its header among them.
  var position: UInt64
  /// Whether patches may have sources in the new tree.
  let allowsNewSources: Bool
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
    pool = opening?.pool
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
    case .patch: try beginPatch(frame)
    default:
      if frame.kind == .snapshot { parent = ParentIdentity(ofSnapshot: frame) }
      guard isIdle else {
        return queue.append(.command(frame.kind, payload: [UInt8](copying: frame.payload)))
      }
      payload.removeAll(keepingCapacity: true)
      payload.append(copying: frame.payload)
      pending = frame.kind
    }
  }

  /// Whether all commands that were taken have been given as plain ones.
  var isIdle: Bool { pending == nil && patch == nil && queue.isEmpty }

  /// Whether ``begin(_:)`` takes a command though ``advance(waiting:)`` may have more to give: behind
  /// a patch whose file is being made beside.
  var accepts: Bool { isIdle || pool != nil && queue.hasRoom && patchIsAhead }

  /// Whether no patch is under way but one of which all is made that the pool does not make: else others
  /// would not know what it teaches, and take memory beside it.
  var patchIsAhead: Bool {
    switch patch {
    case .some(let patch): patch.isAhead
    case .none: true
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

  /// Makes the next plain command ready as ``frame``; `false` when there is none, or when it is not
  /// made yet and `waiting` is not wanted.
  mutating func advance(waiting: Bool = true) throws(DeltaStreamError) -> Bool {
    guard let kind = try nextKind(waiting) else { return false }
    current = kind
    // Below 2^63: that many bytes never come.
    position &+= UInt64(Frame.headerLength + payload.count)
    do throws(SystemError) { try tree.note(frame) } catch { throw .notKept(error) }
    return true
  }

  /// Makes the next command's payload, and says which one it is.
  private mutating func nextKind(_ waiting: Bool) throws(DeltaStreamError) -> CommandKind? {
    while true {
      if let kind = pending {
        pending = nil
        return kind
      }
      try beginHeld(inTurn: false)
      if patch != nil {
        if !waiting, patchIsAhead, patch?.isReady == false { return nil }
        if let kind = try patch?.next(form: form, version: version, into: &payload) { return kind }
        endPatch()
      }
      switch queue.popFirst() {
      case .command(let kind, let bytes):
        payload = bytes
        pending = kind
      case .patch(let begun): patch = begun.take()
      case nil:
        try beginHeld(inTurn: true)
        if patch == nil { return nil }
      }
    }
  }

  /// Ends the patch. One that was begun ahead gave away what it knew when the next one came.
  private mutating func endPatch() {
    if patch?.isAhead == false { knowledge = patch?.takeKnowledge() ?? ProjectionKnowledge() }
    patch = nil
  }

  /// The plain command that ``advance(waiting:)`` made ready.
  var frame: Frame {
    @_lifetime(borrow self)
    borrowing get { Frame(kind: current, payload: payload.rawSpan, version: version) }
  }
}
