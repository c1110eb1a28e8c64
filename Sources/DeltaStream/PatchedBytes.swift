internal import BinaryPatch
internal import Bytes
internal import Recompress

/// The bytes that a PATCH writes, made in order: by its patch, or by the parts of a patch of opened
/// files, whose view is made into the file.
struct PatchedBytes<File: OldFile>: ~Copyable {
  /// How much of a view is made at a time.
  private static var step: Int { 128 << 10 }

  /// Which command's bytes these are, for errors.
  private let command: (path: [UInt8], offset: UInt64)
  private var old: SourceSpace<File>
  private var parts: [OpenedPatch.Part]
  private let limits: PatchLimits
  private var next = 0
  private var applier: PatchApplier<SourceSpace<File>>?
  private var knowledge: ProjectionKnowledge
  private var rebuilder: FileRebuilder?
  /// The new view, if it is made whole first, and how far it has been read.
  private var view: SpillFile?
  private var viewOffset: UInt64 = 0
  /// What was made, and how much of it has been taken.
  private var made: [UInt8] = []
  private var taken = 0
  /// Whether the file's last byte was made.
  private var isRebuilt = false
  /// How many bytes the first patch makes.
  private(set) var firstLength: UInt64 = 0

  /// The bytes of a plain patch.
  init(
    _ patch: [UInt8], for command: (path: [UInt8], offset: UInt64), of old: SourceSpace<File>,
    limits: PatchLimits, knowledge: consuming ProjectionKnowledge
  ) throws(DeltaStreamError) {
    self.command = command
    self.old = old
    self.limits = limits
    self.knowledge = knowledge
    parts = [OpenedPatch.Part(offset: 0, length: old.byteCount, patch: patch)]
    try beginPart()
  }

  /// The bytes of a patch of opened files.
  init(
    _ patch: OpenedPatch, for command: (path: [UInt8], offset: UInt64), of old: SourceSpace<File>,
    limits: PatchLimits, knowledge: consuming ProjectionKnowledge, _ opening: OpeningLimits,
    _ pool: RebuildPool?, _ spill: SpillFile
  ) throws(DeltaStreamError) {
    self.command = command
    self.old = old
    self.limits = limits
    self.knowledge = knowledge
    parts = patch.parts
    if let layout = patch.layout {
      // Rebuilders in one another would have to share what memory there is.
      rebuilder = FileRebuilder(
        layout, threads: layout.isNested ? 1 : opening.threads, memoryLimit: opening.memory,
        pool: pool)
    }
    try beginPart()
    if patch.keepsView { try makeView(in: spill) }
  }

  /// Makes the view, of which a pool makes the file, and gives back all else.
  mutating func makeAhead() throws(DeltaStreamError) {
    while try pushView() {}
    try endPart()
    guard next == parts.count else { throw tooMany }
    parts = []
    next = 0
    old = SourceSpace()
  }

  /// Whether nothing has to be waited for.
  var isReady: Bool { rebuilder?.isReady ?? true }

  /// Gives away what is known for the patch behind, at the end.
  mutating func takeKnowledge() -> ProjectionKnowledge {
    if applier != nil { knowledge = applier?.takeKnowledge() ?? ProjectionKnowledge() }
    var known = ProjectionKnowledge()
    swap(&known, &knowledge)
    return known
  }

  /// Appends the next `count` bytes; fewer at the end.
  mutating func take(_ count: Int, into payload: inout [UInt8]) throws(DeltaStreamError) {
    guard rebuilder != nil else {
      return try makeBytes(count, into: &payload)
    }
    while made.count - taken < count, try rebuild() {}
    let end = taken + min(count, made.count - taken)
    payload += made[taken..<end]
    taken = end
    guard taken == made.count else { return }
    made.removeAll(keepingCapacity: made.count <= 4 * Self.step)
    taken = 0
  }

  /// Says that there is no more to come.
  mutating func finish() throws(DeltaStreamError) {
    while try rebuild() {}
    guard taken == made.count else { throw tooMany }
    try endPart()
    guard next == parts.count else { throw tooMany }
  }

  /// Makes more of the file; `false` when its last byte was made.
  private mutating func rebuild() throws(DeltaStreamError) -> Bool {
    guard let rebuilder else { return false }
    // What was taken needs no room any more.
    if taken > 0 {
      made.removeFirst(taken)
      taken = 0
    }
    if try pushView() { return true }
    do throws(RecompressError) {
      if !isRebuilt { try rebuilder.finish(into: &made) }
    } catch { throw .opening(.failed(error), path: command.path) }
    isRebuilt = true
    return false
  }

  /// Makes more of the view, for the rebuilder; `false` at its end.
  private mutating func pushView() throws(DeltaStreamError) -> Bool {
    var bytes: [UInt8] = []
    if let view {
      bytes = try read(view, at: viewOffset)
      viewOffset &+= UInt64(bytes.count)
    } else {
      try makeBytes(Self.step, into: &bytes)
    }
    guard let rebuilder, !bytes.isEmpty else { return false }
    do throws(RecompressError) { try rebuilder.push(bytes.rawSpan, into: &made) } catch {
      throw .opening(.failed(error), path: command.path)
    }
    return true
  }

  private func read(_ view: SpillFile, at offset: UInt64) throws(DeltaStreamError) -> [UInt8] {
    do throws(RecompressError) { return try view.bytes(at: offset, count: Self.step) } catch {
      throw DeltaStreamError(error, view, path: command.path)
    }
  }

  /// Makes the new view, and gives back what patching took.
  private mutating func makeView(in spill: SpillFile) throws(DeltaStreamError) {
    while true {
      var bytes: [UInt8] = []
      try makeBytes(Self.step, into: &bytes)
      if bytes.isEmpty { break }
      do throws(RecompressError) { try spill.append(bytes.rawSpan) } catch {
        throw DeltaStreamError(error, spill, path: command.path)
      }
    }
    view = spill
    try endPart()
  }

  /// Appends what the parts make, up to `count` bytes; fewer at the end of the last.
  private mutating func makeBytes(
    _ count: Int, into bytes: inout [UInt8]
  ) throws(DeltaStreamError) {
    let end = bytes.count + count
    while bytes.count < end {
      let before = bytes.count
      do throws(PatchApplyError<DeltaStreamError>) {
        try bytes.append(upTo: end - before) { out throws(PatchApplyError<DeltaStreamError>) in
          try applier?.read(into: &out)
        }
      } catch {
        switch error {
        case .patch(let error): throw wrong(error)
        case .old(let error): throw error
        }
      }
      if bytes.count > before { continue }
      guard next < parts.count else { return }
      try endPart()
      try beginPart()
    }
  }

  private mutating func beginPart() throws(DeltaStreamError) {
    guard next < parts.count else { return }
    let part = parts[next]
    next += 1
    guard let range = old.range(at: part.offset, count: part.length) else { throw tooMany }
    var known = ProjectionKnowledge()
    swap(&known, &knowledge)
    do throws(PatchError) {
      applier = try PatchApplier(
        patch: part.patch, old: range, limits: limits, knowledge: known)
    } catch { throw wrong(error) }
    if next == 1 { firstLength = Self.newLength(applier) }
  }

  private static func newLength(_ applier: borrowing PatchApplier<SourceSpace<File>>?) -> UInt64 {
    switch applier {
    case .some(let applier): applier.newLength
    case .none: 0
    }
  }

  private mutating func endPart() throws(DeltaStreamError) {
    guard applier != nil else { return }
    do throws(PatchError) { try applier?.finish() } catch { throw wrong(error) }
    knowledge = applier?.takeKnowledge() ?? ProjectionKnowledge()
    applier = nil
  }

  private func wrong(_ error: PatchError) -> DeltaStreamError {
    .patch(error, path: command.path, offset: command.offset)
  }

  /// More or fewer bytes come than there should.
  private var tooMany: DeltaStreamError {
    .malformedPatch(.patchOpenedData, offset: command.offset)
  }
}
