internal import BinaryDiff
internal import BinaryPatch
internal import Bytes
internal import DeltaStream
internal import Recompress
internal import XZ

/// Decides how a range of a new file travels, given what the file was before.
struct PatchMaker: Sendable {
  /// Ranges shorter than this are never worth a patch's own attributes.
  static let minimumLength = 64

  /// What a PATCH costs beside its data: attributes and the source's path.
  private static let commandOverhead = 48

  let form: NormalForm
  /// The longest patch, in bytes. The device keeps one in memory.
  let maximumPatchLength: Int
  /// The most memory that applying a patch may take, in bytes.
  let maximumPatchMemory: UInt64
  /// Whether what patches teach may be kept from one to the next.
  let mayShare: Bool

  /// How `new`, which the file has from `offset` on, travels with `old` as what it was.
  ///
  /// - Parameter clones: what is shared of it and has not to travel.
  func parts(
    of new: [UInt8], at offset: UInt64, from old: OldRange?, isWholeFile: Bool = false,
    clones: [PatchClone] = []
  ) throws(DiffError) -> [ShrunkPart] {
    let plain = ShrunkPart(
      offset: offset, length: UInt64(new.count), form: .writes, clones: clones)
    guard let old, new.count >= Self.minimumLength else { return [plain] }
    let patch = try patch(of: new, at: offset, from: old, isWholeFile: isWholeFile)
    if patch.maximumLength > maximumPatchLength {
      let count = (patch.maximumLength - 1) / maximumPatchLength + 1
      let cuts = cuts(into: count, offset, new.count, clones)
      if !cuts.isEmpty { return try parts(of: new, at: offset, from: old, clones, cuts) }
    }
    guard isWorthIt(patch, old.sources, for: written(of: new, offset, clones)) else {
      return [plain]
    }
    return [
      ShrunkPart(
        offset: offset, length: UInt64(new.count),
        form: .patch(sources: old.sources, patch: patch), clones: clones)
    ]
  }

  /// How `new` travels as one patch, if that is within the device's limits.
  func part(
    of new: [UInt8], at offset: UInt64, from old: OldRange, isWholeFile: Bool,
    clones: [PatchClone]
  ) throws(DiffError) -> ShrunkPart? {
    let patch = try patch(of: new, at: offset, from: old, isWholeFile: isWholeFile)
    guard patch.maximumLength <= maximumPatchLength else { return nil }
    return ShrunkPart(
      offset: offset, length: UInt64(new.count),
      form: .patch(sources: old.sources, patch: patch), clones: clones)
  }

  /// The patch within the limits, of the kind that is smaller.
  ///
  /// - Parameter isWholeFile: whether both are whole files, or whole programs inside of others.
  func patch(
    of new: RawSpan, from old: SourceIndex, expectedAt place: Int = 0, isWholeFile: Bool
  ) throws(DiffError) -> PreparedPatch {
    try old.prepare(
      to: new, expectedAt: place, isWholeFile: isWholeFile, mayShare: mayShare,
      limits: PatchLimits(
        maxPatchLength: maximumPatchLength, maxApplyMemory: maximumPatchMemory))
  }

  /// About how many bytes a part of `new` takes as xz will leave it, behind other bytes that it has
  /// had then.
  func packedLength(of part: ShrunkPart, of new: [UInt8], behind others: [UInt8]) -> Int {
    let bytes: [UInt8]
    var overhead = 0
    switch part.form {
    case .writes: bytes = written(of: new, part.offset, part.clones)
    case .patch(let sources, let patch):
      bytes = patch.estimate
      overhead = Self.overhead(of: sources)
    case .opened(let opened):
      bytes = opened.estimate
      overhead = Self.overhead(of: opened.sources)
    }
    if others.isEmpty { return (packedLength(bytes) ?? bytes.count) + overhead }
    guard let all = packedLength(others + bytes), let before = packedLength(others) else {
      return bytes.count + overhead
    }
    return Swift.max(0, all - before) + overhead
  }

  /// About what a patch's other attributes take.
  private static func overhead(of sources: [PatchSource]) -> Int {
    sources.reduce(commandOverhead) { $0 + $1.path.count / 2 }
  }

  /// The patch, of the kind that is smaller and within the device's memory.
  private func patch(
    of new: [UInt8], at offset: UInt64, from old: OldRange, isWholeFile: Bool
  ) throws(DiffError) -> PreparedPatch {
    let first = old.sources[0]
    let place = offset > first.offset ? offset - first.offset : 0
    let position = Int(Swift.min(place, first.length))
    return try patch(
      of: new.rawSpan, from: old.index, expectedAt: position,
      isWholeFile: isWholeFile && old.isWholeFile)
  }

  /// How a range travels that is cut.
  private func parts(
    of new: [UInt8], at offset: UInt64, from old: OldRange, _ clones: [PatchClone], _ cuts: [UInt64]
  ) throws(DiffError) -> [ShrunkPart] {
    let end = offset + UInt64(new.count)
    var all: [ShrunkPart] = []
    var start = offset
    for cut in cuts + [end] {
      all += try parts(
        of: Array(new[Int(start - offset)..<Int(cut - offset)]), at: start, from: old,
        clones: clones.filter { $0.offset >= start && $0.end <= cut })
      start = cut
    }
    return all
  }

  /// Where to cut a range into some parts of about the same length; nowhere when it is one chunk.
  ///
  /// What is shared stays whole: a run of WRITEs ends on both sides of it.
  private func cuts(
    into parts: Int, _ offset: UInt64, _ count: Int, _ clones: [PatchClone]
  ) -> [UInt64] {
    let chunk = UInt64(form.chunkLength)
    let end = offset + UInt64(count)
    let step = max(chunk, UInt64(count / parts))
    var cuts: [UInt64] = []
    var start = offset
    while start < end {
      let before = (start + step) / chunk * chunk
      var cut = before > start ? before : before + chunk
      if let clone = clones.first(where: { $0.offset < cut && cut < $0.end }) {
        cut = clone.offset > start ? clone.offset : clone.end
      }
      if cut < end { cuts.append(cut) }
      start = cut
    }
    return cuts
  }

  /// The bytes that would travel as they are.
  func written(of new: [UInt8], _ offset: UInt64, _ clones: [PatchClone]) -> [UInt8] {
    if clones.isEmpty { return new }
    var bytes: [UInt8] = []
    var at = 0
    for clone in clones {
      bytes += new[at..<Int(clone.offset - offset)]
      at = Int(clone.end - offset)
    }
    return bytes + new[at...]
  }

  /// Whether a patch is smaller than the bytes themselves, both as xz will leave them.
  private func isWorthIt(
    _ prepared: PreparedPatch, _ sources: [PatchSource], for new: [UInt8]
  ) -> Bool {
    guard prepared.maximumLength <= maximumPatchLength else { return false }
    let patch = prepared.estimate
    let cost = patch.count + 2 * Self.overhead(of: sources) - Self.commandOverhead
    // xz rarely leaves less than an eighth: no need to try.
    if cost < new.count / 8 { return true }
    guard let packedPatch = packedLength(patch), let packedNew = packedLength(new) else {
      return cost < new.count
    }
    return packedPatch + Self.overhead(of: sources) < packedNew
  }

  private func packedLength(_ bytes: [UInt8]) -> Int? {
    var packed: [UInt8] = []
    do throws(XZError) {
      let options = XZEncoder.Options(
        preset: 1, dictionarySize: Self.dictionary(for: bytes.count),
        blockSize: UInt64(bytes.count + 4096))
      var encoder = try XZEncoder(options)
      try encoder.encode(bytes.rawSpan, into: &packed)
      try encoder.finish(into: &packed)
    } catch { return nil }
    return packed.count
  }
}

extension PatchMaker {
  /// Which part of what a file has otherwise may be left before opening it pays the device's time.
  private static let openedShare = (of: 8, most: 7)

  /// Whether nothing else has to be tried: the file is compressed, and most of it need not travel.
  func isClearlyBest(_ part: ShrunkPart, of new: [UInt8]) -> Bool {
    guard case .opened(let opened) = part.form, let layout = opened.layout else { return false }
    let compressed = layout.regions.reduce(0) { $0 + $1.length }
    return compressed >= layout.length / 8 * 7
      && packedLength(of: part, of: new, behind: []) < new.count / 4
  }

  /// Whether a part that opens files is so much smaller than others that it is worth it.
  func isSmaller(
    _ part: ShrunkPart, than others: [ShrunkPart], of new: [UInt8], from offset: UInt64
  ) -> Bool {
    let length = packedLength(of: part, of: new, behind: [])
    let other = others.reduce(0) { sum, other in
      let bytes = new[Int(other.offset - offset)..<Int(other.end - offset)]
      return sum + packedLength(of: other, of: Array(bytes), behind: [])
    }
    return length < other / Self.openedShare.of * Self.openedShare.most
  }

  /// A dictionary that reaches back to the start, up to what the update will have.
  private static func dictionary(for count: Int) -> UInt32 {
    var size: UInt32 = 1 << 20
    while size < MemoryBudget.maximumDictionary, Int(size) < count { size *= 2 }
    return size
  }
}

/// Ranges of old files, sorted for searching.
struct OldRange: Sendable {
  /// The ranges, one after the other.
  var sources: [PatchSource]
  var index: SourceIndex
  /// Whether it is one range, and all of the file.
  var isWholeFile: Bool
}
