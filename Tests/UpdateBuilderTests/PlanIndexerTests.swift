import Bytes
import DeltaStream
import SendStream
import TestSupport
import Testing

@testable import UpdateBuilder

/// Hands commands to an indexer, each at the place that it would have in a stream.
private struct Plan {
  var indexer: PlanIndexer
  var offset: UInt64 = 17
  let version: StreamVersion

  init(base: UInt16 = 2, hasParent: Bool = true) {
    version = StreamVersion(base: base)
    indexer = PlanIndexer(hasParent: hasParent, form: NormalForm(base: base))
  }

  @discardableResult
  mutating func add(_ command: borrowing Command) throws -> UInt64 {
    var writer = StreamWriter(version: version)
    try writer.write(command)
    var reader = StreamReader(continuing: version, insideSubvolume: true)
    reader.append(writer.bytes.rawSpan)
    let start = offset
    if case .command(let frame)? = try reader.next() {
      try indexer.add(
        Frame(kind: frame.kind, payload: frame.payload, version: version, offset: offset))
    }
    offset += UInt64(writer.bytes.count)
    return start
  }

  @discardableResult
  mutating func write(_ path: String, _ offset: UInt64, _ count: Int) throws -> UInt64 {
    let (path, data) = (Array(path.utf8), [UInt8](repeating: 1, count: count))
    return try add(.write(path: path.rawSpan, offset: offset, data: data.rawSpan))
  }

  /// A clone from the parent, or from another subvolume.
  @discardableResult
  mutating func clone(
    _ path: String, _ offset: UInt64, _ length: UInt64, from source: String = "old",
    _ place: UInt64 = 0, parent: Bool = true
  ) throws -> UInt64 {
    let (path, source) = (Array(path.utf8), Array(source.utf8))
    return try add(
      .clone(
        path: path.rawSpan, offset: offset, length: length,
        sourceUUID: parent ? Self.parent : SubvolumeUUID.none, sourceCtransid: 1,
        sourcePath: source.rawSpan, sourceOffset: place))
  }

  private static let parent = SubvolumeUUID([UInt8](repeating: 7, count: 16).rawSpan) ?? .none

  mutating func snapshot() throws {
    let path = Array("v2".utf8)
    try add(
      .snapshot(
        path: path.rawSpan, uuid: .none, ctransid: 1, parentUUID: Self.parent, parentCtransid: 1))
  }

  mutating func makeFile(_ path: String) throws {
    let path = Array(path.utf8)
    try add(.makeFile(path: path.rawSpan, inode: 300))
  }

  mutating func rename(_ path: String, _ other: String) throws {
    let (path, other) = (Array(path.utf8), Array(other.utf8))
    try add(.rename(path: path.rawSpan, to: other.rawSpan))
  }

  mutating func unlink(_ path: String) throws {
    let path = Array(path.utf8)
    try add(.unlink(path: path.rawSpan))
  }
}

@Suite("Finding the runs of a plan")
struct PlanIndexerTests {
  @Test("Writes that follow each other are one run; anything between them ends it")
  func runs() throws {
    var plan = Plan()
    let first = try plan.write("f", 100, 1000)
    try plan.write("f", 1100, 500)
    let second = try plan.write("f", 1601, 10)
    let third = try plan.write("g", 1611, 10)
    try plan.rename("g", "h")
    let fourth = try plan.write("g", 1621, 10)
    let runs = plan.indexer.finish()
    #expect(runs.map(\.streamOffset) == [first, second, third, fourth])
    #expect(runs.map(\.offset) == [100, 1601, 1611, 1621])
    #expect(runs.map(\.length) == [1500, 10, 10, 10])
    #expect(runs.map(\.end) == [1600, 1611, 1621, 1631])
    #expect(runs.map(\.path) == ["f", "f", "g", "g"].map { Array($0.utf8) })
    #expect(plan.indexer.metadataCommands == 1)
  }

  @Test("What later patches may copy from is new, whole, and not changed any more")
  func wholeNewFiles() throws {
    func isWhole(
      makes: Bool = true, from offset: UInt64 = 0, _ change: (inout Plan) throws -> Void
    ) throws -> Bool? {
      var plan = Plan()
      try plan.snapshot()
      if makes { try plan.makeFile("f") }
      try plan.write("f", offset, 5000)
      try change(&plan)
      return plan.indexer.finish().first?.isWholeNewFile
    }
    let name = Array("f".utf8)
    #expect(try isWhole { _ in } == true)
    #expect(try isWhole { try $0.add(.truncate(path: name.rawSpan, size: 5000)) } == true)
    #expect(try isWhole { try $0.rename("f", "g") } == true)
    #expect(try isWhole(makes: false) { _ in } == false)
    #expect(try isWhole(from: 1) { _ in } == false)
    #expect(try isWhole { try $0.unlink("f") } == false)
    #expect(try isWhole { try $0.add(.truncate(path: name.rawSpan, size: 4999)) } == false)
    #expect(try isWhole { try $0.add(.truncate(path: name.rawSpan, size: 5001)) } == false)
    #expect(try isWhole { try $0.write("f", 6000, 1) } == false)
    #expect(
      try isWhole {
        try $0.write("g", 0, 1)
        try $0.write("f", 3, 9)
      } == false)
    #expect(try isWhole { try $0.clone("f", 0, 4096, parent: false) } == false)
  }

  @Test("Clones from one file of the parent belong to the run, others end it")
  func clones() throws {
    var plan = Plan()
    try plan.snapshot()
    let first = try plan.clone("f", 0, 8192, from: "old", 4096)
    try plan.write("f", 8192, 4096)
    try plan.clone("f", 12_288, 4096, from: "old", 40_960)
    try plan.write("f", 16_384, 10)
    try plan.write("g", 0, 4096)
    let other = try plan.clone("g", 4096, 4096, from: "other")
    try plan.write("g", 8192, 1)
    try plan.clone("h", 0, 4096)
    try plan.write("i", 0, 4096)
    try plan.clone("i", 4096, 4096, from: "third", parent: false)
    let last = try plan.write("i", 8192, 1)
    try plan.write("j", 0, 4096)
    try plan.clone("j", 4096, 4096, from: "old")
    try plan.clone("j", 8192, 4096, from: "other")
    try plan.write("j", 12_288, 1)
    let runs = plan.indexer.finish()
    #expect(runs.map(\.path) == ["f", "g", "i", "i", "j", "j"].map { Array($0.utf8) })
    #expect(runs[0].streamOffset == first && runs[0].end == 16_394)
    #expect(
      runs[0].clones == [
        PatchClone(offset: 0, length: 8192, sourceOffset: 4096),
        PatchClone(offset: 12_288, length: 4096, sourceOffset: 40_960),
      ])
    #expect(runs[0].cloneSource == Array("old".utf8))
    // The first file to share with is the run's: "g" goes on, and has one.
    #expect(runs[1].clones.count == 1 && runs[1].end == 8193)
    #expect(runs[1].cloneSource == Array("other".utf8) && runs[1].streamOffset < other)
    #expect(runs[2].clones.isEmpty && runs[3].streamOffset == last)
    #expect(runs[4].clones.count == 1 && runs[5].clones.count == 1)
    #expect(plan.indexer.dataBytes == 4096 * (1 + 1 + 1 + 1 + 1 + 1 + 1 + 1))
  }

  @Test("Whether a run ends its file is known of files that the stream made")
  func ends() throws {
    var plan = Plan()
    try plan.makeFile("new")
    try plan.write("new", 0, 10)
    try plan.write("new", 20, 10)
    try plan.write("old", 0, 10)
    try plan.makeFile("longer")
    let path = Array("longer".utf8)
    try plan.add(.truncate(path: path.rawSpan, size: 11))
    try plan.write("longer", 0, 10)
    #expect(plan.indexer.finish().map(\.endsFile) == [true, true, false, false])
  }

  @Test("A run is cut every 512 chunks of the file", arguments: [1, 2] as [UInt16])
  func longRuns(base: UInt16) throws {
    let chunk = UInt64(NormalForm(base: base).chunkLength)
    let limit = chunk * 512
    var plan = Plan(base: base)
    // Two chunks before the cut to two behind it, then the same again at the next.
    for start in [limit, 2 * limit] {
      for index in 0..<4 as Range<UInt64> {
        try plan.write("f", start - 2 * chunk + index * chunk, Int(chunk))
      }
    }
    try plan.write("f", 2 * limit + 2 * chunk, 1)
    let runs = plan.indexer.finish()
    #expect(runs.map(\.offset) == [limit - 2 * chunk, limit, 2 * limit - 2 * chunk, 2 * limit])
    #expect(runs.map(\.length) == [2 * chunk, 2 * chunk, 2 * chunk, 2 * chunk + 1])
  }

  @Test("Data is counted in the blocks that it lies in")
  func dataBytes() throws {
    var plan = Plan()
    try plan.write("a", 0, 1)
    try plan.write("b", 0, 4096)
    try plan.write("c", 4095, 2)
    try plan.write("d", 4097, 4096)
    _ = plan.indexer.finish()
    #expect(plan.indexer.dataBytes == 4096 * (1 + 1 + 2 + 2))
  }

  @Test("A run knows what its file was and what it will be called")
  func names() throws {
    var plan = Plan()
    try plan.makeFile("o300-7-0")
    try plan.write("o300-7-0", 0, 10)
    try plan.rename("o300-7-0", "usr/new")
    try plan.write("usr/old", 0, 10)
    try plan.rename("usr", "usr2")
    try plan.write("usr2/more", 0, 10)
    try plan.write("gone", 0, 10)
    try plan.unlink("gone")
    let runs = plan.indexer.finish()
    let text = { (path: [UInt8]?) in path.map { String(decoding: $0, as: UTF8.self) } }
    #expect(runs.map { text($0.origin) } == [nil, "usr/old", "usr/more", "gone"])
    #expect(runs.map { text($0.finalPath) } == ["usr2/new", "usr2/old", "usr2/more", nil])
  }

  @Test("Commands that no update carries are refused")
  func unsupported() throws {
    var plan = Plan()
    let path = Array("f".utf8)
    let error = #expect(throws: BuildError.self) {
      try plan.add(.updateExtent(path: path.rawSpan, offset: 0, size: 1))
    }
    guard case .unsupportedCommand(.updateExtent) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}

@Suite("Which runs are worked on together")
struct ShrinkJobTests {
  private func run(
    _ path: String, _ finalPath: String? = nil, length: UInt64 = 10
  ) -> WrittenRun {
    WrittenRun(
      streamOffset: 0, path: Array(path.utf8), offset: 0, length: length, origin: nil,
      finalPath: finalPath.map { Array($0.utf8) })
  }

  @Test("Those of one file that follow each other; every run is in one job")
  func grouping() {
    let runs = [
      run("a"), run("a"), run("b"), run("a"), run("a", "x"), run("a", "x"), run("a", "y"),
    ]
    #expect(ShrinkJob.jobs(of: runs).map(\.runs) == [0..<2, 2..<3, 3..<4, 4..<6, 6..<7])
    #expect(ShrinkJob.jobs(of: []).isEmpty)
    #expect(ShrinkJob.jobs(of: [run("a")]).map(\.runs) == [0..<1])
  }

  @Test("They do not write more than can be kept in memory, but for a single one")
  func lengths() {
    let runs = Array(repeating: run("a", length: 64 << 20), count: 10)
    #expect(ShrinkJob.jobs(of: runs).map(\.runs) == [0..<4, 4..<8, 8..<10])
    let long = [run("a"), run("a", length: 1 << 40), run("a", length: .max), run("a")]
    #expect(ShrinkJob.jobs(of: long).map(\.runs) == [0..<1, 1..<2, 2..<3, 3..<4])
    let many = Array(repeating: run("a"), count: 5000)
    #expect(ShrinkJob.jobs(of: many).map(\.runs) == [0..<5000])
  }
}
