internal import Bytes

/// A part of what a patch makes that is not written: it shares the blocks of an old file.
///
/// It stands for one CLONE from the parent.
public struct PatchClone: Hashable, Sendable {
  /// Where in the file that is made the part begins, a multiple of ``blockLength``.
  public var offset: UInt64
  /// How many bytes it has: a multiple of ``blockLength``, unless it ends the patch's range.
  public var length: UInt64
  /// Where it is in the file of the patch's first source, a multiple of ``blockLength``.
  public var sourceOffset: UInt64

  /// A shared part.
  public init(offset: UInt64, length: UInt64, sourceOffset: UInt64) {
    self.offset = offset
    self.length = length
    self.sourceOffset = sourceOffset
  }

  /// Where in the file the part ends.
  public var end: UInt64 { offset &+ length }

  /// The unit in which offsets and lengths travel, and in which file systems share, in bytes.
  public static let blockLength: UInt64 = 4096

  /// How many parts one patch may have for their list to fit an attribute: each takes at most 14 bytes.
  public static let maximumCount = 4096
}

/// The shared parts of a patch, as its PATCH_CLONES has them: ascending, in blocks of 4 KiB.
///
///     varint  blocks from the end of the part before to where this one begins; of the first one,
///             from the first whole block of the patch's range
///     varint  its length in blocks, at least 1; the last block may be cut by the range's end
///     varint  zigzag: by how many blocks its place in the old file is further on than in the new,
///             less that of the part before
///
/// Memory: the attribute, at most 64 KiB, however many parts it has.
public struct PatchCloneReader: Sendable {
  private let bytes: [UInt8]
  private var position = 0
  private let end: UInt64
  /// The block behind the part before.
  private var block: UInt64
  private var displacement: Int64 = 0

  /// A reader of an attribute's value, of a patch that writes `length` bytes from `offset` on.
  init(_ value: RawSpan, offset: UInt64, length: UInt64) {
    bytes = [UInt8](copying: value)
    // A patch that was parsed ends inside the longest file.
    end = offset &+ length
    block = PatchClone.blocks(offset)
  }

  /// The next part; `nil` behind the last.
  ///
  /// - Throws: ``DeltaStreamError/malformedPatch(_:offset:)`` at `commandOffset` for a part that
  ///   leaves the range, or begins before the old file does.
  public mutating func next(in commandOffset: UInt64) throws(DeltaStreamError) -> PatchClone? {
    let bytes = bytes
    var cursor = ByteCursor(bytes.rawSpan.extracting(droppingFirst: position))
    if cursor.isAtEnd { return nil }
    guard let gap = cursor.readVarint(), let count = cursor.readVarint(), count > 0,
      let change = cursor.readVarint(), let clone = clone(gap, count, change)
    else { throw .malformedPatch(.patchClones, offset: commandOffset) }
    position += cursor.offset
    return clone
  }

  private mutating func clone(_ gap: UInt64, _ count: UInt64, _ change: UInt64) -> PatchClone? {
    let blocks = PatchClone.blocks(end)
    // Below 2^51 all of them, so nothing overflows.
    guard gap < blocks, block < blocks - gap, count <= blocks - gap - block else { return nil }
    let first = block + gap
    let (moved, overflow) = displacement.addingReportingOverflow(Int64(zigZag: change))
    let (source, sourceOverflow) = Int64(first).addingReportingOverflow(moved)
    guard !overflow, !sourceOverflow, let source = UInt64(exactly: source),
      source < PatchClone.blocks(NormalForm.maximumFileLength) - count
    else { return nil }
    block = first + count
    displacement = moved
    let offset = first * PatchClone.blockLength
    let length = Swift.min(count * PatchClone.blockLength, end - offset)
    return PatchClone(
      offset: offset, length: length, sourceOffset: source * PatchClone.blockLength)
  }
}

extension PatchClone {
  /// How many blocks there are up to an offset, a cut one included.
  static func blocks(_ offset: UInt64) -> UInt64 {
    offset / blockLength + (offset % blockLength == 0 ? 0 : 1)
  }

  /// The value of PATCH_CLONES: `clones` ascend, and keep what ``PatchClone`` says of them.
  static func encoded(_ clones: [PatchClone], from offset: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = blocks(offset)
    var displacement: Int64 = 0
    for clone in clones {
      let first = clone.offset / blockLength
      let count = blocks(clone.length)
      let moved =
        Int64(truncatingIfNeeded: clone.sourceOffset / blockLength)
        &- Int64(truncatingIfNeeded: first)
      bytes.append(varint: first &- block)
      bytes.append(varint: count)
      bytes.append(varint: (moved &- displacement).zigZagEncoded)
      block = first &+ count
      displacement = moved
    }
    return bytes
  }
}
