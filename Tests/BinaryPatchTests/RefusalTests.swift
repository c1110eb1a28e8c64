import BinaryPatch
import Bytes
import TestSupport
import Testing

@Suite("Refusing wrong patches")
struct RefusalTests {
  static let old = Array("0123456789".utf8)

  /// Inserts "ab", copies "234567" with the '4' and the '7' wrong, inserts "c", copies "01",
  /// inserts "d". The streams start at 9.
  static var right: HandMadePatch {
    var patch = HandMadePatch()
    patch.newLength = 12
    patch.insertLengths = [2, 1]
    patch.copyLengths = [6, 2]
    patch.sources = [0, -9]
    patch.gaps = [2, 2]
    patch.differences = [1, 2]
    patch.inserted = Array("abcd".utf8)
    return patch
  }

  @Test("The patch that the others are made wrong from is right")
  func rightOne() throws {
    let new = try apply(Self.right.bytes, to: MemoryBytes(Self.old))
    #expect(String(decoding: new, as: UTF8.self) == "ab235569c01d")
  }

  @Test("A patch cut at any byte is refused, and so is one with a byte more")
  func cuts() {
    let bytes = Self.right.bytes
    for count in 0..<bytes.count {
      #expect(refusal(Array(bytes[..<count]), old: Self.old) != nil)
    }
    #expect(refusal([]) == .unknownKind(nil))
    #expect(
      refusal(bytes + [0], old: Self.old) == .bytesLeft(offset: bytes.count, count: 1))
  }

  @Test("Any bit flipped gives an error before output, or exactly as much output as announced")
  func flips() throws {
    let bytes = Self.right.bytes
    var refused = 0
    for bit in 0..<(bytes.count * 8) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      if refusal(flipped, old: Self.old) != nil {
        refused += 1
        continue
      }
      let new = try apply(flipped, to: MemoryBytes(Self.old), chunk: 5)
      #expect(new.count == 12)
    }
    // All of the header, at least, is checked.
    #expect(refused >= 9 * 8)
  }

  @Test("Random bytes are refused, or make what they announce")
  func noise() throws {
    var random = SeededGenerator.ofTest("noise")
    var limits = PatchLimits.standard
    limits.maxNewLength = 1000
    for _ in 0..<3000 {
      var bytes = Self.right.bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...40, using: &random)
      }
      guard refusal(bytes, old: Self.old, limits: limits) == nil else { continue }
      let new = try apply(bytes, to: MemoryBytes(Self.old), limits: limits)
      let statistics = try PatchStatistics(patch: bytes.rawSpan)
      #expect(UInt64(new.count) == statistics.newLength)
    }
  }

  @Test("Kinds of patches that this version does not know are refused", arguments: [0, 3, 255])
  func kinds(kind: UInt8) {
    var patch = Self.right
    patch.kind = kind
    #expect(refusal(patch.bytes) == .unknownKind(kind))
  }

  @Test("A number longer than need be is refused")
  func longNumber() {
    #expect(refusal([1, 0x80, 0x00, 0, 0, 0, 0, 0, 0, 0]) == .invalidNumber(offset: 1))
    #expect(refusal([1, 0xff, 0xff]) == .invalidNumber(offset: 1))
  }

  @Test("What is over the limits is refused before anything is allocated")
  func limits() {
    let bytes = Self.right.bytes
    var limits = PatchLimits.standard
    limits.maxPatchLength = bytes.count - 1
    #expect(
      refusal(bytes, limits: limits)
        == .patchTooLong(byteCount: bytes.count, limit: bytes.count - 1))
    limits = PatchLimits(maxNewLength: 11)
    #expect(refusal(bytes, limits: limits) == .newTooLong(offset: 1, value: 12, limit: 11))
    limits = PatchLimits(maxCopies: 1)
    #expect(refusal(bytes, limits: limits) == .tooManyCopies(offset: 2, value: 2, limit: 1))
    #expect(refusal(bytes, old: Self.old, limits: PatchLimits(maxNewLength: 12)) == nil)
    var huge = Self.right
    huge.newLength = .max
    #expect(
      refusal(huge.bytes) == .newTooLong(offset: 1, value: .max, limit: 4 << 30))
    huge = Self.right
    huge.copyCount = .max
    #expect(
      refusal(huge.bytes) == .tooManyCopies(offset: 2, value: .max, limit: 4 << 20))
  }

  @Test("A stream longer than the patch is refused", arguments: PatchStream.allCases.dropLast())
  func streamLengths(stream: PatchStream) {
    var patch = Self.right
    patch.lies[stream] = .max
    #expect(
      refusal(patch.bytes, old: Self.old)
        == .streamTooLong(stream, offset: 3 + stream.rawValue, value: .max))
    patch.lies[stream] = UInt64(patch.streams[stream.rawValue].count + 1)
    #expect(refusal(patch.bytes, old: Self.old) != nil)
    patch.lies[stream] = UInt64(patch.streams[stream.rawValue].count - 1)
    #expect(refusal(patch.bytes, old: Self.old) != nil)
  }

  @Test("More or fewer copies than announced are refused")
  func copyCounts() {
    var patch = Self.right
    patch.copyCount = 3
    #expect(refusal(patch.bytes, old: Self.old) == .invalidNumber(offset: 11))
    patch.copyCount = 1
    #expect(refusal(patch.bytes, old: Self.old) == .bytesLeft(offset: 10, count: 1))
    patch.copyCount = 4 << 20
    #expect(refusal(patch.bytes, old: Self.old) == .invalidNumber(offset: 14))
  }

  @Test("Lengths that go past new are refused", arguments: [13, 1 << 40, UInt64.max])
  func lengths(value: UInt64) {
    var patch = Self.right
    patch.insertLengths[0] = value
    #expect(
      refusal(patch.bytes, old: Self.old) == .lengthOutsideNew(offset: 9, value: value))
    patch = Self.right
    patch.copyLengths[1] = value
    #expect(
      refusal(patch.bytes, old: Self.old) == .lengthOutsideNew(offset: 12, value: value))
  }

  @Test("A copy of no bytes is refused")
  func emptyCopy() {
    var patch = Self.right
    patch.copyLengths[0] = 0
    #expect(refusal(patch.bytes, old: Self.old) == .emptyCopy(offset: 11))
  }

  @Test("A copy that starts or ends outside old is refused", arguments: [-3, 3, 9, .min, .max])
  func sourceOutside(move: Int64) {
    var patch = Self.right
    patch.sources[0] = move
    #expect(
      refusal(patch.bytes, old: Self.old)
        == .sourceOutsideOld(offset: 13, value: move.zigZagEncoded))
    patch.sources[0] = 2
    patch.sources[1] = -11
    #expect(refusal(patch.bytes, old: Self.old) == nil)
  }

  @Test("Old bytes that are one too short are refused")
  func shortOld() {
    let short = Array(Self.old[..<7])
    #expect(refusal(Self.right.bytes, old: short) == .sourceOutsideOld(offset: 13, value: 0))
  }

  @Test("Inserted bytes that are missing or left over are refused")
  func inserted() {
    var patch = Self.right
    patch.inserted.removeLast()
    #expect(
      refusal(patch.bytes, old: Self.old) == .insertedCount(offset: 19, count: 3, needed: 4))
    patch.inserted += [1, 2]
    #expect(
      refusal(patch.bytes, old: Self.old) == .insertedCount(offset: 19, count: 5, needed: 4))
  }

  @Test("A difference outside the copied bytes is refused", arguments: [5, 1 << 40, UInt64.max])
  func differenceOutside(gap: UInt64) {
    var patch = Self.right
    patch.gaps[1] = gap
    #expect(
      refusal(patch.bytes, old: Self.old) == .differenceOutsideCopies(offset: 16, value: gap))
    patch.gaps[1] = 4
    #expect(refusal(patch.bytes, old: Self.old) == nil)
  }

  @Test("Differences of zero, and as many gaps as not, are refused")
  func differences() {
    var patch = Self.right
    patch.differences[1] = 0
    #expect(refusal(patch.bytes, old: Self.old) == .zeroDifference(offset: 18))
    patch = Self.right
    patch.differences.removeLast()
    #expect(refusal(patch.bytes, old: Self.old) == .differenceMissing(offset: 18))
    patch.differences = [1, 2, 3]
    #expect(refusal(patch.bytes, old: Self.old) == .bytesLeft(offset: 19, count: 1))
    patch.gaps = []
    #expect(refusal(patch.bytes, old: Self.old) == .bytesLeft(offset: 15, count: 3))
  }
}
