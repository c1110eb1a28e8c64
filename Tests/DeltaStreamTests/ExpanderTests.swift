import Bytes
import DeltaStream
import Linux
import SendStream
import TestSupport
import Testing

private func source(_ path: String, _ offset: UInt64, _ length: UInt64) -> PatchSource {
  PatchSource(path: Array(path.utf8), offset: offset, length: length)
}

/// A stream with patches of several kinds, from random old files.
func randomStream(base: UInt16, _ random: inout SeededGenerator) -> SampleStream {
  let (one, two) = (random.bytes(150_000), random.bytes(70_000))
  var changed = one
  for _ in 0..<50 { changed[Int.random(in: changed.indices, using: &random)] &+= 1 }
  let mixed = Array(two[20_000...]) + random.bytes(300) + Array(one[100_000..<140_000])
  let shifted = random.bytes(5) + one + random.bytes(131_072)
  return SampleStream(
    base: base,
    steps: [
      .file("o257-7-0"), .patch("o257-7-0", at: 0, changed, [source("dir/one", 0, 150_000)]),
      .file("o258-7-0"), .writes("o258-7-0", at: 777, Array(two[..<60_000])),
      .patch("a/b", at: 130_000, mixed, [source("two", 0, 70_000), source("dir/one", 0, 150_000)]),
      .patch(
        "a/c", at: 131_071, shifted,
        [source("dir/one", 0, 50_000), source("dir/one", 50_000, 100_000)]),
      .patch("a/d", at: 5, [1], [source("two", 69_999, 1)]),
    ], tree: MemoryTree(["dir/one": one, "two": two]))
}

@Suite("Expanding a delta stream")
struct ExpanderTests {
  @Test(
    "A delta stream with patches expands to exactly the plain stream",
    arguments: [1, 2] as [UInt16])
  func exact(base: UInt16) throws {
    var random = SeededGenerator.ofTest("ExpanderTests.exact")
    let sample = randomStream(base: base, &random)
    let (plain, delta) = (try sample.plain(), try sample.delta())
    #expect(delta.count < plain.count / 2)
    for chunk in [Int.max, 65_537, 1000] {
      let expanded = try expand(delta, sample.tree, chunk: chunk)
      #expect(firstDifference(expanded, plain) == nil)
    }
  }

  @Test(
    "What comes out is a stream that a reader of plain ones accepts", arguments: [1, 2] as [UInt16])
  func readable(base: UInt16) throws {
    var random = SeededGenerator.ofTest("ExpanderTests.readable")
    let sample = randomStream(base: base, &random)
    let contents = try StreamContents(
      expand(sample.delta(), sample.tree), reader: StreamReader(maximumBase: base))
    #expect(contents.versions == [StreamVersion(base: base)])
    #expect(contents.kinds.contains(.write))
    #expect(firstDifference(contents.written, contents.copied) == nil)
  }

  @Test("Commands of btrfs's own go through as they are", arguments: [1, 2] as [UInt16])
  func passThrough(base: UInt16) throws {
    // All but what follows the first subvolume's last command.
    let version = StreamVersion(base: base, revision: 1)
    var (delta, plain) = (
      StreamWriter(version: version), StreamWriter(version: StreamVersion(base: base))
    )
    delta.writeHeader()
    plain.writeHeader()
    var subvolumes = 0
    try SampleCommands.forEach { (command) throws(StreamError) in
      switch copy command {
      case .subvolume, .snapshot: subvolumes += 1
      default: break
      }
      if case .end = copy command { subvolumes = 1 }
      guard subvolumes == 1 else { return }
      try delta.write(command)
      try plain.write(command)
    }
    let expanded = try expand(delta.bytes, MemoryTree())
    #expect(firstDifference(expanded, plain.bytes) == nil)
  }

  @Test("An old file that is not there, or too short, is named")
  func parentFiles() throws {
    var random = SeededGenerator.ofTest("ExpanderTests.parentFiles")
    let sample = randomStream(base: 2, &random)
    let delta = try sample.delta()
    let path = Array("dir/one".utf8)
    var tree = sample.tree
    tree.files[path] = nil
    let error = SystemError(operation: "open", path: "dir/one", errno: .noSuchFile)
    #expect(throws: DeltaStreamError.source(path: path, error)) { try expand(delta, tree) }
    tree.files[path] = Array(repeating: 0, count: 149_999)
    let short = DeltaStreamError.sourceTooShort(path: path, length: 149_999, needed: 150_000)
    #expect(throws: short) { try expand(delta, tree) }
  }

  @Test("Other contents of an old file give other bytes of the same length")
  func changedParent() throws {
    var random = SeededGenerator.ofTest("ExpanderTests.changedParent")
    let sample = randomStream(base: 2, &random)
    let (plain, delta) = (try sample.plain(), try sample.delta())
    var tree = sample.tree
    tree.files[Array("dir/one".utf8)] = random.bytes(150_000)
    let expanded = try expand(delta, tree)
    #expect(expanded.count == plain.count)
    #expect(firstDifference(expanded, plain) != nil)
    tree = sample.tree
    tree.files[Array("dir/one".utf8), default: []] += [1, 2, 3]
    let longer = try expand(delta, tree)
    #expect(firstDifference(longer, plain) == nil)
  }

  @Test("SIZE has to be the length that the patch makes")
  func sizeLies() throws {
    for size in [1, 4, 6, 1 << 40, UInt64(Int64.max)] as [UInt64] {
      let delta = Self.patched(size: size)
      let offset = UInt64(17 + deltaSnapshot.count)
      #expect(throws: DeltaStreamError.malformedPatch(.size, offset: offset)) {
        try expand(delta, MemoryTree(["old": Array("hello".utf8)]))
      }
    }
  }

  @Test("A patch that is wrong is refused, and its command named")
  func wrongPatch() {
    let offset = UInt64(17 + deltaSnapshot.count)
    let tree = MemoryTree(["old": Array("hello".utf8)])
    for patch in [
      [], [1], [2, 5, 1, 1, 1, 1, 0, 0, 0, 0, 5, 0], [1, 5, 1, 1, 1, 1, 0, 0, 0, 0, 6, 0],
      [1, 5, 1, 1, 1, 1, 0, 0, 0, 0, 5, 2], [1, 5, 1, 1, 1, 1, 0, 0, 0, 0, 5, 0, 9],
    ] as [[UInt8]] {
      let error = #expect(throws: DeltaStreamError.self) {
        try expand(Self.patched(patch: patch), tree)
      }
      guard case .patch(_, path: [0x66], offset: offset) = error else {
        Issue.record("\(patch): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("Sources that are longer together than any number are refused")
  func sourcesOverflow() {
    var value: [UInt8] = [0, 0]
    value.append(varint: UInt64(Int64.max))
    let tree = StrangeTree(file: StrangeFile(length: .max))
    let attribute = tlv(.patchSource, value + [0x78])
    let delta = Self.patched(sources: attribute + attribute + attribute)
    let error = #expect(throws: DeltaStreamError.self) { try expand(delta, tree) }
    guard case .sourceTooShort(path: [0x78], _, needed: .max) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("An old file that ends before its length, or cannot be read, stops the expansion")
  func failingReads() {
    let delta = Self.patched()
    let path = Array("old".utf8)
    let short = StrangeTree(file: StrangeFile(length: 5, end: 3))
    #expect(throws: DeltaStreamError.sourceTooShort(path: path, length: 3, needed: 5)) {
      try expand(delta, short)
    }
    let error = SystemError(operation: "pread", path: "old", errno: .inputOutput)
    let failing = StrangeTree(file: StrangeFile(length: 5, error: error))
    #expect(throws: DeltaStreamError.source(path: path, error)) { try expand(delta, failing) }
  }

  @Test("A long patch is expanded a chunk at a time, and reads a little at a time")
  func boundedMemory() throws {
    let length: UInt64 = 3 << 20
    let file = StrangeFile(length: length)
    var expander = Expander(tree: StrangeTree(file: file), base: 2)
    let delta = Self.patched(length: length)
    var reader = StreamReader(maximumRevision: 1)
    reader.append(delta.rawSpan)
    var (total, longest) = (0 as UInt64, 0)
    while let element = try reader.next() {
      guard case .command(let frame) = element else { continue }
      try expander.begin(frame)
      while let plain = try expander.next() {
        longest = max(longest, plain.payload.byteCount)
        if case .write(_, let offset, let data) = try Command(parsing: plain) {
          #expect(offset == total)
          total += UInt64(data.byteCount)
        }
      }
    }
    #expect(total == length)
    #expect(longest == 131_072 + 5 + 12 + 2)
    #expect(file.longestRead <= 64 << 10)
  }

  @Test("Delta streams with random damage never do more than throw")
  func damage() throws {
    var random = SeededGenerator.ofTest("ExpanderTests.damage")
    let old = random.bytes(3000)
    let sample = SampleStream(
      base: 2,
      steps: [
        .file("f"),
        .patch("f", at: 131_000, Array(old[100...]) + [1, 2, 3], [source("old", 0, 3000)]),
        .writes("g", at: 3, [1, 2, 3, 4]),
        .patch("g", at: 9, Array(old[7..<300]), [source("old", 5, 9), source("old", 0, 1000)]),
      ], tree: MemoryTree(["old": old]))
    let delta = try sample.delta()
    var outcomes = (good: 0, refused: 0)
    for _ in 0..<1500 {
      var bytes = delta
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 17..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
        case 2: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 3: bytes[at] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        default: bytes[at] = UInt8.random(in: 0...255, using: &random)
        }
      }
      do throws(DeltaStreamError) {
        _ = try expand(bytes, sample.tree)
        outcomes.good += 1
      } catch { outcomes.refused += 1 }
    }
    #expect(outcomes.refused > outcomes.good)
  }

  @Test("Random attributes of a PATCH never do more than throw")
  func randomPatches() {
    var random = SeededGenerator.ofTest("ExpanderTests.randomPatches")
    let tree = MemoryTree(["old": Array("hello".utf8)])
    for _ in 0..<1500 {
      let payload = random.bytes(Int.random(in: 0...60, using: &random))
      let command = rawCommand(.patch, payload, checksum: 0)
      #expect(throws: DeltaStreamError.self) {
        try expand(deltaHeader() + deltaSnapshot + command + deltaEnd, tree)
      }
    }
  }

  /// A delta stream with one PATCH, of "f"; it makes "hello" of "old".
  private static func patched(
    size: UInt64 = 5, patch: [UInt8] = [1, 5, 1, 1, 1, 1, 0, 0, 0, 0, 5, 0],
    sources: [UInt8] = tlv(.patchSource, [0, 0, 5] + Array("old".utf8))
  ) -> [UInt8] {
    deltaHeader() + deltaSnapshot
      + rawCommand(
        .patch, tlv(.path, "f"), tlv(.fileOffset, number: UInt64(0)), tlv(.size, number: size),
        sources, tlvToEnd(.patchData, patch), checksum: 0) + deltaEnd
  }

  /// The same with a longer file: one copy of all of it.
  private static func patched(length: UInt64) -> [UInt8] {
    var (number, source) = ([UInt8](), [0, 0] as [UInt8])
    number.append(varint: length)
    source.append(varint: length)
    let patch =
      [1] + number + [1, 1, UInt8(number.count), 1, 0, 0, 0, 0] + number + [0]
    return patched(
      size: length, patch: patch, sources: tlv(.patchSource, source + Array("old".utf8)))
  }
}
