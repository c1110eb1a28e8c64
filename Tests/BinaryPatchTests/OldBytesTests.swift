import BinaryPatch
import Bytes
import TestSupport
import Testing

/// Old bytes that count what is read, and may fail, or end early.
private struct WatchedBytes: OldBytes {
  struct Broken: Error, Equatable {}

  final class Log {
    var reads = 0
    var bytes = 0
    var longest = 0
  }

  var bytes: [UInt8]
  var announced: UInt64
  var failsAtRead = Int.max
  let log = Log()

  init(_ bytes: [UInt8], announced: Int? = nil) {
    self.bytes = bytes
    self.announced = UInt64(announced ?? bytes.count)
  }

  var byteCount: UInt64 { announced }

  mutating func read(at offset: UInt64, into output: inout OutputRawSpan) throws(Broken) {
    log.reads += 1
    log.bytes += output.freeCapacity
    log.longest = max(log.longest, output.freeCapacity)
    guard log.reads < failsAtRead else { throw Broken() }
    var at = Int(offset)
    while !output.isFull, at < bytes.count {
      output.append(bytes[at])
      at += 1
    }
  }
}

@Suite("Reading old bytes while a patch is applied")
struct OldBytesTests {
  private static func copyAll(_ count: Int) -> [UInt8] {
    var patch = HandMadePatch()
    patch.newLength = UInt64(count)
    patch.insertLengths = [0]
    patch.copyLengths = [UInt64(count)]
    patch.sources = [0]
    return patch.bytes
  }

  @Test("A long copy reads each byte once, a window at a time")
  func longCopy() throws {
    var random = SeededGenerator.ofTest("long copy")
    let old = WatchedBytes(random.bytes(1_000_000))
    let new = try apply(Self.copyAll(1_000_000), to: old, chunk: 50_000)
    #expect(new == old.bytes)
    #expect(old.log.bytes == 1_000_000)
    #expect(old.log.longest == 65_536)
  }

  @Test("Many tiny copies from all over old do not read much for each")
  func tinyCopies() throws {
    var random = SeededGenerator.ofTest("tiny copies")
    let old = WatchedBytes(random.bytes(1_000_000))
    let patch = HandMadePatch.random(old: old.bytes, copies: 500, longestCopy: 3, using: &random)
    let new = try apply(patch.bytes, to: old)
    #expect(new == patch.applied(to: old.bytes))
    #expect(old.log.reads <= 2 * 500)
    #expect(old.log.bytes <= 500 * 8192)
  }

  @Test("What reading old throws comes out")
  func failure() throws {
    var old = WatchedBytes([UInt8](repeating: 7, count: 200_000))
    old.failsAtRead = 3
    #expect(throws: PatchApplyError.old(WatchedBytes.Broken())) {
      try apply(Self.copyAll(200_000), to: old)
    }
  }

  @Test("Old bytes that end before they said are an error, at the place")
  func endsEarly() throws {
    let old = WatchedBytes([UInt8](repeating: 7, count: 70_000), announced: 200_000)
    #expect(throws: PatchApplyError<WatchedBytes.Broken>.patch(.oldEnded(at: 70_000))) {
      try apply(Self.copyAll(200_000), to: old)
    }
  }

  @Test("Old bytes that claim an absurd length are an error, not a trap")
  func absurdLength() throws {
    var old = WatchedBytes([])
    old.announced = .max
    var patch = HandMadePatch()
    patch.newLength = 1
    patch.insertLengths = [0]
    patch.copyLengths = [1]
    patch.sources = [Int64.max - 1]
    #expect(refusal(patch.bytes, old: [1]) != nil)
    let last = Int64.max - 1
    #expect(
      throws: PatchApplyError<WatchedBytes.Broken>.patch(
        .oldEnded(at: UInt64(last) & ~4095))
    ) {
      try apply(patch.bytes, to: EmptyGiant())
    }
  }
}

/// Nearly 2^64 bytes, of which none can be read.
private struct EmptyGiant: OldBytes {
  var byteCount: UInt64 { .max }
  mutating func read(
    at offset: UInt64, into output: inout OutputRawSpan
  ) throws(WatchedBytes.Broken) {}
}
