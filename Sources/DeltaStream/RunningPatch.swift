internal import BinaryPatch
internal import Bytes
internal import Linux
internal import Recompress
internal import SendStream

/// The parent as SNAPSHOT names it, and so every CLONE from it.
struct ParentIdentity {
  var uuid: SubvolumeUUID
  var ctransid: UInt64

  /// What a manifest says that the SNAPSHOT said.
  init(uuid: SubvolumeUUID, ctransid: UInt64) {
    self.uuid = uuid
    self.ctransid = ctransid
  }

  /// What a SNAPSHOT says; `nil` of one that is wrong, which is for its receiver to refuse.
  init?(ofSnapshot frame: borrowing Frame) {
    guard let command = try? Command(parsing: frame),
      case .snapshot(_, _, _, let uuid, let ctransid) = command
    else { return nil }
    self.uuid = uuid
    self.ctransid = ctransid
  }
}

/// The shared parts of a patch, one after the other.
private struct SharedParts {
  private(set) var next: PatchClone?
  private var rest: PatchCloneReader
  private let commandOffset: UInt64

  /// The parts of a list that ``check(_:hasParent:_:)`` finds good.
  init(_ clones: PatchCloneReader, _ commandOffset: UInt64) {
    rest = clones
    self.commandOffset = commandOffset
    next = try? rest.next(in: commandOffset)
  }

  /// A list that is wrong is noticed before anything of the patch is used.
  static func check(
    _ clones: PatchCloneReader, hasParent: Bool, _ commandOffset: UInt64
  ) throws(DeltaStreamError) {
    var clones = clones
    while try clones.next(in: commandOffset) != nil {
      guard hasParent else { throw .malformedPatch(.patchClones, offset: commandOffset) }
    }
  }

  mutating func advance() throws(DeltaStreamError) { next = try rest.next(in: commandOffset) }
}

/// A PATCH that is being expanded to WRITEs, and to CLONEs between them.
struct RunningPatch<File: OldFile>: ~Copyable {
  private let path: [UInt8]
  private let commandOffset: UInt64
  private var offset: UInt64
  private var left: UInt64
  private var room: RebuildPool.Room?
  private var bytes: PatchedBytes<File>
  private var shared: SharedParts
  /// The file that is shared with.
  private let clonePath: [UInt8]
  private let parent: ParentIdentity?

  init<Tree: OldTree>(
    _ command: borrowing PatchCommand, tree: Tree, limits: PatchLimits,
    opening: OpeningLimits?, pool: RebuildPool? = nil, parent: ParentIdentity?,
    offset commandOffset: UInt64, knowledge: consuming ProjectionKnowledge
  ) throws(DeltaStreamError) where Tree.File == File {
    shared = SharedParts(command.clones, commandOffset)
    clonePath = command.sources.first?.path ?? []
    self.parent = parent
    path = [UInt8](copying: command.path)
    self.commandOffset = commandOffset
    offset = command.offset
    left = command.length
    // The parts are shared with the first source, from the parent.
    let hasParent = parent != nil && command.sources.first?.tree == .parent
    try SharedParts.check(command.clones, hasParent: hasParent, commandOffset)
    guard command.isOpened else {
      bytes = try Self.plain(command, tree, limits, path, commandOffset, knowledge)
      return
    }
    guard let opening else { throw .malformedPatch(.patchOpenedData, offset: commandOffset) }
    bytes = try Self.opened(
      command, tree, limits, opening, pool, path, commandOffset, knowledge)
  }

  private static func plain<Tree: OldTree>(
    _ command: borrowing PatchCommand, _ tree: Tree, _ limits: PatchLimits,
    _ path: [UInt8], _ commandOffset: UInt64, _ knowledge: consuming ProjectionKnowledge
  ) throws(DeltaStreamError) -> PatchedBytes<File> where Tree.File == File {
    try checkWhole(command, commandOffset)
    let old = try SourceSpace(command.sources) { (_, source) throws(DeltaStreamError) in
      try SourceFile<File>(source, in: tree, for: path)
    }
    let made = try PatchedBytes(
      [UInt8](copying: command.data), for: (path, commandOffset), of: old, limits: limits,
      knowledge: knowledge)
    guard made.firstLength == command.length else {
      throw .malformedPatch(.size, offset: commandOffset)
    }
    return made
  }

  private static func opened<Tree: OldTree>(
    _ command: borrowing PatchCommand, _ tree: Tree, _ limits: PatchLimits,
    _ opening: OpeningLimits, _ pool: RebuildPool?, _ path: [UInt8], _ commandOffset: UInt64,
    _ knowledge: consuming ProjectionKnowledge
  ) throws(DeltaStreamError) -> PatchedBytes<File> where Tree.File == File {
    let patch = try command.openedPatch(at: commandOffset, mostRegions: opening.mostRegions)
    do throws(OpeningError) { try opening.check(patch) } catch {
      throw .opening(error, path: path)
    }
    try patch.checkLength(of: command, limits, commandOffset)
    let old = try SourceSpace(command.sources) { (number, source) throws(DeltaStreamError) in
      guard let layout = patch.sources[number] else {
        return try SourceFile<File>(source, in: tree, for: path)
      }
      return try SourceFile<File>(source, layout, in: tree, for: path, opening)
    }
    return try PatchedBytes(
      patch, for: (path, commandOffset), of: old, limits: limits, knowledge: knowledge, opening,
      pool, SpillFile { () throws(SystemError) in try tree.temporary() })
  }

  /// A patch that predicts is of a whole file, from the start of one source: it costs a pass over that.
  private static func checkWhole(
    _ command: borrowing PatchCommand, _ commandOffset: UInt64
  ) throws(DeltaStreamError) {
    guard command.data.byteCount > 0, command.data[0] == PatchKind.projected.rawValue else {
      return
    }
    guard command.offset == 0 else {
      throw .malformedPatch(.fileOffset, offset: commandOffset)
    }
    guard command.sources.count == 1, command.sources[0].offset == 0 else {
      throw .malformedPatch(.patchSource, offset: commandOffset)
    }
  }

  /// Makes all that a pool makes a file of, before its commands' turn.
  ///
  /// - Parameter room: what the file takes in the pool until the run ends.
  mutating func makeAhead(in room: RebuildPool.Room) throws(DeltaStreamError) {
    self.room = room
    try bytes.makeAhead()
  }

  var isAhead: Bool { room != nil }

  /// Whether the next command need not wait for a pool.
  var isReady: Bool { bytes.isReady }

  /// Gives away what is known for the patch behind, at the end of the run, or when all is made.
  mutating func takeKnowledge() -> ProjectionKnowledge { bytes.takeKnowledge() }

  /// Makes the payload of the next command, and says which one it is; `nil` at the end of the run.
  mutating func next(
    form: NormalForm, version: StreamVersion, into payload: inout [UInt8]
  ) throws(DeltaStreamError) -> CommandKind? {
    guard left > 0 else {
      try bytes.finish()
      return nil
    }
    guard let clone = shared.next, clone.offset == offset else {
      try write(form, version, &payload)
      return .write
    }
    try share(clone, form, version, &payload)
    return .clone
  }

  /// Makes a WRITE of what comes before the next shared part.
  private mutating func write(
    _ form: NormalForm, _ version: StreamVersion, _ payload: inout [UInt8]
  ) throws(DeltaStreamError) {
    let room = Swift.min(left, (shared.next?.offset ?? .max) &- offset)
    let count = form.firstChunk(offset: offset, length: room)
    begin(count, version, &payload)
    try make(count, into: &payload)
  }

  /// Makes the CLONE of a shared part. The patch makes its bytes as well: they are passed over.
  private mutating func share(
    _ clone: PatchClone, _ form: NormalForm, _ version: StreamVersion, _ payload: inout [UInt8]
  ) throws(DeltaStreamError) {
    while offset < clone.end {
      payload.removeAll(keepingCapacity: true)
      let count = Swift.min(clone.end - offset, UInt64(form.chunkLength))
      try make(Int(count), into: &payload)
    }
    try shared.advance()
    guard let parent else { throw .malformedPatch(.patchClones, offset: commandOffset) }
    var writer = StreamWriter(version: version)
    do throws(StreamError) {
      try writer.write(
        .clone(
          path: path.rawSpan, offset: clone.offset, length: clone.length, sourceUUID: parent.uuid,
          sourceCtransid: parent.ctransid, sourcePath: clonePath.rawSpan,
          sourceOffset: clone.sourceOffset))
    } catch { throw .stream(error) }
    payload.removeAll(keepingCapacity: true)
    payload.append(copying: writer.bytes.rawSpan.extracting(droppingFirst: Frame.headerLength))
  }

  /// Makes the next bytes of the file.
  private mutating func make(
    _ count: Int, into payload: inout [UInt8]
  ) throws(DeltaStreamError) {
    let start = payload.count
    try bytes.take(count, into: &payload)
    guard payload.count - start == count else {
      throw .malformedPatch(.patchData, offset: commandOffset)
    }
    offset += UInt64(count)
    left -= UInt64(count)
  }

  /// Writes what comes before a WRITE's data.
  private func begin(
    _ count: Int, _ version: StreamVersion, _ payload: inout [UInt8]
  ) {
    payload.removeAll(keepingCapacity: true)
    payload.append(littleEndian: AttributeKind.path.rawValue)
    // A path that was parsed fits 16 bits, and so does a chunk of version 1.
    payload.append(littleEndian: UInt16(truncatingIfNeeded: path.count))
    payload.append(contentsOf: path)
    payload.append(littleEndian: AttributeKind.fileOffset.rawValue)
    payload.append(littleEndian: UInt16(8))
    payload.append(littleEndian: offset)
    payload.append(littleEndian: AttributeKind.data.rawValue)
    if version.base < 2 { payload.append(littleEndian: UInt16(truncatingIfNeeded: count)) }
  }
}
