import BinaryDiff
import Bytes
import DeltaStream
import SendStream
import TestSupport
import Testing

private let parentUUID = SubvolumeUUID(Array(16..<32).rawSpan)

@Suite("What a patch has shared instead of written")
struct PatchCloneTests {
  /// A delta stream with one PATCH of "f", whose PATCH_CLONES has this value, or is not there.
  private func delta(
    _ new: [UInt8], at offset: UInt64, old: [UInt8], clones: [UInt8]?
  ) throws -> [UInt8] {
    var source: [UInt8] = [0, 0]
    source.append(varint: UInt64(old.count))
    let patch = try SourceIndex(sources: [old]).patch(to: new.rawSpan)
    return deltaHeader() + deltaSnapshot
      + rawCommand(
        .patch, tlv(.path, "f"), tlv(.fileOffset, number: offset),
        tlv(.size, number: UInt64(new.count)), tlv(.patchSource, source + Array("old".utf8)),
        clones.map { tlv(.patchClones, $0) } ?? [], tlvToEnd(.patchData, patch), checksum: 0)
      + deltaEnd
  }

  private func clone(
    _ writer: inout StreamWriter, _ offset: UInt64, _ length: UInt64, from place: UInt64
  ) throws {
    let (path, source) = (Array("f".utf8), Array("old".utf8))
    try writer.write(
      .clone(
        path: path.rawSpan, offset: offset, length: length, sourceUUID: parentUUID ?? .none,
        sourceCtransid: 5, sourcePath: source.rawSpan, sourceOffset: place))
  }

  @Test("It stands for CLONEs from the parent, and the writes between them start anew")
  func expansion() throws {
    var random = SeededGenerator.ofTest("PatchCloneTests.expansion")
    let old = random.bytes(400_000)
    // Two blocks from further on, a written part across a chunk's end, the old file's own end.
    let new =
      random.bytes(100) + old[40_960..<49_152] + random.bytes(200_000 - 8292)
      + old[(old.count - 6784)...]
    let offset: UInt64 = 8192 - 100
    let end = offset + UInt64(new.count)
    // In blocks: 2..<4 from block 10; then up to the range's end, from block 96.
    let first = (end - 6784) / 4096
    #expect((end - 6784) % 4096 != 0)
    let clones: [UInt8] = [0, 2, 16]
    var writer = StreamWriter(version: StreamVersion(base: 2))
    writer.writeHeader()
    let plainStart = writer.bytes + snapshotCommand(StreamVersion(base: 2))
    var plain = StreamWriter(version: StreamVersion(base: 2))
    try plain.normalWrites("f", offset, Array(new[..<100]), 131_072)
    try clone(&plain, 8192, 8192, from: 40_960)
    try plain.normalWrites("f", 16_384, Array(new[8292...]), 131_072)
    let tree = MemoryTree(["old": old])
    let expanded = try expand(delta(new, at: offset, old: old, clones: clones), tree)
    let expected = plainStart + plain.bytes + endCommand(StreamVersion(base: 2))
    #expect(firstDifference(expanded, expected) == nil)
    #expect(first > 4)
  }

  @Test("The last block of a range may be a part of one", arguments: [1, 2] as [UInt16])
  func tail(base: UInt16) throws {
    var random = SeededGenerator.ofTest("PatchCloneTests.tail")
    let old = random.bytes(300_001)
    let new = random.bytes(4096) + old[4096...]
    let sources = [PatchSource(path: Array("old".utf8), offset: 0, length: 300_001)]
    let patch = try SourceIndex(sources: [old]).patch(to: new.rawSpan)
    let version = StreamVersion(base: base, revision: 1)
    var delta = StreamWriter(version: version)
    delta.writeHeader()
    let path = Array("f".utf8)
    let head = delta.bytes + snapshotCommand(version)
    delta.removeAll()
    try delta.writePatch(
      path: path.rawSpan, offset: 0, length: UInt64(new.count), sources: sources,
      clones: [PatchClone(offset: 4096, length: 295_905, sourceOffset: 4096)],
      data: patch.rawSpan)
    let plainVersion = StreamVersion(base: base)
    var plain = StreamWriter(version: plainVersion)
    plain.writeHeader()
    let plainHead = plain.bytes + snapshotCommand(plainVersion)
    plain.removeAll()
    try plain.normalWrites("f", 0, Array(new[..<4096]), base == 1 ? 49_152 : 131_072)
    try clone(&plain, 4096, 295_905, from: 4096)
    let expanded = try expand(
      head + delta.bytes + endCommand(version), MemoryTree(["old": old]), chunk: 1000)
    #expect(
      firstDifference(expanded, plainHead + plain.bytes + endCommand(plainVersion)) == nil)
  }

  @Test("What was written is read again, in the bytes of the format")
  func roundTrip() throws {
    var random = SeededGenerator.ofTest("PatchCloneTests.roundTrip")
    for _ in 0..<50 {
      let offset = UInt64.random(in: 0...100_000, using: &random)
      var at = (offset + 4095) / 4096 * 4096
      var clones: [PatchClone] = []
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        at += UInt64.random(in: 0...3, using: &random) * 4096
        let length = UInt64.random(in: 1...1000, using: &random) * 4096
        let place = UInt64.random(in: 0...(1 << 35), using: &random) * 4096
        clones.append(PatchClone(offset: at, length: length, sourceOffset: place))
        at += length
      }
      let cut = UInt64.random(in: 0...4095, using: &random)
      clones[clones.count - 1].length -= cut
      let path = Array("f".utf8)
      var writer = StreamWriter(version: StreamVersion(base: 2, revision: 1))
      try writer.writePatch(
        path: path.rawSpan, offset: offset, length: at - cut - offset,
        sources: [PatchSource(path: path, offset: 0, length: 9)], clones: clones,
        data: path.rawSpan)
      #expect(try parsed(Array(writer.bytes[Frame.headerLength...])) == clones)
    }
    let golden = [
      PatchClone(offset: 8192, length: 4096, sourceOffset: 0),
      PatchClone(offset: 12_288, length: 1, sourceOffset: 4096 * 1000),
    ]
    let path = Array("f".utf8)
    var writer = StreamWriter(version: StreamVersion(base: 2, revision: 1))
    try writer.writePatch(
      path: path.rawSpan, offset: 1, length: 12_288, sources: [], clones: golden, data: path.rawSpan
    )
    // One block on from the first whole one, one block, two back; at once, one block, 999 on.
    let value: [UInt8] = [1, 1, 3, 0, 1, 0xce, 0x0f]
    let attribute = tlv(.patchClones, value)
    #expect(Array(writer.bytes.suffix(attribute.count + 3).prefix(attribute.count)) == attribute)
  }

  private func parsed(_ payload: [UInt8]) throws -> [PatchClone] {
    let frame = Frame(
      kind: .patch, payload: payload.rawSpan, version: StreamVersion(base: 2, revision: 1),
      offset: 7)
    let command = try PatchCommand(parsing: frame)
    var (clones, all) = (command.clones, [PatchClone]())
    while let clone = try clones.next(in: 7) { all.append(clone) }
    return all
  }

  @Test("A list that lies is refused before anything of the patch is handed out")
  func lies() throws {
    var random = SeededGenerator.ofTest("PatchCloneTests.lies")
    let old = random.bytes(50_000)
    let offset = UInt64(17 + deltaSnapshot.count)
    var huge: [UInt8] = []
    huge.append(varint: .max)
    var far: [UInt8] = []
    far.append(varint: UInt64.max - 1)
    for value in [
      [], [0], [0, 1], [0, 0, 0], [0x80, 0, 1, 0], [13, 1, 0], [0, 14, 0], [12, 2, 0],
      [0, 1, 1], [1, 1, 3], [0, 1, 0, 0, 13, 0], [0, 13, 0, 0, 1, 0], huge + [1, 0],
      [0] + huge + [0], [0, 1] + huge, [0, 1] + far, [0, 1, 0, 0, 1] + far,
    ] as [[UInt8]] {
      let bytes = try delta(old, at: 0, old: old, clones: value)
      #expect(throws: DeltaStreamError.malformedPatch(.patchClones, offset: offset), "\(value)") {
        try expand(bytes, MemoryTree(["old": old]))
      }
    }
    // The same, right: all 13 blocks.
    _ = try expand(delta(old, at: 0, old: old, clones: [0, 13, 0]), MemoryTree(["old": old]))
  }

  @Test("Random lists never do more than throw, and shared parts stay in the range")
  func randomLists() throws {
    var random = SeededGenerator.ofTest("PatchCloneTests.randomLists")
    let old = random.bytes(50_000)
    let tree = MemoryTree(["old": old])
    var good = 0
    for _ in 0..<400 {
      let value = (0..<Int.random(in: 1...9, using: &random)).map { _ in
        UInt8.random(in: 0...6, using: &random)
      }
      guard let plain = try? expand(delta(old, at: 5000, old: old, clones: value), tree) else {
        continue
      }
      good += 1
      var at: UInt64 = 5000
      var reader = StreamReader(maximumBase: 2)
      reader.append(plain.rawSpan)
      while let element = try reader.next() {
        guard case .command(let frame) = element else { continue }
        switch try Command(parsing: frame) {
        case .write(_, let offset, let data):
          #expect(offset == at)
          at += UInt64(data.byteCount)
        case .clone(_, let offset, let length, let uuid, 5, _, let place):
          #expect(offset == at && offset % 4096 == 0 && place % 4096 == 0 && uuid == parentUUID)
          at += length
        default: break
        }
      }
      #expect(at == 55_000)
    }
    #expect(good > 20)
  }
}
