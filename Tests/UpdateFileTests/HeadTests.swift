import Bytes
import Crypto
import TestSupport
import Testing
import UpdateFile

@Suite("The head's outer form")
struct HeadFormTests {
  @Test("What is written is read, in pieces of any length")
  func roundTrip() throws {
    for keys in [[], [TestKey.first], TestKey.allCases] {
      let head = try sampleHead(keys)
      let file = try head.encoded()
      for step in [1, 7, 1000, .max] {
        let (read, length) = try readHead(file, step: step)
        #expect(read == head)
        #expect(length == file.count)
      }
    }
  }

  @Test("The bytes are those of the first head ever written")
  func goldenBytes() throws {
    let file = try sampleHead([.first, .second]).encoded()
    let golden = try golden("updates/head-revision-1.xz", file)
    #expect(file == golden)
    let (head, _) = try readHead(golden)
    let verified = try head.verified(
      by: [TestKey.first.verification(), TestKey.second.verification()], threshold: 2)
    #expect(try verified.manifest == Manifest.sample())
  }

  @Test("The xz program accepts it, and finds the stream inside", arguments: [0, 100, 200_000])
  func xzProgram(extra: Int) throws {
    // Also heads of several chunks, and one that ends with a full chunk.
    let count = extra == 100 ? 65_536 - 17 - 10 : extra + 500
    let head = try UpdateHead(
      manifestBytes: [UInt8](repeating: 0x5a, count: count), baseVersion: 1, signatures: [])
    let file = try head.encoded()
    let contents = HeadContents(
      version: 0x0001_0001, commands: [(0x8000, 0, head.manifestBytes)])
    #expect(file == contents.file)
    let (read, _) = try readHead(file)
    #expect(read == head)
    let files = ["a.xz": file]
    let test = try ExternalProgram.run("xz", ["-t", "a.xz"], files: files)
    #expect(test.status == 0)
    let output = try ExternalProgram.run("xz", ["-dc", "a.xz"], files: files).output
    #expect(output == contents.bytes)
    let list = try ExternalProgram.run("xz", ["--robot", "-l", "a.xz"], files: files).text
    let row = list.split(separator: "\n").first { $0.hasPrefix("file") }?.split(separator: "\t")
    let fields = try #require(row)
    #expect(fields[1...4] == ["1", "1", "\(file.count)", "\(contents.bytes.count)"])
    #expect(fields[6] == "CRC32")
  }

  @Test("No flipped bit goes unnoticed")
  func flipped() throws {
    let file = try sampleHead([.first]).encoded()
    for bit in 0..<(file.count * 8) {
      var damaged = file
      damaged[bit / 8] ^= 1 << (bit % 8)
      // Some flips only make the reader want more than there is.
      #expect(throws: UpdateFileError.self, "bit \(bit)") { try readHead(damaged) }
    }
  }

  @Test("Cut at any byte it is truncated")
  func cut() throws {
    let file = try sampleHead([.first]).encoded()
    for count in 0..<file.count {
      #expect(throws: UpdateFileError.headTruncated(length: count)) {
        try readHead(Array(file[..<count]))
      }
    }
  }

  @Test("The reader wants no byte of the payload, and takes none")
  func exact() throws {
    let file = try sampleHead([.first]).encoded()
    let (_, length) = try readHead(file + [1, 2, 3, 4])
    #expect(length == file.count)
    var reader = HeadReader()
    let tooMuch = [UInt8](repeating: 0, count: reader.wanted + 1)
    var errors: [UpdateFileError] = []
    for _ in 0..<2 {
      do throws(UpdateFileError) { try reader.append(tooMuch.rawSpan) } catch {
        errors.append(error)
      }
    }
    #expect(errors == Array(repeating: .excessInput(given: 25, wanted: 24), count: 2))
  }

  @Test("A failed reader stays failed")
  func failed() throws {
    var reader = HeadReader()
    let noise = [UInt8](repeating: 0x20, count: reader.wanted)
    let good = try sampleHead().encoded()
    do throws(UpdateFileError) { try reader.append(noise.rawSpan) } catch {}
    #expect(throws: UpdateFileError.notAnUpdateFile) {
      try reader.append(good.rawSpan.extracting(0..<1))
    }
    #expect(throws: UpdateFileError.notAnUpdateFile) { try reader.finish() }
  }

  @Test("Other files are named as what they are not")
  func otherFiles() throws {
    #expect(throws: UpdateFileError.notAnUpdateFile) {
      try readHead(Array("btrfs-stream\0 and so on and so on".utf8))
    }
    // An ordinary .xz file departs from the form in its Stream header: CRC-64.
    let ordinary = try ExternalProgram.run("xz", ["-c", "a"], files: ["a": [1, 2, 3]]).output
    #expect(throws: UpdateFileError.headForm(offset: 7)) { try readHead(ordinary) }
    #expect(throws: UpdateFileError.headTruncated(length: 0)) { try readHead([]) }
  }

  @Test("Every other way to store the same bytes is refused, although xz accepts it")
  func otherForms() throws {
    let contents = HeadContents(
      commands: [(0x8000, 0, [UInt8](repeating: 1, count: 70_001))]
    ).bytes
    let forms: [(StoredXZ, Int)] = [
      (StoredXZ(dictionaryByte: 9), 16), (StoredXZ(headerPadding: [0, 0, 0, 0, 0, 0, 0]), 12),
      (StoredXZ(chunkLength: 65_535), 24 + 3 + 65_535),
      (StoredXZ(laterControl: 1), 24 + 3 + 65_536),
    ]
    for (form, offset) in forms {
      let file = form.encoded(contents)
      let test = try ExternalProgram.run("xz", ["-t", "a.xz"], files: ["a.xz": file])
      #expect(test.status == 0)
      #expect(throws: UpdateFileError.headForm(offset: offset)) { try readHead(file) }
    }
    let padded = StoredXZ(paddingByte: 1).encoded(contents)
    #expect(throws: UpdateFileError.headForm(offset: 24 + contents.count + 6 + 1)) {
      try readHead(padded)
    }
    #expect(throws: UpdateFileError.headForm(offset: 24)) { try readHead(StoredXZ().encoded([])) }
  }

  @Test("A head has a limit, in writing and as it grows in reading")
  func limit() throws {
    // 24 headers, 27 stream and command headers, 16 chunks' 3, end 1, check 4, Index 12, footer 12.
    let longest = (1 << 20) - 24 - 27 - 48 - 1 - 4 - 12 - 12
    let manifest = [UInt8](repeating: 0, count: longest)
    let fits = try UpdateHead(manifestBytes: manifest, baseVersion: 1, signatures: [])
    let full = try fits.encoded()
    #expect(full.count == UpdateHead.maximumLength)
    let (read, _) = try readHead(full)
    #expect(read == fits)
    let exceeds = try UpdateHead(manifestBytes: manifest + [0], baseVersion: 1, signatures: [])
    #expect(throws: UpdateFileError.headTooLong) { try exceeds.encoded() }
    let contents = HeadContents(
      commands: [(0x8000, 0, [UInt8](repeating: 0, count: 2 << 20))])
    let file = contents.file
    #expect(throws: UpdateFileError.headTooLong) { try readHead(file) }
  }
}

@Suite("The stream in the head")
struct HeadStreamTests {
  private func refuses(
    _ error: UpdateFileError, _ contents: HeadContents,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: error, sourceLocation: sourceLocation) { try readHead(contents.file) }
  }

  private func signature(_ byte: UInt8) -> [UInt8] {
    [0x60, 0x80, 32, 0] + digest(byte).bytes + [0x02, 0xC0] + [UInt8](repeating: byte, count: 64)
  }

  @Test("Only base versions 1 and 2 of revision 1 are read")
  func versions() throws {
    let manifest: [UInt8] = [1, 2, 3]
    for version in [0, 1, 2, 3, 0x1_0000, 0x1_0003, 0x2_0002, 0x0102_0000, .max] as [UInt32] {
      refuses(
        .streamVersion(version),
        HeadContents(version: version, commands: [(0x8000, 0, manifest)]))
    }
    for version in [0x1_0001, 0x1_0002] as [UInt32] {
      let file = HeadContents(version: version, commands: [(0x8000, 0, manifest)]).file
      let (head, _) = try readHead(file)
      #expect(head.baseVersion == version & 0xffff)
      #expect(head.manifestBytes == manifest)
    }
    refuses(.notASendStream, HeadContents(magic: Array("btrfs-strean\0".utf8)))
    refuses(.notASendStream, HeadContents(magic: Array("btrfs-stream".utf8)))
  }

  @Test("There is one manifest, then signatures, and nothing else")
  func commands() {
    refuses(.commandTruncated(offset: 17), HeadContents())
    refuses(
      .unexpectedCommand(number: 0x8001, offset: 17),
      HeadContents(commands: [(0x8001, 0, signature(1))]))
    refuses(
      .unexpectedCommand(number: 0x8000, offset: 28),
      HeadContents(commands: [(0x8000, 0, [1]), (0x8000, 0, [1])]))
    for number in [0, 1, 21, 0x8002, 0xffff] as [UInt16] {
      refuses(
        .unexpectedCommand(number: number, offset: 28),
        HeadContents(commands: [(0x8000, 0, [1]), (number, 0, [])]))
    }
  }

  @Test("A checksum other than zero is refused")
  func checksums() {
    refuses(.commandChecksum(1, offset: 17), HeadContents(commands: [(0x8000, 1, [1])]))
    refuses(
      .commandChecksum(.max, offset: 28),
      HeadContents(commands: [(0x8000, 0, [1]), (0x8001, .max, signature(1))]))
  }

  @Test("Lengths that lie are refused")
  func lengths() {
    let contents = HeadContents(commands: [(0x8000, 0, [1, 2]), (0x8001, 0, signature(1))]).bytes
    for (at, value, offset) in [(17, 0xff, 17), (20, 0xff, 17), (29, 0xff, 29), (29, 103, 29)] {
      var lying = contents
      lying[at] = UInt8(value)
      #expect(throws: UpdateFileError.commandTruncated(offset: offset)) {
        try readHead(StoredXZ().encoded(lying))
      }
    }
    for cut in 1..<contents.count - 29 {
      let part = Array(contents.dropLast(cut))
      #expect(throws: UpdateFileError.commandTruncated(offset: 29)) {
        try readHead(StoredXZ().encoded(part))
      }
    }
    #expect(throws: UpdateFileError.commandTruncated(offset: 131 + 10)) {
      try readHead(StoredXZ().encoded(contents + [0]))
    }
  }

  @Test("A signature has one form")
  func signatureForm() {
    let good = signature(1)
    func with(_ payload: [UInt8]) -> HeadContents {
      HeadContents(commands: [(0x8000, 0, [1]), (0x8001, 0, payload)])
    }
    refuses(.missingAttribute(.keyID), with([]))
    refuses(.missingAttribute(.keyID), with(Array(good[36...])))
    refuses(.missingAttribute(.signatureData), with(Array(good[..<36])))
    refuses(.signatureLength(63), with(good.dropLast()))
    refuses(.signatureLength(65), with(good + [0]))
    refuses(.attributeLength(.keyID, length: 31), with([0x60, 0x80, 31, 0] + good[5...]))
    refuses(.unknownAttribute(number: 0x8061, offset: 36), with(good[..<36] + [0x61, 0x80, 0, 0]))
    refuses(.duplicateAttribute(.keyID, offset: 36), with(Array(good[..<36] + good)))
    refuses(.misplacedAttribute(.cuts, offset: 0), with([0x53, 0x80, 0, 0] + good))
  }

  @Test("Signatures come ascending by key, one for each, and sixteen at most")
  func signatureOrder() throws {
    let sorted = (0..<17).map { UInt8($0) }.sorted { digest($0) < digest($1) }
    func with(_ bytes: [UInt8]) -> HeadContents {
      HeadContents(commands: [(0x8000, 0, [1])] + bytes.map { (0x8001, 0, signature($0)) })
    }
    let (head, _) = try readHead(with(Array(sorted[..<16])).file)
    #expect(head.signatures.map(\.keyID) == sorted[..<16].map { digest($0) })
    refuses(.tooManySignatures, with(sorted))
    refuses(.duplicateSignature(keyID: digest(sorted[1])), with([sorted[0], sorted[1], sorted[1]]))
    refuses(.signatureOrder(keyID: digest(sorted[0])), with([sorted[1], sorted[0]]))
  }

  @Test("A writer sorts signatures, and refuses two by one key or too many")
  func writing() throws {
    let signatures = try (0..<17).map {
      try UpdateSignature(keyID: digest($0), data: Array(repeating: $0, count: 64))
    }
    let empty = try UpdateHead(manifestBytes: [1], baseVersion: 1, signatures: [])
    var head = empty
    for signature in signatures[..<16].shuffled() { head = try head.adding(signature) }
    let file = try head.encoded()
    let (read, _) = try readHead(file)
    #expect(read == head)
    #expect(Set(read.signatures) == Set(signatures[..<16]))
    let full = head
    #expect(throws: UpdateFileError.tooManySignatures) { try full.adding(signatures[16]) }
    #expect(throws: UpdateFileError.duplicateSignature(keyID: digest(3))) {
      try empty.adding(signatures[3]).adding(signatures[3])
    }
    #expect(throws: UpdateFileError.invalidValue(.baseVersion, value: 3)) {
      try UpdateHead(manifestBytes: [1], baseVersion: 3, signatures: [])
    }
    #expect(throws: UpdateFileError.signatureLength(63)) {
      try UpdateSignature(keyID: digest(0), data: Array(repeating: 0, count: 63))
    }
  }

  @Test("Random streams never trap, and what is taken is written again as it was")
  func random() throws {
    var random = SeededGenerator.ofTest("random heads")
    let contents = HeadContents(
      commands: [(0x8000, 0, [1, 2, 3]), (0x8001, 0, signature(1)), (0x8001, 0, signature(2))])
    let bytes = contents.bytes
    for _ in 0..<3000 {
      var changed = bytes
      for _ in 0...(random.next() % 3) {
        let at = Int(random.next() % UInt64(changed.count))
        switch random.next() % 3 {
        case 0: changed[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: changed.remove(at: at)
        default: changed.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        }
      }
      let file = StoredXZ().encoded(changed)
      guard let (head, _) = try? readHead(file) else { continue }
      let again = try head.encoded()
      #expect(again == file)
    }
    for _ in 0..<500 {
      let noise = Array(try sampleHead([]).encoded()[..<24]) + random.bytes(300)
      #expect(throws: UpdateFileError.self) { try readHead(noise) }
    }
  }
}
