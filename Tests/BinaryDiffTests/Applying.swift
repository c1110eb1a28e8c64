import BinaryDiff
import BinaryPatch
import Bytes
import TestSupport

/// The patch from sources to new.
func patch(_ sources: [[UInt8]], _ new: [UInt8]) throws -> [UInt8] {
  try SourceIndex(sources: sources).patch(to: new.rawSpan)
}

/// What a patch makes of the sources.
func apply(_ patch: [UInt8], to sources: [[UInt8]]) throws -> [UInt8] {
  var applier = try PatchApplier(patch: patch, old: MemoryBytes(sources))
  let length = Int(applier.newLength)
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 1)
  defer { unsafe buffer.deallocate() }
  var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
  try applier.read(into: &output)
  try applier.finish()
  return unsafe [UInt8](buffer[..<output.finalize(for: buffer)])
}

/// The longest that a patch's header may be.
let longestHeader = 32

/// Bytes with structure: words, tables, runs of zeros and noise.
func structured(_ count: Int, using random: inout SeededGenerator) -> [UInt8] {
  let words = (0..<200).map { _ in random.bytes(Int.random(in: 2...12, using: &random)) }
  var out: [UInt8] = []
  while out.count < count {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: out += [UInt8](repeating: 0, count: Int.random(in: 1...300, using: &random))
    case 1: out += random.bytes(Int.random(in: 1...200, using: &random))
    case 2:
      let start = UInt32.random(in: 0...1 << 20, using: &random)
      for row in 0..<UInt32(20) { out.append(littleEndian: start + row * 24) }
    default: out += words.randomElement(using: &random) ?? []
    }
  }
  return Array(out[..<count])
}

/// A few edits of each sort: bytes flipped, ranges deleted, inserted and moved.
func mutated(_ bytes: [UInt8], edits: Int, using random: inout SeededGenerator) -> [UInt8] {
  var out = bytes
  for _ in 0..<edits {
    let start = Int.random(in: 0...out.count, using: &random)
    let length = min(Int.random(in: 0...500, using: &random), out.count - start)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: out.removeSubrange(start..<(start + length))
    case 1: out.insert(contentsOf: random.bytes(length), at: start)
    case 2:
      let block = Array(out[start..<(start + length)])
      out.removeSubrange(start..<(start + length))
      out.insert(contentsOf: block, at: Int.random(in: 0...out.count, using: &random))
    default:
      for at in stride(from: start, to: start + length, by: 40) {
        out[at] ^= UInt8.random(in: 1...255, using: &random)
      }
    }
  }
  return out
}
