import BinaryDiff
import Bytes
import DeltaStream
import Linux
import SendStream
import TestSupport
import Testing
import UpdateFile

/// A delta stream and the plain one, made command by command.
private struct Twin {
  let base: UInt16
  private(set) var delta: [UInt8]
  private(set) var plain: [UInt8]

  init(base: UInt16, isFull: Bool = false) throws {
    self.base = base
    let (own, stock) = (StreamVersion(base: base, revision: 1), StreamVersion(base: base))
    var (delta, plain) = (StreamWriter(version: own), StreamWriter(version: stock))
    delta.writeHeader()
    plain.writeHeader()
    self.delta = delta.bytes + (isFull ? rawSubvolume(checksum: 0) : snapshotCommand(own))
    self.plain = plain.bytes + (isFull ? rawSubvolume() : snapshotCommand(stock))
  }

  mutating func add(_ body: (inout StreamWriter) throws -> Void) throws {
    try addDelta(body)
    try addPlain(body)
  }

  mutating func addDelta(_ body: (inout StreamWriter) throws -> Void) throws {
    var writer = StreamWriter(version: StreamVersion(base: base, revision: 1))
    try body(&writer)
    delta += writer.bytes
  }

  mutating func addPlain(_ body: (inout StreamWriter) throws -> Void) throws {
    var writer = StreamWriter(version: StreamVersion(base: base))
    try body(&writer)
    plain += writer.bytes
  }

  var chunk: UInt64 { base == 1 ? 49_152 : 131_072 }

  /// Adds a patch of a file from its start on; gives where in the plain stream it is.
  @discardableResult
  mutating func patch(
    _ path: String, _ bytes: [UInt8], from old: [(PatchSource, [UInt8])],
    clones: [PatchClone] = []
  ) throws -> UInt64 {
    let position = UInt64(plain.count)
    let data = try SourceIndex(sources: old.map(\.1)).patch(to: bytes.rawSpan)
    let (name, parent) = (Array(path.utf8), Array(16..<32) as [UInt8])
    let uuid = SubvolumeUUID(parent.rawSpan) ?? .none
    try addDelta {
      try $0.writePatch(
        path: name.rawSpan, offset: 0, length: UInt64(bytes.count), sources: old.map(\.0),
        clones: clones, data: data.rawSpan)
    }
    var at: UInt64 = 0
    let source = old[0].0.path
    for clone in clones + [PatchClone(offset: UInt64(bytes.count), length: 0, sourceOffset: 0)] {
      let written = Array(bytes[Int(at)..<Int(clone.offset)])
      try addPlain { [chunk] in try $0.normalWrites(path, at, written, chunk) }
      at = clone.end
      guard clone.length > 0 else { break }
      try addPlain {
        try $0.write(
          .clone(
            path: name.rawSpan, offset: clone.offset, length: clone.length,
            sourceUUID: uuid, sourceCtransid: 5, sourcePath: source.rawSpan,
            sourceOffset: clone.sourceOffset))
      }
    }
    return position
  }

  mutating func rename(_ from: String, _ to: String) throws {
    let (from, to) = (Array(from.utf8), Array(to.utf8))
    try add { try $0.write(.rename(path: from.rawSpan, to: to.rawSpan)) }
  }

  mutating func end() throws { try add { try $0.write(.end) } }
}

private func old(_ path: String, _ bytes: [UInt8]) -> (PatchSource, [UInt8]) {
  (PatchSource(path: Array(path.utf8), offset: 0, length: UInt64(bytes.count)), bytes)
}

private func new(
  _ path: String, _ bytes: [UInt8], at position: UInt64, _ range: Range<Int>? = nil
) -> (PatchSource, [UInt8]) {
  let range = range ?? 0..<bytes.count
  let source = PatchSource(
    tree: .new(writtenAt: position), path: Array(path.utf8), offset: UInt64(range.lowerBound),
    length: UInt64(range.count))
  return (source, Array(bytes[range]))
}

/// A directory with a parent's files, and room for a stream.
private final class Place {
  let directory: TemporaryDirectory

  init(_ files: [String: [UInt8]] = [:]) throws {
    directory = try TemporaryDirectory()
    for (name, bytes) in files {
      let file = try directory.open().open(
        beneath: name, [.writeOnly, .create, .exclusive], permissions: 0o600)
      try file.write(bytes.rawSpan)
    }
  }

  func tree(_ stream: PlainStreamFile?) throws -> ExpansionTree {
    ExpansionTree(parent: try ParentTree(root: directory.open()), stream: stream)
  }

  func kept(base: UInt16) throws -> ExpansionTree {
    try tree(PlainStreamFile(keepingIn: empty(), base: base))
  }

  func empty() throws -> Descriptor {
    try directory.open().open(
      beneath: "stream-\(UInt64.random(in: 0...UInt64.max))", [.readWrite, .create, .exclusive],
      permissions: 0o600)
  }
}

@Suite("Patches from files of the new tree")
struct NewSourceTests {
  /// A stream with files that are made of each other and of an old one.
  private func sample(
    base: UInt16, _ random: inout SeededGenerator
  ) throws -> (twin: Twin, files: [String: [UInt8]]) {
    let first = random.bytes(300_000)
    var twin = try Twin(base: base)
    try twin.add { try $0.makeFile("o257-7-0") }
    // One that is patched itself, and shared in the middle.
    var one = first
    for _ in 0..<50 { one[Int.random(in: 250_000..<300_000, using: &random)] &+= 1 }
    let shared = [PatchClone(offset: 8192, length: 204_800, sourceOffset: 8192)]
    let oneAt = try twin.patch("o257-7-0", one, from: [old("one", first)], clones: shared)
    try twin.rename("o257-7-0", "dir/one")
    try twin.add { try $0.makeFile("two") }
    let two = random.bytes(1000) + one[100_000...] + random.bytes(7)
    let twoAt = try twin.patch("two", two, from: [new("dir/one", one, at: oneAt)])
    try twin.rename("dir", "directory")
    try twin.add { try $0.makeFile("three") }
    let three = Array(two[500..<2000] + first[7..<9000] + one[200_000..<260_000])
    try twin.patch(
      "three", three,
      from: [
        new("two", two, at: twoAt, 400..<3000), old("one", first),
        new("directory/one", one, at: oneAt, 190_000..<270_000),
      ])
    try twin.end()
    return (twin, ["one": first])
  }

  @Test(
    "The stream expands to the plain one, read from what came before",
    arguments: [1, 2] as [UInt16])
  func exact(base: UInt16) throws {
    var random = SeededGenerator.ofTest("NewSourceTests.exact")
    let (twin, files) = try sample(base: base, &random)
    #expect(twin.delta.count < 8000)
    let place = try Place(files)
    for chunk in [Int.max, 1000] {
      let kept = try expand(twin.delta, place.kept(base: base), chunk: chunk)
      #expect(firstDifference(kept, twin.plain) == nil)
    }
    let file = try place.empty()
    try file.write(twin.plain.rawSpan)
    let there = try expand(
      twin.delta, place.tree(PlainStreamFile(whole: file, base: base)))
    #expect(firstDifference(there, twin.plain) == nil)
  }

  @Test("What has no parent is patched from its own files")
  func full() throws {
    var random = SeededGenerator.ofTest("NewSourceTests.full")
    let one = random.bytes(200_000)
    var twin = try Twin(base: 2, isFull: true)
    let at = UInt64(twin.plain.count)
    let chunk = twin.chunk
    try twin.add { try $0.normalWrites("one", 0, one, chunk) }
    try twin.patch("two", Array(one[5...]), from: [new("one", one, at: at)])
    try twin.end()
    let place = try Place()
    let tree = ExpansionTree(
      parent: nil, stream: PlainStreamFile(keepingIn: try place.empty(), base: 2))
    let expanded = try expand(twin.delta, tree)
    #expect(firstDifference(expanded, twin.plain) == nil)
  }

  /// A stream with one file, and a patch from it that says so.
  private func lying(
    _ source: PatchSource, at offset: UInt64 = 0, clones: [PatchClone] = []
  ) throws -> (delta: [UInt8], patchAt: UInt64) {
    var twin = try Twin(base: 2)
    let bytes = [UInt8](repeating: 7, count: 10_000)
    try twin.add { try $0.normalWrites("one", offset, bytes, 131_072) }
    let patchAt = UInt64(twin.delta.count)
    let fill = [UInt8](repeating: 7, count: Int(source.length))
    try twin.patch("two", fill, from: [(source, fill)], clones: clones)
    try twin.end()
    return (twin.delta, patchAt)
  }

  private func source(
    at position: UInt64, from offset: UInt64 = 0, _ length: UInt64
  ) -> PatchSource {
    PatchSource(
      tree: .new(writtenAt: position), path: Array("one".utf8), offset: offset, length: length)
  }

  /// Where the only file of ``lying(_:at:clones:)`` is written, and where the patch stands.
  private var written: UInt64 {
    UInt64(17 + snapshotCommand(StreamVersion(base: 2)).count)
  }

  @Test("A source that is written at the patch, or behind it, is refused")
  func later() throws {
    let place = try Place()
    let end = written + 10 + 7 + 12 + 2 + 10_000
    for position in [end, end + 1, 1 << 40, .max] as [UInt64] {
      let (delta, patchAt) = try lying(source(at: position, 10_000))
      let error = DeltaStreamError.sourceNotWritten(path: Array("one".utf8), offset: patchAt)
      #expect(throws: error) { try expand(delta, place.kept(base: 2)) }
    }
  }

  @Test("A place where no file begins is refused, be it a command or not")
  func noFile() throws {
    let place = try Place()
    let error = DeltaStreamError.source(
      path: Array("one".utf8), SystemError(operation: "open", path: "one", errno: .noSuchFile))
    for position in [0, 1, 17, 18, written - 1, written + 1, written + 500] as [UInt64] {
      let (delta, _) = try lying(source(at: position, 10_000))
      #expect(throws: error, "\(position)") { try expand(delta, place.kept(base: 2)) }
    }
    let (delta, _) = try lying(source(at: written, 10_000), at: 1)
    #expect(throws: error) { try expand(delta, place.kept(base: 2)) }
  }

  @Test("A file that is not complete is too short for what is copied from it")
  func incomplete() throws {
    let place = try Place()
    for (offset, length) in [(0, 10_001), (9_999, 2), (10_000, 1), (1 << 40, 5)]
      as [(UInt64, UInt64)]
    {
      let (delta, _) = try lying(source(at: written, from: offset, length))
      let error = DeltaStreamError.sourceTooShort(
        path: Array("one".utf8), length: 10_000, needed: offset + length)
      #expect(throws: error) { try expand(delta, place.kept(base: 2)) }
    }
    let (delta, _) = try lying(source(at: written, from: 9_000, 1_000))
    _ = try expand(delta, place.kept(base: 2))
  }

  @Test("Nothing is shared with a file of the new tree")
  func noClones() throws {
    let place = try Place()
    let clones = [PatchClone(offset: 0, length: 4096, sourceOffset: 0)]
    let (delta, patchAt) = try lying(source(at: written, 10_000), clones: clones)
    #expect(throws: DeltaStreamError.malformedPatch(.patchClones, offset: patchAt)) {
      try expand(delta, place.kept(base: 2))
    }
  }

  @Test("Where nothing is kept, there is no such file")
  func notKept() throws {
    let place = try Place()
    let (delta, _) = try lying(source(at: written, 10_000))
    for error in [
      #expect(throws: DeltaStreamError.self) { try expand(delta, place.tree(nil)) },
      #expect(throws: DeltaStreamError.self) { try expand(delta, MemoryTree()) },
    ] {
      guard case .source(_, let system) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(system.errno == Errno.noSuchFile)
    }
  }

  @Test("An update has to say in its manifest that it has such patches")
  func feature() throws {
    var random = SeededGenerator.ofTest("NewSourceTests.feature")
    let (twin, files) = try sample(base: 2, &random)
    let section = SampleSection(delta: Array(twin.delta[17...]), plain: twin.plain)
    var update = try SampleUpdate([section])
    let place = try Place(files)
    let error = #expect(throws: UpdateExpansionError.self) {
      try update.expanded(try place.kept(base: 2))
    }
    guard case .deltaStream(.malformedPatch(.patchSource, _)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    update.manifest.requiredFeatures = [PatchSource.newTreeFeature]
    let expanded = try update.expanded(try place.kept(base: 2))
    #expect(firstDifference(expanded, twin.plain) == nil)
  }

  @Test("Random places, and random damage, never do more than throw")
  func damage() throws {
    var random = SeededGenerator.ofTest("NewSourceTests.damage")
    let (twin, files) = try sample(base: 2, &random)
    let place = try Place(files)
    var outcomes = (good: 0, refused: 0)
    for _ in 0..<400 {
      var bytes = twin.delta
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 17..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      let tree = try place.kept(base: 2)
      do throws(DeltaStreamError) {
        _ = try expand(bytes, tree)
        outcomes.good += 1
      } catch { outcomes.refused += 1 }
    }
    #expect(outcomes.refused > 0)
    for _ in 0..<200 {
      let position = UInt64.random(in: 0...(written + 12_000), using: &random)
      let (delta, _) = try lying(source(at: position, 10_000))
      if position != written {
        #expect(throws: DeltaStreamError.self) { try expand(delta, place.kept(base: 2)) }
      }
    }
  }
}
