import Bytes
import Crypto
import TestSupport
import Testing
import UpdateFile
import XZ

/// A payload, and the sections of the delta stream in it.
private struct Sample {
  var sections: [[UInt8]]
  var file: [UInt8]
  var payload: Manifest.Payload

  /// Bytes of which a part compresses.
  static func delta(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    let noise = random.bytes(count / 2)
    return noise + [UInt8](repeating: 7, count: count - noise.count)
  }

  /// One section, two pieces; made once.
  static let large = Result { try Sample([delta(3_000_000, seed: 1)]) }

  /// - Parameter goingOn: sections with which their xz Stream does not end.
  init(
    _ sections: [[UInt8]], goingOn: Set<Int> = [], pieceSize: UInt32 = 1 << 20,
    threads: UInt32 = 1
  ) throws {
    self.sections = sections
    var writer = try PayloadWriter(
      dictionarySize: 1 << 20, preset: 0, isExtreme: false, threads: threads)
    file = []
    for (index, section) in sections.enumerated() {
      for start in stride(from: 0, to: section.count, by: 100_000) {
        let end = min(start + 100_000, section.count)
        try writer.append(section.rawSpan.extracting(start..<end), into: &file)
      }
      try writer.cut(into: &file, endsStream: !goingOn.contains(index))
    }
    let lengths = try writer.finish(into: &file)
    payload = try Sample.payload(file, lengths, pieceSize: pieceSize)
  }

  static func payload(
    _ file: [UInt8], _ lengths: [PayloadWriter.Section], pieceSize: UInt32 = 1 << 20
  ) throws -> Manifest.Payload {
    var hasher = try PieceHasher(pieceSize: pieceSize)
    hasher.append(file.rawSpan)
    return Manifest.Payload(
      length: UInt64(file.count), deltaLength: lengths.reduce(0) { $0 + $1.deltaLength },
      pieceSize: pieceSize, dictionarySize: 1 << 20,
      cuts: lengths.map {
        Manifest.Cut(
          compressedLength: $0.compressedLength, deltaLength: $0.deltaLength, plainLength: 1,
          plainSHA256: digest(0))
      }, pieces: hasher.finish())
  }
}

/// What a reader made of a payload.
private struct Reading: Equatable {
  var sections: [[UInt8]] = []
  var length = 0
}

/// Reads a payload with room for `room` bytes at a time.
private func read(
  _ file: [UInt8], _ payload: Manifest.Payload, room: Int = 1 << 16, memoryLimit: UInt64 = 64 << 20,
  from first: Int = 0
) throws(UpdateFileError) -> Reading {
  var reader = try PayloadReader(payload, memoryLimit: memoryLimit, startingAt: first)
  var reading = Reading(length: Int(reader.skippedLength))
  var section: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: room)
  while true {
    var outcome: Result<PayloadReader.Status, UpdateFileError> = .success(.end)
    var produced = 0
    unsafe buffer.withUnsafeMutableBytes { buffer in
      var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      do throws(UpdateFileError) { outcome = .success(try reader.decode(into: &output)) } catch {
        outcome = .failure(error)
      }
      produced = unsafe output.finalize(for: buffer)
    }
    section += buffer[..<produced]
    switch try outcome.get() {
    case .needsPiece:
      let end = min(file.count, reading.length + reader.wanted)
      try reader.append(piece: file.rawSpan.extracting(reading.length..<end))
      reading.length = end
    case .outputFull: break
    case .sectionEnd:
      reading.sections.append(section)
      section = []
    case .end:
      try reader.finish()
      return reading
    }
  }
}

@Suite("Payloads")
struct PayloadTests {
  @Test(
    "What is written is read, section by section, whatever the room", arguments: [1000, 1 << 20])
  func roundTrip(room: Int) throws {
    let sample = try Sample([
      Sample.delta(3_000_000, seed: 1), Sample.delta(1, seed: 2), Sample.delta(900_000, seed: 3),
    ])
    #expect(sample.payload.pieces.count == 2)
    let reading = try read(sample.file, sample.payload, room: room)
    #expect(reading == Reading(sections: sample.sections, length: sample.file.count))
  }

  @Test(
    "Sections of one xz Stream are read one by one, from any of them on, whatever the room",
    arguments: [1, 1000, 1 << 20])
  func sharedStreams(room: Int) throws {
    let scale = room == 1 ? 100 : 1
    let sample = try Sample(
      [
        Sample.delta(300_000 / scale, seed: 1), Sample.delta(1_500_000 / scale, seed: 2),
        Sample.delta(4, seed: 3), Sample.delta(2_500_000 / scale, seed: 4),
        Sample.delta(1, seed: 5), Sample.delta(70_000 / scale, seed: 6),
      ], goingOn: [1, 2, 4])
    #expect(
      sample.payload.cuts.map { $0.compressedLength > 0 } == [
        true, false, false, true, false, true,
      ])
    var skipped: [UInt64] = []
    for section in 0..<6 {
      let reading = try read(sample.file, sample.payload, room: room, from: section)
      #expect(
        reading == Reading(sections: Array(sample.sections[section...]), length: sample.file.count))
      let reader = try PayloadReader(sample.payload, memoryLimit: 64 << 20, startingAt: section)
      skipped.append(reader.skippedLength)
    }
    #expect(skipped[1...3].allSatisfy { $0 == skipped[1] })
    #expect(skipped[4] == skipped[5])
  }

  @Test("A Stream that does not end where it should is noticed, and so is one that nothing ends")
  func wrongStreams() throws {
    let sample = try Sample(
      [Sample.delta(5000, seed: 1), Sample.delta(6000, seed: 2), Sample.delta(700, seed: 3)],
      goingOn: [0])
    var wrong = sample.payload
    wrong.cuts[2].compressedLength = 0
    wrong.length -= sample.payload.cuts[2].compressedLength
    #expect(throws: UpdateFileError.self) { try read(sample.file, wrong) }
    // Ends early, ends late, more or less in the Stream than the sections have.
    wrong = sample.payload
    wrong.cuts[0].compressedLength = 1000
    wrong.cuts[1].compressedLength -= 1000
    #expect(throws: UpdateFileError.self) { try read(sample.file, wrong) }
    wrong = sample.payload
    wrong.cuts[2].compressedLength += wrong.cuts[1].compressedLength
    wrong.cuts[1].compressedLength = 0
    #expect(throws: UpdateFileError.self) { try read(sample.file, wrong) }
    for change in [-1, 1] as [Int64] {
      wrong = sample.payload
      wrong.cuts[1].deltaLength = UInt64(Int64(wrong.cuts[1].deltaLength) + change)
      wrong.deltaLength = UInt64(Int64(wrong.deltaLength) + change)
      #expect(throws: UpdateFileError.self) { try read(sample.file, wrong) }
    }
  }

  @Test("Reading may begin at any section, and wants the pieces from there on only")
  func fromSections() throws {
    let sample = try Sample([
      Sample.delta(100, seed: 1), Sample.delta(3_000_000, seed: 2), Sample.delta(4, seed: 3),
      Sample.delta(2_500_000, seed: 4),
    ])
    var skipped: [UInt64] = []
    for section in 0..<4 {
      let reader = try PayloadReader(sample.payload, memoryLimit: 64 << 20, startingAt: section)
      skipped.append(reader.skippedLength)
      #expect(reader.section == section)
      let reading = try read(sample.file, sample.payload, from: section)
      #expect(
        reading == Reading(sections: Array(sample.sections[section...]), length: sample.file.count))
    }
    #expect(skipped == [0, 0, 1 << 20, 1 << 20])
    for section in [-1, 4] {
      #expect(throws: UpdateFileError.sectionMismatch(index: section)) {
        _ = try PayloadReader(sample.payload, memoryLimit: 64 << 20, startingAt: section)
      }
    }
  }

  @Test("The xz program accepts it, and finds one Stream for each section")
  func xzProgram() throws {
    let sample = try Sample([Sample.delta(300_000, seed: 1), Sample.delta(5000, seed: 2)])
    let files = ["a.xz": try sampleHead([.first]).encoded() + sample.file]
    let test = try ExternalProgram.run("xz", ["-t", "a.xz"], files: files)
    #expect(test.status == 0)
    let list = try ExternalProgram.run("xz", ["--robot", "-l", "a.xz"], files: files).text
    let row = list.split(separator: "\n").first { $0.hasPrefix("file") }?.split(separator: "\t")
    #expect(row?[1] == "3")
    let plain = try ExternalProgram.run("xz", ["-dc", "a.xz"], files: files).output
    #expect(plain.suffix(305_000).elementsEqual(sample.sections.joined()))
  }

  @Test("The bytes do not depend on the number of threads", arguments: [2, 4])
  func threads(count: UInt32) throws {
    let sections = [Sample.delta(700_000, seed: 1), Sample.delta(500_000, seed: 2)]
    let one = try Sample(sections)
    let several = try Sample(sections, threads: count)
    #expect(one.file == several.file)
    #expect(one.payload == several.payload)
  }

  @Test("A changed bit anywhere is found in its piece, before it is decompressed")
  func damaged() throws {
    let sample = try Sample.large.get()
    var random = SeededGenerator.ofTest("damaged pieces")
    for _ in 0..<20 {
      var file = sample.file
      let at = Int(random.next() % UInt64(file.count))
      file[at] ^= 1 << UInt8(random.next() % 8)
      #expect(throws: UpdateFileError.pieceDigest(index: at >> 20)) {
        try read(file, sample.payload)
      }
    }
  }

  @Test("A payload that ends early has too short a piece, or too few of them")
  func truncated() throws {
    let sample = try Sample.large.get()
    let rest = sample.file.count - 1 << 20
    for cut in [1, rest] {
      let part = Array(sample.file.dropLast(cut))
      let length = part.count > 1 << 20 ? part.count - 1 << 20 : 0
      #expect(throws: UpdateFileError.pieceLength(index: 1, length: length, wanted: rest)) {
        try read(part, sample.payload)
      }
    }
    let reader = try PayloadReader(sample.payload, memoryLimit: 64 << 20)
    var failure: UpdateFileError?
    do throws(UpdateFileError) { try reader.finish() } catch { failure = error }
    #expect(failure == .payloadTruncated(sections: 0))
  }

  @Test("The reader wants no byte beyond the payload")
  func exact() throws {
    let sample = try Sample.large.get()
    let reading = try read(sample.file + [1, 2, 3], sample.payload)
    #expect(reading.length == sample.file.count)
  }

  @Test("A section's Stream must end at its cut, and hold what it should")
  func wrongCuts() throws {
    let sections = [Sample.delta(40_000, seed: 1), Sample.delta(40_000, seed: 2)]
    let sample = try Sample(sections)
    for (compressed, delta) in [(4, 0), (-4, 0), (0, 1), (0, -1), (32, 0), (0, 40_000 - 1)] {
      var payload = sample.payload
      shift(&payload.cuts, by: compressed, \.compressedLength)
      shift(&payload.cuts, by: delta, \.deltaLength)
      #expect(throws: UpdateFileError.sectionMismatch(index: 0), "\(compressed), \(delta)") {
        try read(sample.file, payload)
      }
    }
    // Both Streams said to be one.
    var merged = sample.payload
    merged.cuts[0].compressedLength += merged.cuts[1].compressedLength
    merged.cuts[0].deltaLength += merged.cuts[1].deltaLength
    merged.cuts.removeLast()
    #expect(throws: UpdateFileError.sectionMismatch(index: 0)) { try read(sample.file, merged) }
  }

  /// Moves a part of a length from the second section to the first.
  private func shift(
    _ cuts: inout [Manifest.Cut], by count: Int, _ length: WritableKeyPath<Manifest.Cut, UInt64>
  ) {
    cuts[0][keyPath: length] = UInt64(Int(cuts[0][keyPath: length]) + count)
    cuts[1][keyPath: length] = UInt64(Int(cuts[1][keyPath: length]) - count)
  }

  @Test("Signed nonsense fails in liblzma, not elsewhere")
  func nonsense() throws {
    var random = SeededGenerator.ofTest("signed nonsense")
    for _ in 0..<50 {
      let noise = random.bytes(4 * Int(random.next() % 100 + 8))
      let payload = try Sample.payload(
        noise, [.init(compressedLength: UInt64(noise.count), deltaLength: 100)])
      #expect(throws: UpdateFileError.xz(.notXZ)) { try read(noise, payload) }
    }
    let good = try Sample([Sample.delta(2000, seed: 1)])
    for _ in 0..<500 {
      var file = good.file
      file[Int(random.next() % UInt64(file.count))] ^= 1 << UInt8(random.next() % 8)
      let payload = try Sample.payload(
        file, [.init(compressedLength: UInt64(file.count), deltaLength: 2000)])
      #expect(throws: UpdateFileError.self) { try read(file, payload) }
    }
  }

  @Test("Memory is what the payload names, and a Stream may not take more")
  func memory() throws {
    let sample = try Sample([Sample.delta(2000, seed: 1)])
    let needed = try PayloadReader.memoryUsage(sample.payload)
    #expect(needed >= 2 << 20)
    let reading = try read(sample.file, sample.payload, memoryLimit: needed)
    #expect(reading.sections == sample.sections)
    #expect(throws: UpdateFileError.memoryLimit(needed: needed, limit: needed - 1)) {
      try read(sample.file, sample.payload, memoryLimit: needed - 1)
    }
    // A manifest that names a smaller dictionary than the Stream uses.
    var lying = sample.payload
    lying.dictionarySize = 1 << 16
    let usage = try XZDecoder.memoryUsage(dictionarySize: 1 << 20)
    let limit = try XZDecoder.memoryUsage(dictionarySize: 1 << 16)
    #expect(throws: UpdateFileError.xz(.memoryLimitReached(needed: usage, limit: limit))) {
      try read(sample.file, lying)
    }
  }

  @Test("A piece that is not wanted is refused, and a failed reader stays failed")
  func unwanted() throws {
    let sample = try Sample.large.get()
    var reader = try PayloadReader(sample.payload, memoryLimit: 64 << 20)
    let piece = Array(sample.file[..<(1 << 20)])
    #expect(reader.wanted == 1 << 20)
    try reader.append(piece: piece.rawSpan)
    #expect(reader.wanted == 0)
    var errors: [UpdateFileError] = []
    for _ in 0..<2 {
      do throws(UpdateFileError) { try reader.append(piece: piece.rawSpan) } catch {
        errors.append(error)
      }
    }
    do throws(UpdateFileError) { try reader.finish() } catch { errors.append(error) }
    let expected = UpdateFileError.pieceLength(index: 1, length: 1 << 20, wanted: 0)
    #expect(errors == Array(repeating: expected, count: 3))
  }

  @Test("A payload that is not consistent has no reader")
  func inconsistent() throws {
    var payload = try Sample([Sample.delta(2000, seed: 1)]).payload
    payload.pieces = []
    let file: [UInt8] = []
    #expect(throws: UpdateFileError.inconsistent(.pieces, stated: 0, found: 1)) {
      try read(file, payload)
    }
  }

  @Test("A section holds something")
  func emptySection() throws {
    var writer = try PayloadWriter(dictionarySize: 1 << 20, preset: 0)
    var file: [UInt8] = []
    var errors: [UpdateFileError] = []
    do throws(UpdateFileError) { try writer.cut(into: &file) } catch { errors.append(error) }
    do throws(UpdateFileError) { _ = try writer.finish(into: &file) } catch {
      errors.append(error)
    }
    let delta: [UInt8] = [1, 2, 3]
    try writer.append(delta.rawSpan, into: &file)
    try writer.cut(into: &file)
    do throws(UpdateFileError) { try writer.cut(into: &file) } catch { errors.append(error) }
    let sections = try writer.finish(into: &file)
    #expect(
      errors == [.emptySection(index: 0), .emptySection(index: 0), .emptySection(index: 1)])
    #expect(sections == [.init(compressedLength: UInt64(file.count), deltaLength: 3)])
    #expect(throws: UpdateFileError.xz(.unsupportedOptions)) {
      _ = try PayloadWriter(dictionarySize: 1)
    }
  }
}

@Suite("Digests of pieces")
struct PieceHasherTests {
  @Test(
    "They are those of the parts, however the bytes come", arguments: [0, 1, 99, 100, 101, 1000])
  func pieces(count: Int) throws {
    var random = SeededGenerator.ofTest("pieces")
    let bytes = random.bytes(count)
    let expected = stride(from: 0, to: count, by: 100).map { start in
      let part = Array(bytes[start..<min(start + 100, count)])
      return SHA256.hash(part.rawSpan)
    }
    for step in [1, 37, 100, 250] {
      var hasher = try PieceHasher(pieceSize: 100)
      for start in stride(from: 0, to: count, by: step) {
        hasher.append(bytes.rawSpan.extracting(start..<min(start + step, count)))
      }
      let digests = hasher.finish()
      #expect(digests == expected)
    }
    #expect(throws: UpdateFileError.invalidValue(.pieceSize, value: 0)) {
      _ = try PieceHasher(pieceSize: 0)
    }
  }
}
