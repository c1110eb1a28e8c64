import Bytes
import Crypto
import DeltaStream
import SendStream
import TestSupport
import Testing

@Suite("The digest of a plain stream")
struct PlainStreamDigestTests {
  @Test("It is that of the bytes, whole and by sections", arguments: [1, 2] as [UInt16])
  func sections(base: UInt16) throws {
    let version = StreamVersion(base: base)
    var random = SeededGenerator.ofTest("PlainStreamDigestTests.sections")
    let bytes = try SampleCommands.stream(version)
    for _ in 0..<5 {
      var reader = StreamReader(maximumBase: base)
      reader.allowsNewerCommands = true
      reader.append(bytes.rawSpan)
      var digest = PlainStreamDigest(version: version)
      var (start, at) = (0, 17)
      while let element = try reader.next() {
        guard case .command(let frame) = element else { continue }
        digest.add(frame)
        at += Frame.headerLength + frame.payload.byteCount
        #expect(digest.length == UInt64(at))
        #expect(digest.sectionLength == UInt64(at - start))
        if Int.random(in: 0..<100, using: &random) == 0 {
          let section = digest.endSection()
          #expect(section.length == UInt64(at - start))
          let expected = SHA256.hash(bytes.rawSpan.extracting(start..<at))
          #expect(section.digest == expected)
          start = at
        }
      }
      #expect(at == bytes.count)
      let last = digest.endSection()
      let expected = SHA256.hash(bytes.rawSpan.extracting(start..<at))
      #expect(last.digest == expected)
      #expect(digest.wholeDigest() == SHA256.hash(bytes.rawSpan))
    }
  }

  @Test("A section of nothing has the digest of nothing")
  func empty() {
    var digest = PlainStreamDigest(version: StreamVersion(base: 2))
    let header = streamHeader(2)
    let first = digest.endSection()
    #expect(first.length == 17)
    #expect(first.digest == SHA256.hash(header.rawSpan))
    let second = digest.endSection()
    #expect(second.length == 0)
    #expect(second.digest == SHA256.hash(RawSpan()))
    #expect(digest.wholeDigest() == SHA256.hash(header.rawSpan))
  }
}
