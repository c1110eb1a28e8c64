import Bytes
import DeltaStream
import SendStream
import TestSupport
import Testing

/// A WRITE, or with `nil` some other command.
private struct SampleWrite: Equatable {
  var path: String
  var offset: UInt64
  var data: [UInt8]?
}

/// Writes commands as they are.
private func stream(
  _ writes: [SampleWrite], base: UInt16
) throws(StreamError) -> [UInt8] {
  var writer = StreamWriter(version: StreamVersion(base: base))
  for write in writes {
    let path = Array(write.path.utf8)
    if let data = write.data {
      try writer.write(.write(path: path.rawSpan, offset: write.offset, data: data.rawSpan))
    } else {
      try writer.write(.truncate(path: path.rawSpan, size: write.offset))
    }
  }
  return writer.bytes
}

/// Brings commands into the normal form.
private func normalized(
  _ writes: [SampleWrite], base: UInt16
) throws -> [UInt8] {
  var reader = StreamReader(continuing: StreamVersion(base: base), insideSubvolume: true)
  let bytes = try stream(writes, base: base)
  reader.append(bytes.rawSpan)
  var normalizer = WriteNormalizer(base: base)
  var writer = StreamWriter(version: StreamVersion(base: base))
  while let element = try reader.next() {
    if case .command(let frame) = element { try normalizer.add(frame, to: &writer) }
  }
  try normalizer.finishRun(to: &writer)
  return writer.bytes
}

@Suite("The normal form of writes")
struct NormalFormTests {
  @Test("Chunks are 48 KiB in version 1 and 128 KiB in version 2")
  func chunkLengths() {
    let (first, second) = (NormalForm(base: 1), NormalForm(base: 2))
    #expect(first.chunkLength == 49_152)
    #expect(second.chunkLength == 131_072)
    for form in [first, second] {
      let chunk = UInt64(form.chunkLength)
      #expect(form.firstChunk(offset: 0, length: chunk * 3) == Int(chunk))
      #expect(form.firstChunk(offset: 5, length: chunk * 3) == Int(chunk) - 5)
      #expect(form.firstChunk(offset: chunk - 1, length: chunk) == 1)
      #expect(form.firstChunk(offset: chunk, length: 7) == 7)
      #expect(form.firstChunk(offset: .max - 3, length: 3) <= 3)
    }
  }

  @Test(
    "However the same bytes are split into commands, the same stream comes out",
    arguments: [1, 2] as [UInt16])
  func anySplit(base: UInt16) throws {
    var random = SeededGenerator.ofTest("NormalFormTests.anySplit")
    for _ in 0..<5 {
      let offset = UInt64.random(in: 0...300_000, using: &random)
      let data = random.bytes(Int.random(in: 0...400_000, using: &random))
      var expected = StreamWriter(version: StreamVersion(base: base))
      try expected.normalWrites("f", offset, data, base == 1 ? 49_152 : 131_072)
      for _ in 0..<2 {
        var writes: [SampleWrite] = []
        var at = 0
        while at < data.count {
          let count = min(data.count - at, Int.random(in: 0...50_000, using: &random))
          writes.append(
            SampleWrite(
              path: "f", offset: offset + UInt64(at), data: Array(data[at..<at + count])))
          at += count
        }
        let bytes = try normalized(writes, base: base)
        #expect(firstDifference(bytes, expected.bytes) == nil)
      }
    }
  }

  @Test("What is in the normal form stays as it is", arguments: [1, 2] as [UInt16])
  func idempotent(base: UInt16) throws {
    let chunk = base == 1 ? 49_152 : 131_072
    let data = [UInt8](repeating: 3, count: chunk)
    let writes = [
      SampleWrite(path: "f", offset: UInt64(chunk - 10), data: Array(data.prefix(10))),
      SampleWrite(path: "f", offset: UInt64(chunk), data: data),
      SampleWrite(path: "f", offset: UInt64(2 * chunk), data: [1]),
      SampleWrite(path: "f", offset: 0, data: nil),
      SampleWrite(path: "g", offset: 0, data: data),
    ]
    let bytes = try stream(writes, base: base)
    let again = try normalized(writes, base: base)
    #expect(firstDifference(again, bytes) == nil)
  }

  @Test("A gap, an overlap, another path or another command begins a new run")
  func newRuns() throws {
    let one = SampleWrite(path: "f", offset: 100, data: [1, 2, 3])
    for next in [
      SampleWrite(path: "f", offset: 104, data: [4]),
      SampleWrite(path: "f", offset: 102, data: [4]),
      SampleWrite(path: "f", offset: 100, data: [4, 5, 6]),
      SampleWrite(path: "f", offset: 99, data: [4]), SampleWrite(path: "g", offset: 103, data: [4]),
      SampleWrite(path: "", offset: 103, data: [4]), SampleWrite(path: "f", offset: 103, data: nil),
    ] {
      let bytes = try normalized([one, next], base: 2)
      let expected = try stream([one, next], base: 2)
      #expect(bytes == expected, "\(next)")
    }
    let truncate = SampleWrite(path: "f", offset: 103, data: nil)
    let more = SampleWrite(path: "f", offset: 103, data: [4])
    let bytes = try normalized([one, truncate, more], base: 2)
    let expected = try stream([one, truncate, more], base: 2)
    #expect(bytes == expected)
    let joined = try normalized([one, more], base: 2)
    let whole = try stream([SampleWrite(path: "f", offset: 100, data: [1, 2, 3, 4])], base: 2)
    #expect(joined == whole)
  }

  @Test("A WRITE of nothing is left out as if it had not been there")
  func empty() throws {
    let one = SampleWrite(path: "f", offset: 0, data: [1])
    let two = SampleWrite(path: "f", offset: 1, data: [2])
    let whole = try stream([SampleWrite(path: "f", offset: 0, data: [1, 2])], base: 2)
    for (path, offset) in [("f", 1), ("f", 0), ("f", 9_999), ("g", 1)] as [(String, UInt64)] {
      let nothing = SampleWrite(path: path, offset: offset, data: [])
      for writes in [[nothing, one, two], [one, nothing, two], [one, two, nothing]] {
        let bytes = try normalized(writes, base: 2)
        #expect(bytes == whole)
      }
    }
    let bytes = try normalized([SampleWrite(path: "f", offset: 5, data: [])], base: 2)
    #expect(bytes.isEmpty)
  }

  @Test("A write behind the longest file is an error, one up to its end is not")
  func overflow() throws {
    let last = UInt64(Int64.max)
    for (offset, count) in [(last, 1), (last - 1, 2), (.max, 1), (.max - 1, 5), (.max, 0)]
      as [(UInt64, Int)]
    {
      let write = SampleWrite(path: "f", offset: offset, data: Array(repeating: 1, count: count))
      #expect(throws: DeltaStreamError.offsetOverflow(offset: 0)) {
        try normalized([write], base: 2)
      }
    }
    let writes = [
      SampleWrite(path: "f", offset: last - 2, data: [1]),
      SampleWrite(path: "f", offset: last - 1, data: [2]),
    ]
    let bytes = try normalized(writes, base: 2)
    let expected = try stream([SampleWrite(path: "f", offset: last - 2, data: [1, 2])], base: 2)
    #expect(bytes == expected)
  }

  @Test("A WRITE that cannot be read is an error")
  func malformed() {
    var normalizer = WriteNormalizer(base: 2)
    var writer = StreamWriter(version: StreamVersion(base: 2))
    let payload = tlv(.path, "f")
    #expect(throws: DeltaStreamError.self) {
      let frame = Frame(
        kind: .write, payload: payload.rawSpan, version: StreamVersion(base: 2), offset: 9)
      try normalizer.add(frame, to: &writer)
    }
  }
}
