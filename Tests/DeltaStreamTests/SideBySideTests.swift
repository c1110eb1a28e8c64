import BinaryDiff
import Bytes
import Recompress
import SendStream
import TestSupport
import Testing
import UpdateFile

@testable import DeltaStream

/// Files that are opened and others, one behind the other, as an update with several sections.
private struct ManyFiles {
  var update: SampleUpdate
  let tree: MemoryTree
  let plain: [UInt8]

  /// - Parameter breaking: the file whose recipe lies.
  init(breaking: Int? = nil) throws {
    let samples = try Self.samples.get()
    var files: [String: [UInt8]] = [:]
    for (index, sample) in samples.enumerated() { files["old\(index)"] = sample.old }
    tree = MemoryTree(files)
    let stream = SampleStream(
      base: 2,
      steps: samples.enumerated().flatMap { index, sample in
        [Step.file("new\(index)"), .writes("new\(index)", at: 0, sample.new)]
      }, tree: tree)
    plain = try stream.plain()
    let steps = try stream.plainSteps(stream.steps[...])
    var sections = [SampleSection(delta: deltaSnapshot, plain: plain.prefix(17) + steps[0])]
    for (index, sample) in samples.enumerated() {
      if index % 11 == 10 { sections.append(SampleSection(delta: [], plain: [])) }
      sections[sections.count - 1].delta += try Self.delta(
        sample, index, isBroken: index == breaking)
      sections[sections.count - 1].plain += steps[2 * index + 1] + steps[2 * index + 2]
    }
    sections[sections.count - 1].delta += deltaEnd
    sections[sections.count - 1].plain += steps[steps.count - 1]
    update = try SampleUpdate(sections)
    update.manifest.requiredFeatures = [Manifest.recompressionFeature]
    update.manifest.recompression = try Self.recompression(samples)
  }

  private static let samples = Result {
    var random = SeededGenerator.ofTest("side by side")
    return try (0..<26).map { index in
      let length = Int.random(in: 2000...9000, using: &random)
      let container: OpenedSample.Container =
        index % 3 == 0 ? .xz : index % 7 == 5 ? .nested : .gzip
      var sample = try OpenedSample(container, count: length)
      sample.sources[0].path = Array("old\(index)".utf8)
      return sample
    }
  }

  private static func recompression(
    _ samples: [OpenedSample]
  ) throws -> Manifest.Recompression {
    var all = Manifest.Recompression(memory: 0, room: 1 << 24, seconds: 1, samples: [])
    for one in try samples.map({ try $0.recompression() }) {
      all.memory = max(all.memory, one.memory)
      all.samples += one.samples.filter { !all.samples.contains($0) }
    }
    all.samples.sort { $0.recipe.lexicographicallyPrecedes($1.recipe) }
    return all
  }

  /// A file's commands: some files are not opened, or keep their view, and so must wait for their turn.
  private static func delta(
    _ sample: OpenedSample, _ index: Int, isBroken: Bool
  ) throws -> [UInt8] {
    var writer = StreamWriter(version: StreamVersion(base: 2, revision: 1))
    let path = Array("new\(index)".utf8)
    try writer.makeFile("new\(index)")
    var sources = sample.sources
    var data: [UInt8]
    if index % 5 == 4 {
      sources[0].length = UInt64(sample.old.count)
      data = try SourceIndex(sources: [sample.old]).patch(to: sample.new.rawSpan)
    } else {
      var patch = try sample.patch()
      patch.keepsView = index % 6 == 1
      if isBroken {
        patch.layout?.regions[0].length -= 1
        patch.layout?.length -= 1
      }
      data = patch.encoded
    }
    try writer.writePatch(
      path: path.rawSpan, offset: 0, length: UInt64(sample.new.count - (isBroken ? 1 : 0)),
      sources: sources, data: data.rawSpan, isOpened: index % 5 != 4)
    return writer.bytes
  }
}

@Suite("Files that are made side by side")
struct SideBySideTests {
  @Test("The plain stream is the same, however much memory there is to spare")
  func same() throws {
    let sample = try ManyFiles()
    for spare in [0, 28, 40, 64, 512] {
      let plain = try sample.update.expanded(sample.tree, spareMemory: UInt64(spare) << 20)
      #expect(firstDifference(plain, sample.plain) == nil)
    }
  }

  @Test("An expansion can be cut where a section ends, and goes on there")
  func cuts() throws {
    let sample = try ManyFiles()
    let (plain, cuts) = try sample.update.expanded(
      sample.tree, spareMemory: 512 << 20, from: .start)
    #expect(firstDifference(plain, sample.plain) == nil)
    #expect(cuts.count == 2)
    for cut in cuts {
      let rest = try sample.update.expanded(sample.tree, spareMemory: 512 << 20, from: cut)
      #expect(sample.plain.suffix(1000) == rest.plain.suffix(1000))
    }
  }

  @Test(
    "What goes wrong beside is the error of its file", arguments: [0, 10, 21])
  func errors(index: Int) throws {
    let sample = try ManyFiles(breaking: index)
    for spare in [0, 512] {
      #expect {
        try sample.update.expanded(sample.tree, spareMemory: UInt64(spare) << 20)
      } throws: { error in
        guard
          case .deltaStream(.opening(.failed(.recipeMismatch), let path))? =
            error as? UpdateExpansionError
        else { return false }
        return path == Array("new\(index)".utf8)
      }
    }
  }

  @Test(
    "The next command is taken behind a file that the pool makes, not beside a patch that runs in its turn",
    arguments: [false, true])
  func accepts(keepsView: Bool) throws {
    let sample = try OpenedSample(.xz, count: 100_000)
    var patch = try sample.patch()
    patch.keepsView = keepsView
    var reader = StreamReader(maximumBase: 2, maximumRevision: 1)
    let delta = try sample.delta(patch)
    reader.append(delta.rawSpan)
    let opening = OpeningLimits(threads: 2, spareMemory: 512 << 20)
    var expander = Expander(tree: sample.tree, base: 2, CommandOrder(), opening: opening)
    for _ in 0..<3 { try Self.begin(&reader, &expander) }
    let before = Self.isIdleAndAccepts(expander)
    #expect(before == [true, true])
    try Self.begin(&reader, &expander)
    let begun = Self.isIdleAndAccepts(expander)
    #expect(begun == [false, !keepsView])
    // Waits in its turn.
    let isMade = try expander.advance(waiting: false)
    if keepsView { #expect(isMade) }
    while try expander.advance() {}
    let after = Self.isIdleAndAccepts(expander)
    #expect(after == [true, true])
  }

  private static func isIdleAndAccepts(_ expander: borrowing Expander<MemoryTree>) -> [Bool] {
    [expander.isIdle, expander.accepts]
  }

  /// Hands the next element over, and takes what comes of it unless it is a PATCH.
  private static func begin(
    _ reader: inout StreamReader, _ expander: inout Expander<MemoryTree>
  ) throws {
    let element: StreamElement
    guard let next = try reader.next() else { return }
    element = next
    guard case .command(let frame) = element else { return }
    try expander.begin(frame)
    let isPatch = frame.kind == .patch
    while !isPatch, try expander.advance() {}
  }

  @Test("An old file that is another one is noticed")
  func otherParent() throws {
    let sample = try ManyFiles()
    let key = Array("old12".utf8)
    var tree = sample.tree
    tree.files[key]?[400] ^= 1
    #expect(throws: UpdateExpansionError.self) {
      try sample.update.expanded(tree, spareMemory: 512 << 20)
    }
  }
}
