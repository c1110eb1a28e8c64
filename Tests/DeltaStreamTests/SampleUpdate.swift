import Bytes
import Crypto
import DeltaStream
import SendStream
import Signing
import UpdateFile

/// A part of a payload, and of the plain stream that it stands for.
struct SampleSection {
  var delta: [UInt8]
  var plain: [UInt8]
}

/// An update file with these sections.
struct SampleUpdate {
  var manifest: Manifest
  var payload: [UInt8]

  /// Packs and describes sections; the plain stream's header is the first's.
  init(_ sections: [SampleSection], base: UInt16 = 2, hasParent: Bool = true) throws {
    var payload: [UInt8] = []
    var writer = try PayloadWriter(dictionarySize: 1 << 16, preset: 0)
    var number = 0
    for section in sections {
      try writer.append(section.delta.rawSpan, into: &payload)
      // Two sections share an xz Stream.
      number += 1
      try writer.cut(into: &payload, endsStream: number % 2 == 0)
    }
    let lengths = try writer.finish(into: &payload)
    var hasher = try PieceHasher(pieceSize: Manifest.Payload.minimumPieceSize)
    hasher.append(payload.rawSpan)
    let plain = sections.flatMap(\.plain)
    let cuts = zip(lengths, sections).map { packed, section in
      Manifest.Cut(
        compressedLength: packed.compressedLength, deltaLength: packed.deltaLength,
        plainLength: UInt64(section.plain.count), plainSHA256: SHA256.hash(section.plain.rawSpan))
    }
    self.payload = payload
    manifest = Self.manifest(
      Manifest.Payload(
        length: UInt64(payload.count), deltaLength: cuts.reduce(0) { $0 + $1.deltaLength },
        pieceSize: Manifest.Payload.minimumPieceSize, dictionarySize: 1 << 16, cuts: cuts,
        pieces: hasher.finish()), plain, base: base, hasParent: hasParent)
  }

  private static func manifest(
    _ payload: Manifest.Payload, _ plain: [UInt8], base: UInt16, hasParent: Bool
  ) -> Manifest {
    let digest = SHA256.hash(plain.rawSpan)
    let parent = Manifest.Parent(
      version: 1, uuid: .none, ownUUID: .none, ctransid: 5, contentDigest: digest,
      fullDigest: digest)
    return Manifest(
      minimumToolVersion: ToolVersion(0, 1, 0), baseVersion: UInt32(base), product: nil,
      parent: hasParent ? parent : nil, toVersion: 2, buildDate: 0, builder: "test",
      target: Manifest.Target(
        uuid: .none, ctransid: 7, contentDigest: digest, fullDigest: digest, dataSize: 1,
        entryCount: 1),
      plain: Manifest.PlainStream(length: UInt64(plain.count), sha256: digest),
      needs: Manifest.Needs(memory: 64 << 20, diskData: 1, diskMetadata: 1), payload: payload)
  }

  /// The update's sections as a sample stream's steps, several in one.
  static func sections(_ sample: SampleStream, cutBefore cuts: [Int]) throws -> [SampleSection] {
    let delta = try sample.deltaSteps(sample.steps[...])
    let plain = try sample.plainSteps(sample.steps[...])
    var sections = [SampleSection(delta: [], plain: Array(try sample.plain().prefix(17)))]
    for index in delta.indices {
      if cuts.contains(index) { sections.append(SampleSection(delta: [], plain: [])) }
      sections[sections.count - 1].delta += delta[index]
      sections[sections.count - 1].plain += plain[index]
    }
    return sections
  }

  /// The file: signed head and payload.
  func file(signedBy key: SigningKey) throws -> [UInt8] {
    let bytes = try manifest.encoded()
    let message = UpdateSignature.message(for: bytes.rawSpan)
    let signature = try UpdateSignature(
      keyID: key.verificationKey.keyID, data: key.signature(for: message.rawSpan))
    let head = try UpdateHead(
      manifestBytes: bytes, baseVersion: manifest.baseVersion, signatures: [signature])
    return try head.encoded() + payload
  }

  /// Expands all to the plain stream.
  ///
  /// - Parameter count: is told how many bytes of the plain stream came, whatever happens then.
  func expanded<Tree: OldTree>(
    _ tree: Tree, spareMemory: UInt64 = 0, count: (Int) -> Void = { _ in }
  ) throws(UpdateExpansionError) -> [UInt8] {
    var expansion = try UpdateExpansion(
      manifest, tree: tree, memoryLimit: .max, spareMemory: spareMemory)
    var writer = StreamWriter(version: expansion.plainVersion)
    writer.writeHeader()
    defer { count(writer.bytes.count) }
    var at = 0
    while expansion.wanted > 0, at < payload.count {
      let end = min(payload.count, at + expansion.wanted)
      try expansion.append(piece: payload.rawSpan.extracting(at..<end))
      at = end
      while let frame = try expansion.next() {
        do throws(StreamError) { try writer.write(frame) } catch {
          throw .deltaStream(.stream(error))
        }
      }
    }
    try expansion.finish()
    return writer.bytes
  }

  /// Expands all from a cut on, and says which cuts it stops at; the stream has a header in any case.
  func expanded<Tree: OldTree>(
    _ tree: Tree, spareMemory: UInt64 = 0, from cut: ExpansionCut
  ) throws -> (plain: [UInt8], cuts: [ExpansionCut]) {
    var expansion = try UpdateExpansion(
      manifest, tree: tree, memoryLimit: .max, spareMemory: spareMemory, from: cut)
    expansion.stopsAtCuts = true
    var writer = StreamWriter(version: expansion.plainVersion)
    writer.writeHeader()
    var cuts: [ExpansionCut] = []
    var at = Int(expansion.skippedLength)
    while expansion.wanted > 0 {
      let end = min(payload.count, at + expansion.wanted)
      try expansion.append(piece: payload.rawSpan.extracting(at..<end))
      at = end
      while true {
        while let frame = try expansion.next() { try writer.write(frame) }
        guard let cut = expansion.cut else { break }
        cuts.append(cut)
      }
    }
    try expansion.finish()
    return (writer.bytes, cuts)
  }
}
