internal import BinaryPatch
internal import Bytes
internal import Recompress
internal import SendStream

extension Expander {
  /// Begins a PATCH; or keeps it, if others are before it and the pool cannot make it beside them.
  mutating func beginPatch(_ frame: borrowing Frame) throws(DeltaStreamError) {
    let command = try PatchCommand(parsing: frame)
    let layout = try layoutForPool(command, frame.offset)
    if let layout, patchIsAhead, let room = pool?.room(for: layout) {
      return try beginAhead(command, frame, room)
    }
    guard !isIdle else { return patch = try run(command, frame.offset) }
    queue.held = ExpansionQueue.Held(
      payload: [UInt8](copying: frame.payload), version: frame.version, offset: frame.offset,
      layout: layout)
  }

  /// Begins the PATCH that was kept, if its time has come.
  ///
  /// - Parameter inTurn: whether there are no others before it.
  mutating func beginHeld(inTurn: Bool) throws(DeltaStreamError) {
    guard let held = queue.held else { return }
    var room: RebuildPool.Room?
    if !inTurn {
      guard let layout = held.layout, patchIsAhead else { return }
      room = pool?.room(for: layout)
      if room == nil { return }
    }
    queue.held = nil
    let payload = held.payload
    let frame = Frame(
      kind: .patch, payload: payload.rawSpan, version: held.version, offset: held.offset)
    let command = try PatchCommand(parsing: frame)
    if let room { return try beginAhead(command, frame, room) }
    patch = try run(command, held.offset)
  }

  /// Makes all of a patch's view, so that the pool makes the file of it.
  private mutating func beginAhead(
    _ command: borrowing PatchCommand, _ frame: borrowing Frame, _ room: RebuildPool.Room
  ) throws(DeltaStreamError) {
    var running = try run(command, frame.offset)
    try running.makeAhead(in: room)
    knowledge = running.takeKnowledge()
    // Its paths and its list of shared parts.
    let byteCount = frame.payload.byteCount - command.data.byteCount
    queue.append(.patch(ExpansionQueue.Begun(running, byteCount: byteCount)))
  }

  private mutating func run(
    _ command: borrowing PatchCommand, _ offset: UInt64
  ) throws(DeltaStreamError) -> RunningPatch<Tree.File> {
    try checkSources(command, offset)
    var known = ProjectionKnowledge()
    swap(&known, &knowledge)
    return try RunningPatch(
      command, tree: tree, limits: limits, opening: opening, pool: pool, parent: parent,
      offset: offset, knowledge: known)
  }

  /// The layout of a file that the pool can make while those before it are not done; else `nil`.
  private func layoutForPool(
    _ command: borrowing PatchCommand, _ offset: UInt64
  ) throws(DeltaStreamError) -> FileLayout? {
    guard let pool, let opening, command.isOpened,
      // What is written before it may not be there yet.
      command.sources.allSatisfy({ $0.tree == .parent })
    else { return nil }
    let patch = try command.openedPatch(at: offset, mostRegions: opening.mostRegions)
    guard let layout = patch.layout, !patch.keepsView, pool.takes(layout) else { return nil }
    return layout
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
}
