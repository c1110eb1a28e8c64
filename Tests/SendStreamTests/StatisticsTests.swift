import SendStream
import TestSupport
import Testing

@Suite("Counting what a stream has")
struct StatisticsTests {
  @Test("Commands are counted by kind, and data as it travels")
  func counts() throws {
    let file = tlv(.path, "f") + tlv(.fileOffset, number: UInt64(0))
    let encoding =
      tlv(.unencodedFileLength, number: UInt64(9)) + tlv(.unencodedLength, number: UInt64(9))
      + tlv(.unencodedOffset, number: UInt64(0))
    let stream =
      streamHeader(2) + rawSubvolume()
      + rawCommand(.write, file, tlvToEnd(.data, [1, 2, 3]))
      + rawCommand(.write, file, tlvToEnd(.data, [1]))
      + rawCommand(.encodedWrite, file, encoding, tlvToEnd(.data, [4, 5])) + rawCommand(.end)
    let statistics = try StreamContents(stream + stream).statistics
    #expect(statistics.streamCount == 2)
    #expect(statistics.subvolumeCount == 2)
    #expect(statistics.commandCount == 10)
    #expect(statistics.byteCount == UInt64(2 * stream.count))
    #expect(statistics.dataByteCount == 12)
    #expect(statistics[.write] == 4)
    #expect(statistics[.clone] == 0)
    let kinds = statistics.counts.map(\.kind)
    #expect(kinds == [.subvolume, .write, .end, .encodedWrite])
    #expect(statistics.counts.map(\.count) == [2, 4, 2, 2])
  }

  @Test("A delta stream's own commands are counted too, behind the others")
  func extensions() throws {
    let patch = CommandKind(rawValue: 0x8001)
    let other = CommandKind(rawValue: 0x8000)
    let stream =
      streamHeader(0x0001_0002) + rawSubvolume(checksum: 0) + rawCommand(patch, checksum: 0)
      + rawCommand(other, checksum: 0) + rawCommand(patch, checksum: 0)
      + rawCommand(.end, checksum: 0)
    let statistics = try StreamContents(stream, reader: StreamReader(maximumRevision: 1)).statistics
    #expect(statistics[patch] == 2)
    #expect(statistics.counts.map(\.kind) == [.subvolume, .end, other, patch])
  }
}
