internal import BinaryPatch
internal import Bytes
internal import Recompress

/// The bytes that a PATCH writes, made in order: by its patch, or by the parts of a patch of opened
/// files, whose view is made into the file.
struct PatchedBytes<File: OldFile>: ~Copyable {
  /// How much of a view is made at a time.
  private static var step: Int { 128 << 10 }

  private let old: SourceSpace<File>
  private let parts: [OpenedPatch.Part]
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

  /// The bytes of a plain patch.
  init(
    _ patch: [UInt8], of old: SourceSpace<File>, limits: PatchLimits,
    knowledge: consuming ProjectionKnowledge
  ) throws(PatchFailure) {
    self.old = old
    self.limits = limits
    self.knowledge = knowledge
    parts = [OpenedPatch.Part(offset: 0, length: old.byteCount, patch: patch)]
    try beginPart()
  }

  /// The bytes of a patch of opened files.
  init(
    _ patch: OpenedPatch, of old: SourceSpace<File>, limits: PatchLimits,
    knowledge: consuming ProjectionKnowledge, _ opening: OpeningLimits, _ spill: SpillFile
  ) throws(PatchFailure) {
    self.old = old
    self.limits = limits
    self.knowledge = knowledge
    parts = patch.parts
    if let layout = patch.layout {
      // Rebuilders in one another would have to share what memory there is.
      rebuilder = FileRebuilder(
        layout, threads: layout.isNested ? 1 : opening.threads, memoryLimit: opening.memory)
    }
    try beginPart()
    if patch.keepsView { try makeView(in: spill) }
  }

  /// How many bytes the first patch makes.
  private(set) var firstLength: UInt64 = 0

  /// Gives away what is known for the patch behind, at the end.
  mutating func takeKnowledge() -> ProjectionKnowledge {
    if applier != nil { knowledge = applier?.takeKnowledge() ?? ProjectionKnowledge() }
    var known = ProjectionKnowledge()
    swap(&known, &knowledge)
    return known
  }

  /// Appends the next `count` bytes; fewer at the end.
  mutating func take(_ count: Int, into payload: inout [UInt8]) throws(PatchFailure) {
    guard rebuilder != nil else {
      return try makeBytes(count, into: &payload)
    }
    while made.count - taken < count, rebuilder != nil, try rebuild() {}
    let end = taken + min(count, made.count - taken)
    payload += made[taken..<end]
    taken = end
    guard taken == made.count else { return }
    made.removeAll(keepingCapacity: made.count <= 4 * Self.step)
    taken = 0
  }

  /// Says that there is no more to come.
  mutating func finish() throws(PatchFailure) {
    if rebuilder != nil { while try rebuild() {} }
    guard taken == made.count else { throw .tooMany }
    try endPart()
    guard next == parts.count else { throw .tooMany }
  }

  /// Makes more of the file; `false` when its last byte was made.
  private mutating func rebuild() throws(PatchFailure) -> Bool {
    guard let rebuilder else { return false }
    var bytes: [UInt8] = []
    if let view {
      bytes = try Self.read(view, at: viewOffset)
      viewOffset &+= UInt64(bytes.count)
    } else {
      try makeBytes(Self.step, into: &bytes)
    }
    // What was taken needs no room any more.
    if taken > 0 {
      made.removeFirst(taken)
      taken = 0
    }
    do throws(RecompressError) {
      guard bytes.isEmpty else {
        try rebuilder.push(bytes.rawSpan, into: &made)
        return true
      }
      if !isRebuilt { try rebuilder.finish(into: &made) }
      isRebuilt = true
      return false
    } catch { throw .opening(.failed(error)) }
  }

  private var isRebuilt = false

  private static func read(_ view: SpillFile, at offset: UInt64) throws(PatchFailure) -> [UInt8] {
    do throws(RecompressError) { return try view.bytes(at: offset, count: step) } catch {
      throw PatchFailure(error, view)
    }
  }

  /// Makes the new view, and gives back what patching took.
  private mutating func makeView(in spill: SpillFile) throws(PatchFailure) {
    while true {
      var bytes: [UInt8] = []
      try makeBytes(Self.step, into: &bytes)
      if bytes.isEmpty { break }
      do throws(RecompressError) { try spill.append(bytes.rawSpan) } catch {
        throw PatchFailure(error, spill)
      }
    }
    view = spill
    try endPart()
  }

  /// Appends what the parts make, up to `count` bytes; fewer at the end of the last.
  private mutating func makeBytes(
    _ count: Int, into bytes: inout [UInt8]
  ) throws(PatchFailure) {
    let end = bytes.count + count
    while bytes.count < end {
      let before = bytes.count
      do throws(PatchApplyError<DeltaStreamError>) {
        try bytes.append(upTo: end - before) { out throws(PatchApplyError<DeltaStreamError>) in
          try applier?.read(into: &out)
        }
      } catch {
        switch error {
        case .patch(let error): throw .patch(error)
        case .old(let error): throw .old(error)
        }
      }
      if bytes.count > before { continue }
      guard next < parts.count else { return }
      try endPart()
      try beginPart()
    }
  }

  private mutating func beginPart() throws(PatchFailure) {
    guard next < parts.count else { return }
    let part = parts[next]
    next += 1
    guard let range = old.range(at: part.offset, count: part.length) else { throw .tooMany }
    var known = ProjectionKnowledge()
    swap(&known, &knowledge)
    do throws(PatchError) {
      applier = try PatchApplier(
        patch: part.patch, old: range, limits: limits, knowledge: known)
    } catch { throw .patch(error) }
    if next == 1 { firstLength = Self.newLength(applier) }
  }

  private static func newLength(_ applier: borrowing PatchApplier<SourceSpace<File>>?) -> UInt64 {
    switch applier {
    case .some(let applier): applier.newLength
    case .none: 0
    }
  }

  private mutating func endPart() throws(PatchFailure) {
    guard applier != nil else { return }
    do throws(PatchError) { try applier?.finish() } catch { throw .patch(error) }
    knowledge = applier?.takeKnowledge() ?? ProjectionKnowledge()
    applier = nil
  }
}

/// Why a PATCH does not make its bytes.
enum PatchFailure: Error {
  /// The patch is wrong.
  case patch(PatchError)
  /// Old bytes cannot be read.
  case old(DeltaStreamError)
  /// A file is not opened, or not made again.
  case opening(OpeningError)
  /// What is opened cannot be kept.
  case spill(DeltaStreamError)
  /// More or fewer bytes come than there should.
  case tooMany

  init(_ error: RecompressError, _ spill: SpillFile) {
    guard let failure = spill.failure else {
      self = .opening(.failed(error))
      return
    }
    self = .spill(.notKept(failure))
  }
}
