import Bytes
import Crypto
import DeltaStream
import Linux
import SendStream
import Signing
import TestSupport
import Testing
import UpdateFile

@Suite("Expanding an update file")
struct UpdateExpansionTests {
  /// A stream with two patches and a file as it is.
  private static func sample(base: UInt16 = 2) -> SampleStream {
    var random = SeededGenerator(seed: 7)
    let old = random.bytes(5_000)
    let source = [PatchSource(path: Array("old".utf8), offset: 0, length: 5_000)]
    return SampleStream(
      base: base,
      steps: [
        .file("a"), .patch("a", at: 0, Array(old[50...]) + [1, 2], source),
        .writes("b", at: 131_000, random.bytes(700)),
        .patch("c", at: 49_000, Array(old.reversed().prefix(9) + old), source),
      ], tree: MemoryTree(["old": old]))
  }

  private static func update(_ sample: SampleStream, cutBefore cuts: [Int] = []) throws
    -> SampleUpdate
  {
    try SampleUpdate(SampleUpdate.sections(sample, cutBefore: cuts), base: sample.base)
  }

  @Test(
    "A signed file gives the plain stream, from its first byte to its last",
    arguments: [1, 2] as [UInt16])
  func wholeFile(base: UInt16) throws {
    let sample = Self.sample(base: base)
    let key = try SigningKey.generate()
    let file = try Self.update(sample).file(signedBy: key)
    var reader = HeadReader()
    while reader.wanted > 0 {
      let start = reader.length
      try reader.append(file.rawSpan.extracting(start..<start + reader.wanted))
    }
    let payloadStart = reader.length
    let verified = try reader.finish().verified(by: [key.verificationKey], threshold: 1)
    var update = try Self.update(sample)
    update.manifest = verified.manifest
    update.payload = Array(file[payloadStart...])
    let plain = try sample.plain()
    let expanded = try update.expanded(sample.tree)
    #expect(firstDifference(expanded, plain) == nil)
  }

  @Test("Wherever sections are cut between commands, the same plain stream comes out")
  func sections() throws {
    let sample = Self.sample()
    let plain = try sample.plain()
    for cuts in [[1], [2], [5], [1, 2, 3, 4, 5]] {
      let update = try Self.update(sample, cutBefore: cuts)
      #expect(update.manifest.payload.cuts.count == cuts.count + 1)
      let expanded = try update.expanded(sample.tree)
      #expect(firstDifference(expanded, plain) == nil)
    }
  }

  @Test(
    "From every cut on, what is left of the plain stream comes out, and nothing is lost at cuts")
  func fromCuts() throws {
    let sample = Self.sample()
    let plain = try sample.plain()
    let update = try Self.update(sample, cutBefore: [1, 2, 3, 5])
    let count = update.manifest.payload.cuts.count
    for section in 0..<count {
      var (bytes, cuts) = try update.expanded(sample.tree, from: ExpansionCut(section: section))
      let before = update.manifest.payload.plainLength(before: section)
      #expect(cuts == ((section + 1)..<count).map { ExpansionCut(section: $0) })
      if section > 0 { bytes.removeFirst(17) }
      #expect(firstDifference(bytes, Array(plain[Int(before)...])) == nil)
    }
    #expect(throws: UpdateExpansionError.updateFile(.sectionMismatch(index: count))) {
      try update.expanded(sample.tree, from: ExpansionCut(section: count))
    }
  }

  @Test(
    "Behind a cut, a second subvolume is refused, and a section is compared with its own digest")
  func wrongBehindCut() throws {
    let sample = Self.sample()
    var update = try Self.update(sample, cutBefore: [2, 3])
    update.manifest.payload.cuts[2].plainSHA256 = SHA256.hash(RawSpan())
    #expect(throws: UpdateExpansionError.sectionDiffers(index: 2)) {
      try update.expanded(sample.tree, from: ExpansionCut(section: 1))
    }
    var sections = try SampleUpdate.sections(sample, cutBefore: [2])
    sections[1].delta = sections[0].delta
    update = try SampleUpdate(sections)
    #expect {
      try update.expanded(sample.tree, from: ExpansionCut(section: 1))
    } throws: { error in
      guard case .deltaStream(.severalSubvolumes) = error as? UpdateExpansionError else {
        return false
      }
      return true
    }
  }

  @Test("A changed parent is noticed where its section ends, and nothing later comes out")
  func changedParent() throws {
    let sample = Self.sample()
    var tree = sample.tree
    tree.files[Array("old".utf8)]?[3_000] ^= 1
    // The first patch is the third command.
    for (cuts, index, steps) in [([], 0, 6), ([1], 1, 6), ([2, 3], 1, 3), ([3], 0, 3)] {
      let update = try Self.update(sample, cutBefore: cuts)
      var count = 0
      #expect(throws: UpdateExpansionError.sectionDiffers(index: index)) {
        try update.expanded(tree) { count = $0 }
      }
      let expected = try 17 + sample.plainSteps(sample.steps[...]).prefix(steps).joined().count
      #expect(count == expected)
    }
  }

  @Test("An error stays: there is no success after it")
  func errorsStay() throws {
    let sample = Self.sample()
    var update = try Self.update(sample)
    update.manifest.payload.cuts[0].plainSHA256 = SHA256.hash(RawSpan())
    var expansion = try UpdateExpansion(update.manifest, tree: sample.tree, memoryLimit: .max)
    try expansion.append(piece: update.payload.rawSpan)
    #expect(throws: UpdateExpansionError.sectionDiffers(index: 0)) {
      while try expansion.next() != nil {}
    }
    #expect(throws: UpdateExpansionError.sectionDiffers(index: 0)) {
      while try expansion.next() != nil {}
    }
    #expect(throws: UpdateExpansionError.sectionDiffers(index: 0)) { try expansion.finish() }
  }

  @Test("A plain stream whose sections are right and whose whole is not, is refused")
  func wholeDiffers() throws {
    let sample = Self.sample()
    var update = try Self.update(sample, cutBefore: [2])
    update.manifest.plain.sha256 = SHA256.hash(RawSpan())
    #expect(throws: UpdateExpansionError.plainStreamDiffers) { try update.expanded(sample.tree) }
    update = try Self.update(sample)
    update.manifest.plain.length += 1
    #expect(throws: UpdateExpansionError.plainStreamDiffers) { try update.expanded(sample.tree) }
  }

  @Test("No more comes out of a section than was signed")
  func tooLong() throws {
    let sample = Self.sample()
    let steps = try sample.plainSteps(sample.steps[...])
    var update = try Self.update(sample)
    // All but END.
    let limit = try sample.plain().count - 10
    update.manifest.payload.cuts[0].plainLength = UInt64(limit)
    var count = 0
    #expect(throws: UpdateExpansionError.sectionDiffers(index: 0)) {
      try update.expanded(sample.tree) { count = $0 }
    }
    #expect(count == limit)
    update.manifest.payload.cuts[0].plainLength = UInt64(17 + steps[0].count + 1)
    #expect(throws: UpdateExpansionError.sectionDiffers(index: 0)) {
      try update.expanded(sample.tree) { count = $0 }
    }
    #expect(count == 17 + steps[0].count)
    update.manifest.payload.cuts[0].plainLength = UInt64(limit + 11)
    #expect(throws: UpdateExpansionError.sectionDiffers(index: 0)) {
      try update.expanded(sample.tree)
    }
  }

  @Test("A section does not end inside a command")
  func cutCommand() throws {
    let sample = Self.sample()
    let sections = try SampleUpdate.sections(sample, cutBefore: [2])
    for count in [1, 9, 10, 11, 30] {
      var moved = sections
      moved[0].delta += sections[1].delta.prefix(count)
      moved[1].delta = Array(sections[1].delta.dropFirst(count))
      #expect(throws: UpdateExpansionError.sectionDiffers(index: 0), "\(count)") {
        try SampleUpdate(moved).expanded(sample.tree)
      }
    }
  }

  @Test("A second stream inside is refused")
  func secondStream() throws {
    let sample = Self.sample()
    var sections = try SampleUpdate.sections(sample, cutBefore: [])
    sections[0].delta += try sample.delta()
    #expect(throws: UpdateExpansionError.secondStream) {
      try SampleUpdate(sections).expanded(sample.tree)
    }
    sections = try SampleUpdate.sections(sample, cutBefore: [])
    sections.append(SampleSection(delta: try sample.delta(), plain: []))
    #expect(throws: UpdateExpansionError.secondStream) {
      try SampleUpdate(sections).expanded(sample.tree)
    }
  }

  @Test("Nothing follows END, not even a byte")
  func trailing() throws {
    let sample = Self.sample()
    let plainEnd = try UInt64(sample.delta().count - 17)
    for more in [deltaEnd, deltaSnapshot, [0], Array("btrfs-stream".utf8), [0x62]] {
      for isOwnSection in [false, true] {
        var sections = try SampleUpdate.sections(sample, cutBefore: [])
        if isOwnSection {
          sections.append(SampleSection(delta: more, plain: []))
        } else {
          sections[0].delta += more
        }
        let isStart = "btrfs-stream".utf8.starts(with: more)
        let error: UpdateExpansionError =
          isStart
          ? .sectionDiffers(index: sections.count - 1)
          : .deltaStream(.stream(.notASendStream(offset: plainEnd)))
        #expect(throws: error) { try SampleUpdate(sections).expanded(sample.tree) }
      }
    }
  }

  @Test("A stream without END is refused")
  func withoutEnd() throws {
    let sample = Self.sample()
    var sections = try SampleUpdate.sections(sample, cutBefore: [])
    sections[0].delta.removeLast(10)
    sections[0].plain.removeLast(10)
    let offset = UInt64(sections[0].delta.count)
    #expect(throws: UpdateExpansionError.deltaStream(.stream(.truncated(offset: offset)))) {
      try SampleUpdate(sections).expanded(sample.tree)
    }
  }

  @Test("The head does not come again in the payload")
  func headAgain() throws {
    let sample = Self.sample()
    for kind in [CommandKind.manifest, .signature, .patch] {
      var sections = try SampleUpdate.sections(sample, cutBefore: [])
      sections[0].delta = rawCommand(kind, checksum: 0) + sections[0].delta
      #expect(throws: UpdateExpansionError.deltaStream(.unexpectedCommand(kind, offset: 0))) {
        try SampleUpdate(sections).expanded(sample.tree)
      }
    }
  }

  @Test(
    "An update with a parent makes a snapshot, one without a subvolume: nothing is opened for it")
  func parentOrNone() throws {
    let sample = Self.sample()
    let sections = try SampleUpdate.sections(sample, cutBefore: [])
    #expect(throws: UpdateExpansionError.deltaStream(.unexpectedCommand(.snapshot, offset: 0))) {
      try SampleUpdate(sections, hasParent: false).expanded(sample.tree)
    }
    var full = [SampleSection(delta: rawSubvolume(checksum: 0), plain: rawSubvolume())]
    let delta = full[0].delta
    full[0].delta += deltaEnd
    full[0].plain = streamHeader(2) + full[0].plain + rawCommand(.end)
    let expanded = try SampleUpdate(full, hasParent: false).expanded(MemoryTree())
    #expect(expanded == full[0].plain)
    #expect(throws: UpdateExpansionError.deltaStream(.unexpectedCommand(.subvolume, offset: 0))) {
      try SampleUpdate(full).expanded(MemoryTree())
    }
    full[0].delta = delta + (try sample.deltaSteps(sample.steps[...])[2]) + deltaEnd
    let offset = UInt64(delta.count)
    let error = DeltaStreamError.malformedPatch(.patchSource, offset: offset)
    #expect(throws: UpdateExpansionError.deltaStream(error)) {
      try SampleUpdate(full, hasParent: false).expanded(sample.tree)
    }
  }

  @Test("What is wrong in the delta stream is told as such")
  func deltaStreamErrors() throws {
    let sample = Self.sample()
    let update = try Self.update(sample)
    let error = SystemError(operation: "open", path: "old", errno: .noSuchFile)
    #expect(throws: UpdateExpansionError.deltaStream(.source(path: Array("old".utf8), error))) {
      try update.expanded(MemoryTree())
    }
  }

  @Test("A payload of several pieces expands; a damaged or short piece does not")
  func pieces() throws {
    var random = SeededGenerator.ofTest("UpdateExpansionTests.pieces")
    let data = random.bytes(2_300_000)
    let sample = SampleStream(
      base: 2, steps: [.file("a"), .writes("a", at: 0, data), .writes("b", at: 0, [1, 2, 3])],
      tree: MemoryTree())
    let update = try Self.update(sample, cutBefore: [3])
    #expect(update.manifest.payload.pieces.count == 3)
    let plain = try sample.plain()
    let expanded = try update.expanded(MemoryTree())
    #expect(firstDifference(expanded, plain) == nil)
    for (index, at) in [0, 1 << 20, 2 << 20, update.payload.count - 1].enumerated() {
      var damaged = update
      damaged.payload[at] ^= 0x10
      let error = UpdateExpansionError.updateFile(.pieceDigest(index: min(index, 2)))
      #expect(throws: error) { try damaged.expanded(MemoryTree()) }
    }
    var short = update
    short.payload.removeLast(1)
    let rest = update.payload.count - (2 << 20)
    #expect(
      throws: UpdateExpansionError.updateFile(
        .pieceLength(index: 2, length: rest - 1, wanted: rest))
    ) { try short.expanded(MemoryTree()) }
    short.payload.removeLast(rest - 1)
    #expect(throws: UpdateExpansionError.updateFile(.payloadTruncated(sections: 0))) {
      try short.expanded(MemoryTree())
    }
  }

  @Test("Memory is refused before anything is read, and a base version that updates do not have")
  func beforehand() throws {
    let sample = Self.sample()
    var update = try Self.update(sample)
    let needed = try PayloadReader.memoryUsage(update.manifest.payload)
    let error = #expect(throws: UpdateExpansionError.self) {
      try Self.open(update.manifest, needed - 1)
    }
    #expect(error == .updateFile(.memoryLimit(needed: needed, limit: needed - 1)))
    try Self.open(update.manifest, needed)
    for version in [0, 3, 65_538] as [UInt32] {
      update.manifest.baseVersion = version
      #expect(
        throws: UpdateExpansionError.updateFile(
          .invalidValue(.baseVersion, value: UInt64(version)))
      ) { try Self.open(update.manifest, .max) }
    }
  }

  private static func open(
    _ manifest: Manifest, _ memoryLimit: UInt64
  ) throws(UpdateExpansionError) {
    _ = try UpdateExpansion(manifest, tree: MemoryTree(), memoryLimit: memoryLimit)
  }
}
