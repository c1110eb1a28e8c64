internal import BinaryDiff
internal import BinaryPatch
internal import Bytes
internal import DeltaStream

/// Tries to make a file of more files than its old one, or of another one, of either tree.
struct FurtherSources {
  let matcher: OldFileMatcher
  let maker: PatchMaker
  /// Whether what is made is a whole file.
  let isWholeFile: Bool

  /// How many sources a patch is tried with.
  static let maximumSources = 4
  /// How many bytes nothing explains before anything is looked for, and which share of all.
  static let minimumRest = 4 << 10
  private static let minimumShare = 16
  /// How far behind a file xz is taken to find it again by itself, in bytes of the plain stream.
  private static let reach = UInt64(MemoryBudget.maximumDictionary)

  /// The part, or the same by a patch from more sources if that is smaller after xz.
  func improve(
    _ part: ShrunkPart, of run: WrittenRun, _ new: [UInt8], from old: OldRange?
  ) throws(BuildError) -> ShrunkPart {
    var best = part
    // What is shared is shared with the first source.
    var sources = part.isPatch || !part.clones.isEmpty ? old?.sources ?? [] : []
    while sources.count < Self.maximumSources {
      let rest = unexplained(best, of: new)
      guard rest.count >= Self.minimumRest, rest.count >= new.count / Self.minimumShare,
        let source = try matcher.furtherSource(for: rest, of: run, besides: sources)
      else { break }
      sources.append(source)
      guard let candidate = try candidate(sources, of: run, new, part.clones),
        try isSmaller(candidate, than: best, of: run, new, sources)
      else { break }
      best = candidate
    }
    return best
  }

  /// The bytes of a part that travel as they are.
  private func unexplained(_ part: ShrunkPart, of new: [UInt8]) -> [UInt8] {
    guard case .patch(_, let patch) = part.form else {
      return maker.written(of: new, part.offset, part.clones)
    }
    let bytes = patch.estimate
    guard let ranges = try? PatchStream.ranges(in: bytes.rawSpan) else { return [] }
    return Array(bytes[ranges[PatchStream.inserted.rawValue]])
  }

  private func candidate(
    _ sources: [PatchSource], of run: WrittenRun, _ new: [UInt8], _ clones: [PatchClone]
  ) throws(BuildError) -> ShrunkPart? {
    let old = try matcher.load(sources, isWholeFile: sources.count == 1)
    do throws(DiffError) {
      return try maker.part(
        of: new, at: run.offset, from: old, isWholeFile: isWholeFile, clones: clones)
    } catch { throw .diff(error) }
  }

  /// Compares what xz leaves of both, which looks back on near files of the new tree by itself.
  private func isSmaller(
    _ candidate: ShrunkPart, than best: ShrunkPart, of run: WrittenRun, _ new: [UInt8],
    _ sources: [PatchSource]
  ) throws(BuildError) -> Bool {
    var before: [UInt8] = []
    for source in sources {
      guard let position = source.tree.position, run.streamOffset - position <= Self.reach else {
        continue
      }
      before += try matcher.read(source)
    }
    return maker.packedLength(of: candidate, of: new, behind: before)
      < maker.packedLength(of: best, of: new, behind: before)
  }
}

extension ShrunkPart {
  /// Whether it travels as a patch.
  var isPatch: Bool {
    switch form {
    case .writes: false
    case .patch, .opened: true
    }
  }
}
