import Bytes
import TestSupport
import Testing

@testable import SendStream

@Suite("The checksum of commands")
struct ChecksumTests {
  private func byInstruction(_ bytes: RawSpan, from start: UInt32 = 0) -> UInt32 {
    var checksum = CRC32C(start)
    checksum.update(bytes)
    return checksum.value
  }

  private func byTable(_ bytes: RawSpan, from start: UInt32 = 0) -> UInt32 {
    var checksum = CRC32C(start)
    checksum.updateByTable(bytes)
    return checksum.value
  }

  @Test("Known bytes have their known checksum, with the instruction and by table")
  func vectors() {
    let vectors: [([UInt8], UInt32)] = [
      ([], 0), (Array("123456789".utf8), 0x58e3_fa20), ([0, 0, 0, 0], 0),
      ([0, 0, 0, 0, 0x15, 0, 0, 0, 0, 0], 0x9dc9_6c50),
    ]
    for (bytes, checksum) in vectors {
      #expect(byInstruction(bytes.rawSpan) == checksum)
      #expect(byTable(bytes.rawSpan) == checksum)
    }
  }

  @Test("Inverted before and after it is the common CRC-32C")
  func common() {
    let bytes = Array("123456789".utf8)
    #expect(~byInstruction(bytes.rawSpan, from: ~0) == 0xe306_9283)
  }

  @Test("The instruction, the table and the bit-by-bit way agree at any length and alignment")
  func agreement() {
    var random = SeededGenerator.ofTest("checksum agreement")
    let bytes = random.bytes(600)
    let all = bytes.rawSpan
    for _ in 0..<400 {
      let start = Int.random(in: 0..<16, using: &random)
      let end = Int.random(in: start...600, using: &random)
      let seed = UInt32.random(in: 0...UInt32.max, using: &random)
      let part = all.extracting(start..<end)
      #expect(byInstruction(part, from: seed) == byTable(part, from: seed))
      #expect(byTable(part) == bitwiseChecksum(Array(bytes[start..<end])))
    }
  }

  @Test("Taking bytes in by parts gives the same as at once")
  func parts() {
    var random = SeededGenerator.ofTest("checksum parts")
    let bytes = random.bytes(100)
    let all = bytes.rawSpan
    for cut in 0...100 {
      var (checksum, table) = (CRC32C(), CRC32C())
      for part in [0..<cut, cut..<100] {
        checksum.update(all.extracting(part))
        table.updateByTable(all.extracting(part))
      }
      #expect(checksum.value == byInstruction(all))
      #expect(table.value == byInstruction(all))
    }
  }

  @Test("A frame's checksum is over its header and its attributes")
  func frame() {
    let payload = tlv(.path, "x")
    let frame = Frame(kind: .unlink, payload: payload.rawSpan, version: StreamVersion(base: 1))
    let checksum = frame.checksum
    #expect(checksum == bitwiseChecksum([5, 0, 0, 0, 11, 0, 0, 0, 0, 0] + payload))
    var header: [UInt8] = []
    frame.appendHeader(to: &header)
    #expect(header + payload == rawCommand(.unlink, payload))
  }
}
