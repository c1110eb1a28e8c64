import Bytes
import Crypto
import Testing
import UpdateFile

@Suite("Values in a manifest")
struct ManifestValueTests {
  /// Each change makes the manifest one that can be neither written nor read.
  private func refuses(
    _ error: UpdateFileError, _ change: (inout Manifest) throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var manifest = try Manifest.sample()
    try change(&manifest)
    #expect(throws: error, sourceLocation: sourceLocation) { try manifest.encoded() }
  }

  @Test("What is out of range is not written")
  func ranges() throws {
    try refuses(.invalidValue(.baseVersion, value: 0)) { $0.baseVersion = 0 }
    try refuses(.invalidValue(.baseVersion, value: 3)) { $0.baseVersion = 3 }
    try refuses(.invalidValue(.plainLength, value: 0)) { $0.plain.length = 0 }
    try refuses(.invalidValue(.applyMemory, value: .max)) { $0.needs.memory = .max }
    try refuses(.invalidValue(.diskData, value: .max)) { $0.needs.diskData = .max }
    try refuses(.invalidValue(.diskMetadata, value: .max)) { $0.needs.diskMetadata = .max }
    try refuses(.invalidValue(.targetDataSize, value: .max)) { $0.target.dataSize = .max }
    try refuses(.invalidValue(.targetEntryCount, value: .max)) { $0.target.entryCount = .max }
    for size in [0, 1 << 19, (1 << 20) + 1, 3 << 20, 1 << 27, .max] as [UInt32] {
      try refuses(.invalidValue(.pieceSize, value: UInt64(size))) { $0.payload.pieceSize = size }
    }
    for size in [0, 4095, (1536 << 20) + 1, .max] as [UInt32] {
      try refuses(.invalidValue(.dictionarySize, value: UInt64(size))) {
        $0.payload.dictionarySize = size
      }
    }
  }

  @Test("Sections have a sensible length, and there is at least one")
  func cuts() throws {
    try refuses(.attributeLength(.cuts, length: 0)) { $0.payload.cuts = [] }
    try refuses(.attributeLength(.cuts, length: 1025 * 56)) {
      $0.payload.cuts = Array(repeating: $0.payload.cuts[0], count: 1025)
    }
    try refuses(.invalidValue(.cuts, value: 28)) { $0.payload.cuts[0].compressedLength = 28 }
    try refuses(.invalidValue(.cuts, value: 1_999_998)) {
      $0.payload.cuts[0].compressedLength = 1_999_998
    }
    try refuses(.invalidValue(.cuts, value: 0)) { $0.payload.cuts[0].deltaLength = 0 }
    try refuses(.invalidValue(.cuts, value: .max)) { $0.payload.cuts[0].plainLength = .max }
  }

  @Test("What should add up does")
  func sums() throws {
    try refuses(.inconsistent(.payloadLength, stated: 3_000_000, found: 3_000_004)) {
      $0.payload.cuts[0].compressedLength += 4
    }
    try refuses(.inconsistent(.deltaLength, stated: 5_000_001, found: 5_000_000)) {
      $0.payload.deltaLength += 1
    }
    try refuses(.inconsistent(.plainLength, stated: 7000, found: 6999)) {
      $0.payload.cuts[1].plainLength -= 1
    }
    try refuses(.inconsistent(.pieces, stated: 2, found: 3)) { $0.payload.pieces.removeLast() }
    try refuses(.inconsistent(.pieces, stated: 4, found: 3)) { $0.payload.pieces.append(digest(0)) }
    try refuses(.inconsistent(.pieces, stated: 3, found: 2)) { $0.payload.pieceSize = 2 << 20 }
    // Sections so large that their sum overflows 64 bits.
    try refuses(.inconsistent(.payloadLength, stated: 3_000_000, found: .max)) {
      $0.payload.cuts = Array(
        repeating: Manifest.Cut(
          compressedLength: 1 << 62, deltaLength: 1 << 62, plainLength: 1 << 62,
          plainSHA256: digest(0)),
        count: 5)
    }
  }

  @Test("What a reader finds inconsistent, it refuses as the writer does")
  func reading() throws {
    var all = Attributes(try Manifest.sample().encoded())
    let index = try #require(all.list.firstIndex { $0.number == 0x8032 })
    all.list[index].value[0] ^= 1
    let stated: UInt64 = 5_000_000 ^ 1
    #expect(throws: UpdateFileError.inconsistent(.deltaLength, stated: stated, found: 5_000_000)) {
      try readManifest(all.bytes)
    }
  }

  @Test("Texts are short, and carry nothing that steers a terminal")
  func texts() throws {
    for text in [
      "", String(repeating: "x", count: 256), "a\nb", "a\u{1b}[2J", "\u{7f}", "a\u{85}", "\u{202e}",
      "\u{2066}", "a\0",
    ] {
      try refuses(.invalidText(.product)) { $0.product = text }
      try refuses(.invalidText(.builder)) { $0.builder = text }
    }
    var manifest = try Manifest.sample()
    manifest.product = "Gerät №5 " + String(repeating: "x", count: 255 - 13)
    manifest.builder = "b"
    let bytes = try manifest.encoded()
    #expect(try readManifest(bytes) == manifest)
  }

  @Test("A text that is not UTF-8 is refused")
  func notUTF8() throws {
    var all = Attributes(try Manifest.sample().encoded())
    for value in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0xe2, 0x82]] as [[UInt8]] {
      let index = try #require(all.list.firstIndex { $0.number == 0x8005 })
      all.list[index].value = value
      #expect(throws: UpdateFileError.invalidText(.product)) { try readManifest(all.bytes) }
    }
  }

  @Test("A newer revision, or a needed feature, is named before anything that is new in it")
  func tooNew() throws {
    var all = Attributes(try Manifest.sample().encoded())
    all.list[1].value = [0x07, 0x00, 0x01, 0x01]
    all.list.insert((0x800a, [1]), at: 3)
    #expect(throws: UpdateFileError.unsupportedFeature(7)) { try readManifest(all.bytes) }
    for value in [[7, 0, 7, 0], [8, 0, 7, 0]] as [[UInt8]] {
      all.list[1].value = value
      #expect(throws: UpdateFileError.invalidValue(.requiredFeatures, value: 7)) {
        try readManifest(all.bytes)
      }
    }
    all.list[0].value[0] = 2
    #expect(throws: UpdateFileError.unsupportedRevision(2)) { try readManifest(all.bytes) }
  }

  @Test("A version has one spelling", arguments: ["1.0.0", "0.0.0", "4294967295.10.7"])
  func toolVersion(text: String) throws {
    let version = try #require(ToolVersion(text))
    #expect(version.description == text)
  }

  @Test(
    "What is no version is refused",
    arguments: [
      "", "1", "1.0", "1.0.0.0", "01.0.0", "1..0", "1.0.+1", "1.0.-1", "1.0.0 ", "a.b.c",
      "4294967296.0.0", "1.0.0\n", "１.0.0",
    ])
  func notAToolVersion(text: String) throws {
    #expect(ToolVersion(text) == nil)
    var all = Attributes(try Manifest.sample().encoded())
    all.list[2].value = Array(text.utf8)
    #expect(throws: UpdateFileError.invalidText(.minimumToolVersion)) {
      try readManifest(all.bytes)
    }
  }

  @Test("Versions are ordered by number, not by text")
  func toolVersionOrder() {
    let ordered = [
      ToolVersion(0, 9, 9), ToolVersion(1, 0, 0), ToolVersion(1, 2, 10), ToolVersion(1, 10, 2),
    ]
    #expect(ordered.reversed().sorted() == ordered)
  }

  @Test("Pieces are as small as their digests' place in the head allows")
  func pieceSize() throws {
    let count = UInt64(Manifest.Payload.maximumPieceCount)
    #expect(try Manifest.Payload.pieceSize(forLength: 0) == 1 << 20)
    #expect(try Manifest.Payload.pieceSize(forLength: count << 20) == 1 << 20)
    #expect(try Manifest.Payload.pieceSize(forLength: count << 20 + 1) == 2 << 20)
    #expect(try Manifest.Payload.pieceSize(forLength: count << 26) == 64 << 20)
    #expect(throws: UpdateFileError.invalidValue(.payloadLength, value: (count << 26) + 1)) {
      try Manifest.Payload.pieceSize(forLength: (count << 26) + 1)
    }
  }

  @Test("The largest payload's head still fits")
  func largestHead() throws {
    var manifest = try Manifest.sample()
    let count = Manifest.Payload.maximumPieceCount
    manifest.product = String(repeating: "p", count: 255)
    manifest.builder = String(repeating: "b", count: 255)
    manifest.payload.pieces = Array(repeating: digest(0), count: count)
    manifest.payload.length = UInt64(count) << 20
    manifest.payload.cuts = Array(
      repeating: Manifest.Cut(
        compressedLength: UInt64(count) << 10, deltaLength: 1000, plainLength: 10,
        plainSHA256: digest(0)),
      count: Manifest.Payload.maximumCutCount)
    manifest.payload.deltaLength = 1_024_000
    manifest.plain.length = 10_240
    let bytes = try manifest.encoded()
    let signatures = try (0..<UpdateHead.maximumSignatureCount).map {
      try UpdateSignature(keyID: digest(UInt8($0)), data: Array(repeating: 1, count: 64))
    }
    let head = try UpdateHead(manifestBytes: bytes, baseVersion: 2, signatures: signatures)
    let file = try head.encoded()
    #expect(file.count < UpdateHead.maximumLength * 2 / 3)
    let (read, length) = try readHead(file)
    #expect(read == head)
    #expect(length == file.count)
    #expect(try read.unverifiedManifest() == manifest)
  }

  @Test("A UUID is written as it is known")
  func uuidText() throws {
    #expect(try uuid(0x10).description == "10111213-1415-1617-1819-1a1b1c1d1e1f")
    let short = [UInt8](repeating: 0, count: 15)
    let none = SubvolumeUUID(short.rawSpan)
    #expect(none == nil)
  }
}
