import BinaryPatch
import Bytes
import TestSupport

/// A patch put together by hand, right or wrong, and a second, plain way to apply it.
struct HandMadePatch {
  var kind: UInt8 = 1
  var newLength: UInt64 = 0
  /// `nil`: as many as there are copy lengths.
  var copyCount: UInt64?
  var insertLengths: [UInt64] = []
  var copyLengths: [UInt64] = []
  var sources: [Int64] = []
  var gaps: [UInt64] = []
  var differences: [UInt8] = []
  var inserted: [UInt8] = []
  /// What to announce in place of a stream's length.
  var lies: [PatchStream: UInt64] = [:]

  var streams: [[UInt8]] {
    [
      Self.varints(insertLengths), Self.varints(copyLengths),
      Self.varints(sources.map(\.zigZagEncoded)), Self.varints(gaps), differences, inserted,
    ]
  }

  var bytes: [UInt8] {
    var out = [kind]
    out.append(varint: newLength)
    out.append(varint: copyCount ?? UInt64(copyLengths.count))
    for (stream, bytes) in zip(PatchStream.allCases, streams) {
      out.append(varint: lies[stream] ?? UInt64(bytes.count))
    }
    return out + streams.joined()
  }

  /// The specification, word for word, for patches that are right.
  func applied(to old: [UInt8]) -> [UInt8] {
    var copied: [UInt8] = []
    var previousEnd = 0
    for (index, length) in copyLengths.enumerated() {
      let source = previousEnd + Int(insertLengths[index]) + Int(sources[index])
      copied += old[source..<(source + Int(length))]
      previousEnd = source + Int(length)
    }
    var at = 0
    for (gap, difference) in zip(gaps, differences) {
      at += Int(gap)
      copied[at] &+= difference
      at += 1
    }
    var new: [UInt8] = []
    var (insertedAt, copiedAt) = (0, 0)
    for (insert, copy) in zip(insertLengths, copyLengths) {
      new += inserted[insertedAt..<(insertedAt + Int(insert))]
      new += copied[copiedAt..<(copiedAt + Int(copy))]
      insertedAt += Int(insert)
      copiedAt += Int(copy)
    }
    return new + inserted[insertedAt...]
  }

  static func varints(_ values: [UInt64]) -> [UInt8] {
    var out: [UInt8] = []
    for value in values { out.append(varint: value) }
    return out
  }

  /// A right patch of random steps.
  static func random(
    old: [UInt8], copies: Int, longestCopy: Int, using random: inout SeededGenerator
  ) -> HandMadePatch {
    var patch = HandMadePatch()
    var previousEnd = 0
    var copied = 0
    for _ in 0..<copies {
      let insert = Int.random(in: 0...20, using: &random)
      let length = Int.random(in: 1...min(longestCopy, old.count), using: &random)
      let source = Int.random(in: 0...(old.count - length), using: &random)
      patch.insertLengths.append(UInt64(insert))
      patch.copyLengths.append(UInt64(length))
      patch.sources.append(Int64(source - previousEnd - insert))
      patch.inserted += random.bytes(insert)
      previousEnd = source + length
      copied += length
    }
    patch.inserted += random.bytes(Int.random(in: 0...50, using: &random))
    while true {
      let gap = Int.random(in: 0...200, using: &random)
      guard gap < copied else { break }
      patch.gaps.append(UInt64(gap))
      patch.differences.append(UInt8.random(in: 1...255, using: &random))
      copied -= gap + 1
    }
    patch.newLength = patch.copyLengths.reduce(UInt64(patch.inserted.count), +)
    return patch
  }
}

/// Applies a patch, a chunk at a time; `nil` takes all at once.
func apply<Old: OldBytes>(
  _ patch: [UInt8], to old: Old, chunk: Int? = nil, limits: PatchLimits = .standard
) throws -> [UInt8] {
  var applier = try PatchApplier(patch: patch, old: old, limits: limits)
  var new: [UInt8] = []
  while !applier.isFinished {
    let capacity = chunk ?? Int(applier.newLength)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
    defer { unsafe buffer.deallocate() }
    var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
    try applier.read(into: &output)
    let count = unsafe output.finalize(for: buffer)
    unsafe new.append(contentsOf: buffer[..<count])
  }
  try applier.finish()
  return new
}

/// The error that a patch is refused with before any output; `nil` when it is taken.
func refusal(
  _ patch: [UInt8], old: [UInt8] = [], limits: PatchLimits = .standard
) -> PatchError? {
  do throws(PatchError) {
    _ = try PatchApplier(patch: patch, old: MemoryBytes(old), limits: limits)
    return nil
  } catch {
    return error
  }
}
