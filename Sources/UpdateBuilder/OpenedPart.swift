internal import BinaryDiff
internal import Bytes
internal import DeltaStream
internal import Recompress

/// How a range of a file travels as a patch of opened files.
struct OpenedPart: Sendable {
  /// A range of the old view, and what is made of it.
  struct Piece: Sendable {
    var old: Range<Int>
    var patch: PreparedPatch
  }

  var sources: [PatchSource]
  /// The layouts of the sources that are opened.
  var sourceLayouts: [Int: FileLayout]
  var layout: FileLayout?
  var pieces: [Piece]
  /// What opening or making again takes of memory, in bytes.
  var memory: UInt64
  /// What opening takes of room, in bytes.
  var room: UInt64
  var seconds: Double
  /// Whether the view is made whole first.
  var keepsView = false

  /// About the patch, before knowledge is shared.
  var estimate: [UInt8] { patch(pieces.map(\.patch.estimate)).encoded }

  /// At most so many bytes has it.
  var maximumLength: Int {
    let frame = patch(pieces.map { _ in [] }).encoded.count
    return pieces.reduce(frame) { $0 + $1.patch.maximumLength + 10 }
  }

  /// The patch as it travels.
  func finish(_ patches: [[UInt8]]) -> [UInt8] { patch(patches).encoded }

  private func patch(_ patches: [[UInt8]]) -> OpenedPatch {
    OpenedPatch(
      sources: sourceLayouts, layout: layout, keepsView: keepsView,
      parts: zip(pieces, patches).map { piece, patch in
        OpenedPatch.Part(
          offset: UInt64(piece.old.lowerBound), length: UInt64(piece.old.count), patch: patch)
      })
  }

  /// The memory that the device needs, if patching takes so much, in bytes.
  func deviceMemory(patching: UInt64) -> UInt64 {
    if keepsView || layout == nil { return max(memory, patching) }
    let (sum, overflow) = memory.addingReportingOverflow(patching)
    return overflow ? .max : sum
  }

  /// What is kept on disk meanwhile, in bytes.
  var deviceRoom: UInt64 { room + (keepsView ? layout?.viewLength ?? 0 : 0) }
}

/// Tries to make a file of what is inside it, and inside of what it was before.
struct OpenedSearch {
  let opener: FileOpener
  let maker: PatchMaker
  /// Only where there is a parent.
  let matcher: OldFileMatcher?

  /// How a run travels opened; `nil` if nothing in it can be opened, or it is beyond the limits.
  func part(
    of run: WrittenRun, _ new: [UInt8], from file: ParentIndex.File?
  ) throws(BuildError) -> OpenedPart? {
    guard UInt64(new.count) <= opener.maximumLength, let fresh = try opener.openNew(new) else {
      return nil
    }
    let old = try file.flatMap { (file) throws(BuildError) in try open(file) }
    // What is shared is shared with the first source.
    guard old != nil || run.clones.isEmpty else { return nil }
    var part = OpenedPart(
      sources: old.map { [$0.source] } ?? [],
      sourceLayouts: old?.layout.map { [0: $0] } ?? [:], layout: fresh.layout, pieces: [],
      memory: Self.memory(of: fresh, old), room: old?.layout?.openedLength ?? 0,
      seconds: fresh.rebuilding.seconds)
    let members = try members(of: fresh, before: run)
    if members.isEmpty {
      part.pieces = try pieces(of: fresh, from: old?.view ?? [], old?.layout)
    } else {
      part.sources += members.map(\.run.wholeSource)
      part.pieces = try pieces(of: fresh.view, from: old?.view ?? [], members)
    }
    let patching = part.pieces.map { PatchDemand(of: $0.patch.estimate).memory }.max() ?? 0
    part.keepsView = part.deviceMemory(patching: patching) > opener.maximumMemory
    guard part.deviceMemory(patching: patching) <= opener.maximumMemory,
      part.maximumLength <= maker.maximumPatchLength
    else { return nil }
    return part
  }

  /// What a file was before, opened if there is something to open.
  private struct Old {
    var source: PatchSource
    var layout: FileLayout?
    var view: [UInt8]
    var openingMemory: UInt64
  }

  /// - Returns: `nil` where there is no parent, or the file is too long.
  private func open(_ file: ParentIndex.File) throws(BuildError) -> Old? {
    guard let matcher, file.size <= opener.maximumLength else { return nil }
    let bytes = try matcher.tree.bytes(file.path, at: 0, count: Int(clamping: file.size))
    let opened = try opener.openOld(bytes)
    let view = opened?.view ?? bytes
    return Old(
      source: PatchSource(path: file.path, offset: 0, length: UInt64(view.count)),
      layout: opened?.layout, view: view, openingMemory: opened?.openingMemory ?? 0)
  }

  /// What opening or making again takes of memory, in bytes. The device keeps the old file's layout
  /// while it makes the new one, and its libraries may take a little more than those here.
  private static func memory(of fresh: FileOpener.Opened, _ old: Old?) -> UInt64 {
    let layouts = UInt64(old?.layout?.regionCount ?? 0) &* FileLayout.memoryPerRegion
    let memory = max(old?.openingMemory ?? 0, fresh.rebuilding.memory &+ layouts)
    return memory &+ memory / 16
  }

  /// What of a view the update has brought before.
  private func members(
    of new: FileOpener.Opened, before run: WrittenRun
  ) throws(BuildError) -> [ViewMembers.Found] {
    guard let newFiles = matcher?.newFiles, !newFiles.byPath.isEmpty else { return [] }
    return try ViewMembers(of: new.view, new.layout, before: run, newFiles).found
  }

  /// Members are copied, what is between them is made of all of the old view.
  private func pieces(
    of view: [UInt8], from old: [UInt8], _ members: [ViewMembers.Found]
  ) throws(BuildError) -> [OpenedPart.Piece] {
    var pieces: [OpenedPart.Piece] = []
    do throws(DiffError) {
      let index = try SourceIndex(sources: [old])
      var end = 0
      var source = old.count
      func addGap(to next: Int) throws(DiffError) {
        guard end < next else { return }
        let patch = try maker.patch(
          of: view.rawSpan.extracting(end..<next), from: index, expectedAt: end, isWholeFile: false)
        pieces.append(OpenedPart.Piece(old: 0..<old.count, patch: patch))
      }
      for member in members {
        try addGap(to: member.range.lowerBound)
        let bytes = Array(view[member.range])
        let patch = try maker.patch(
          of: bytes.rawSpan, from: SourceIndex(sources: [bytes]), isWholeFile: false)
        pieces.append(
          OpenedPart.Piece(old: source..<source + bytes.count, patch: patch))
        source += bytes.count
        end = member.range.upperBound
      }
      try addGap(to: view.count)
    } catch { throw .diff(error) }
    return pieces
  }

  private func pieces(
    of new: FileOpener.Opened, from old: [UInt8], _ layout: FileLayout?
  ) throws(BuildError) -> [OpenedPart.Piece] {
    let segments = ViewSegments(new: new.view, new.layout, old: old, layout)
    var pieces: [OpenedPart.Piece] = []
    for pair in segments.pairs {
      do throws(DiffError) {
        let index = try SourceIndex(sources: [Array(old[pair.old])])
        let patch = try maker.patch(
          of: new.view.rawSpan.extracting(pair.new), from: index, isWholeFile: pair.isProgram)
        pieces.append(OpenedPart.Piece(old: pair.old, patch: patch))
      } catch { throw .diff(error) }
    }
    return pieces
  }
}

extension WrittenRun {
  /// All of a file of the new tree, as a source of later ones.
  fileprivate var wholeSource: PatchSource {
    PatchSource(
      tree: .new(writtenAt: streamOffset), path: finalPath ?? path, offset: 0, length: length)
  }
}
