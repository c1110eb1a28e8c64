internal import BinaryDiff
internal import BinaryPatch
internal import Bytes
internal import DeltaStream
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
    guard isWorthIt(patch, old.source, for: written(of: new, offset, clones)) else {
      return [plain]
    }
    return [
      ShrunkPart(
        offset: offset, length: UInt64(new.count),
        form: .patch(sources: [old.source], patch: patch), clones: clones)
    ]
  }

  /// The patch, of the kind that is smaller and within the device's memory.
  private func patch(
    of new: [UInt8], at offset: UInt64, from old: OldRange, isWholeFile: Bool
  ) throws(DiffError) -> PreparedPatch {
    let place = offset > old.source.offset ? offset - old.source.offset : 0
    let position = Int(Swift.min(place, old.source.length))
    return try old.index.prepare(
      to: new.rawSpan, expectedAt: position, isWholeFile: isWholeFile && old.isWholeFile,
      mayShare: mayShare,
      limits: PatchLimits(
        maxPatchLength: maximumPatchLength, maxApplyMemory: maximumPatchMemory))
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
  private func written(of new: [UInt8], _ offset: UInt64, _ clones: [PatchClone]) -> [UInt8] {
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
    _ prepared: PreparedPatch, _ source: PatchSource, for new: [UInt8]
  ) -> Bool {
    guard prepared.maximumLength <= maximumPatchLength else { return false }
    let patch = prepared.estimate
    let cost = patch.count + source.path.count + Self.commandOverhead
    // xz rarely leaves less than an eighth: no need to try.
    if cost < new.count / 8 { return true }
    guard let packedPatch = packedLength(patch), let packedNew = packedLength(new) else {
      return cost < new.count
    }
    return packedPatch + source.path.count / 2 + Self.commandOverhead < packedNew
  }

  private func packedLength(_ bytes: [UInt8]) -> Int? {
    var packed: [UInt8] = []
    do throws(XZError) {
      let options = XZEncoder.Options(preset: 1, blockSize: UInt64(bytes.count + 4096))
      var encoder = try XZEncoder(options)
      try encoder.encode(bytes.rawSpan, into: &packed)
      try encoder.finish(into: &packed)
    } catch { return nil }
    return packed.count
  }
}

/// A range of an old file, sorted for searching.
struct OldRange: Sendable {
  var source: PatchSource
  var index: SourceIndex
  /// Whether it is all of the file.
  var isWholeFile: Bool
}
