import Bytes
import TestSupport
import Testing
import XZ

/// Text-like bytes: they compress, and no two lines are alike.
private func sample(_ count: Int) -> [UInt8] {
  var random = SeededGenerator(seed: 7)
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + 32)
  while bytes.count < count {
    bytes += Array("line \(random.next() % 5000) of \(bytes.count)\n".utf8)
  }
  return Array(bytes[..<count])
}

private let quick = XZEncoder.Options(preset: 0, blockSize: 1 << 16)

@Suite("Compressing")
struct XZEncoderTests {
  @Test("The bytes depend on neither the number of threads nor the pieces of the input")
  func deterministic() throws {
    let bytes = sample(700_000)
    var options = XZEncoder.Options(preset: 1, blockSize: 100_000)
    let once = try encoded(bytes, options)
    for (threads, step) in [(1, 777), (2, .max), (2, 4096), (4, 65_537), (4, .max)]
      as [(UInt32, Int)]
    {
      options.threads = threads
      let again = try encoded(bytes, options, step: step)
      #expect(again == once, "\(threads) threads, pieces of \(step)")
    }
  }

  @Test("The xz program accepts the Stream, finds CRC-64 and the Blocks, and gives the bytes back")
  func xzProgram() throws {
    let bytes = sample(250_000)
    let file = try encoded(bytes, .init(preset: 0, blockSize: 100_000, threads: 2))
    let files = ["a.xz": file]
    let test = try ExternalProgram.run("xz", ["-t", "a.xz"], files: files)
    #expect(test.status == 0)
    let plain = try ExternalProgram.run("xz", ["-dc", "a.xz"], files: files)
    #expect(plain.output == bytes)
    let list = try ExternalProgram.run("xz", ["--robot", "-l", "a.xz"], files: files)
    let row = list.text.split(separator: "\n").first { $0.hasPrefix("file") }?.split(
      separator: "\t")
    // file, Streams, Blocks, compressed, uncompressed, ratio, checks, padding
    let fields = try #require(row)
    #expect(fields[1...4] == ["1", "3", "\(file.count)", "250000"])
    #expect(fields[6] == "CRC64")
  }

  @Test("Nothing compresses to a Stream without Blocks")
  func empty() throws {
    let file = try encoded([], quick)
    #expect(file.count == 32)
    let back = try decoded(file)
    #expect(back == Decoded(bytes: [], consumed: 32, sawEnd: true))
  }

  @Test("A restarted encoder writes what a fresh one writes")
  func restart() throws {
    let first = sample(50_000)
    let second = Array(first.reversed())
    var encoder = try XZEncoder(quick)
    var out: [UInt8] = []
    try encoder.encode(first.rawSpan, into: &out)
    try encoder.finish(into: &out)
    let firstLength = out.count
    try encoder.restart()
    try encoder.encode(second.rawSpan, into: &out)
    try encoder.finish(into: &out)
    let fresh = try encoded(second, quick)
    #expect(Array(out[firstLength...]) == fresh)
  }

  @Test("After the end there is no more")
  func afterEnd() throws {
    var encoder = try XZEncoder(quick)
    var out: [UInt8] = []
    try encoder.finish(into: &out)
    var errors: [XZError] = []
    do throws(XZError) { try encoder.finish(into: &out) } catch { errors.append(error) }
    let more: [UInt8] = [1]
    do throws(XZError) { try encoder.encode(more.rawSpan, into: &out) } catch {
      errors.append(error)
    }
    #expect(errors == [.alreadyFinished, .alreadyFinished])
  }

  @Test(
    "Options that do not exist are refused",
    arguments: [
      XZEncoder.Options(preset: 10, blockSize: 1 << 20),
      XZEncoder.Options(blockSize: 0),
      XZEncoder.Options(blockSize: 1 << 20, threads: 0),
      XZEncoder.Options(blockSize: 1 << 20, threads: 1_000_000),
      XZEncoder.Options(dictionarySize: 4095, blockSize: 1 << 20),
      XZEncoder.Options(dictionarySize: .max, blockSize: 1 << 20),
    ])
  func options(_ options: XZEncoder.Options) {
    #expect(throws: XZError.unsupportedOptions) { _ = try XZEncoder(options) }
    #expect(throws: XZError.unsupportedOptions) { _ = try XZEncoder.memoryUsage(options) }
  }

  @Test("More threads need more memory, and a larger dictionary too")
  func memory() throws {
    let one = try XZEncoder.memoryUsage(.init(preset: 6, blockSize: 1 << 24))
    let two = try XZEncoder.memoryUsage(.init(preset: 6, blockSize: 1 << 24, threads: 2))
    let large = try XZEncoder.memoryUsage(
      .init(preset: 6, dictionarySize: 1 << 26, blockSize: 1 << 24))
    #expect(one > 1 << 26)
    #expect(two > one)
    #expect(large > one)
  }

  @Test("The library has a version")
  func version() {
    #expect(XZEncoder.libraryVersion.split(separator: ".").count >= 3)
  }
}

@Suite("Decompressing")
struct XZDecoderTests {
  @Test("It comes back whatever the pieces and the room", arguments: [1, 7, 4096, .max])
  func pieces(step: Int) throws {
    let bytes = sample(30_000)
    let file = try encoded(bytes, quick)
    for room in [1, 13, 30_000, 1 << 16] {
      let back = try decoded(file, step: step, room: room)
      #expect(back == Decoded(bytes: bytes, consumed: file.count, sawEnd: true))
    }
  }

  @Test("What the xz program wrote comes back")
  func xzProgram() throws {
    let bytes = sample(100_000)
    let file = try ExternalProgram.run("xz", ["-9ec", "a"], files: ["a": bytes]).output
    let back = try decoded(file, memoryLimit: 128 << 20)
    #expect(back.bytes == bytes)
  }

  @Test("A Stream cut at any byte is truncated, concatenated or not")
  func truncated() throws {
    let file = try encoded(sample(2000), quick)
    for cut in 0..<file.count {
      let part = Array(file[..<cut])
      #expect(throws: XZError.truncated(offset: UInt64(cut))) { try decoded(part) }
      #expect(throws: XZError.truncated(offset: UInt64(cut))) {
        try decoded(part, concatenated: true)
      }
    }
  }

  @Test("No flipped bit goes unnoticed")
  func flipped() throws {
    let bytes = sample(300)
    let file = try encoded(bytes, quick)
    for bit in 0..<(file.count * 8) {
      var damaged = file
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: XZError.self, "bit \(bit)") { try decoded(damaged) }
    }
  }

  @Test("Random bytes are not xz, and random bytes behind a good header are corrupt")
  func random() throws {
    var random = SeededGenerator.ofTest("random xz input")
    let header = Array(try encoded(sample(300), quick)[..<12])
    for _ in 0..<200 {
      let noise = random.bytes(64)
      #expect(throws: XZError.self) { try decoded(noise) }
      #expect(throws: XZError.self) { try decoded(header + noise) }
    }
    #expect(throws: XZError.notXZ) { try decoded(Array("no xz file at all".utf8)) }
  }

  @Test("One Stream ends where it ends; concatenated ones are all decoded")
  func concatenated() throws {
    let bytes = sample(5000)
    let file = try encoded(bytes, quick)
    let first = try decoded(file + file)
    #expect(first == Decoded(bytes: bytes, consumed: file.count, sawEnd: true))
    let both = try decoded(file + [0, 0, 0, 0] + file, concatenated: true)
    #expect(both == Decoded(bytes: bytes + bytes, consumed: 2 * file.count + 4, sawEnd: true))
  }

  @Test(
    "The memory query is exact: with one byte less the same Stream is refused",
    arguments: [1 << 12, 1 << 16, 3 << 19, 5_000_000, 1 << 23])
  func memoryLimit(dictionary: Int) throws {
    let size = UInt32(dictionary)
    let bytes = sample(1000)
    let file = try encoded(bytes, .init(preset: 6, dictionarySize: size, blockSize: 1 << 20))
    let usage = try XZDecoder.memoryUsage(dictionarySize: size)
    let back = try decoded(file, memoryLimit: usage)
    #expect(back.bytes == bytes)
    #expect(throws: XZError.memoryLimitReached(needed: usage, limit: usage - 1)) {
      try decoded(file, memoryLimit: usage - 1)
    }
  }

  @Test("There is no dictionary beyond the limits")
  func dictionaryLimits() {
    #expect(throws: XZError.unsupportedOptions) {
      try XZDecoder.memoryUsage(dictionarySize: 4095)
    }
    #expect(throws: XZError.unsupportedOptions) {
      try XZDecoder.memoryUsage(dictionarySize: UInt32.max)
    }
  }

  @Test("The limit on the output holds back what is more, and lets the end through")
  func outputLimit() throws {
    let bytes = sample(1000)
    let file = try encoded(bytes, quick)
    var decoder = try XZDecoder(memoryLimit: 64 << 20)
    var buffer = [UInt8](repeating: 0, count: 4000)
    var statuses: [XZDecoder.Status] = []
    var consumed = 0
    try unsafe buffer.withUnsafeMutableBytes { buffer in
      var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      for limit in [400, 599, 0, 1, 0] {
        let step = try decoder.decode(
          file.rawSpan.extracting(consumed..<file.count), into: &output, limit: limit)
        consumed += step.consumed
        statuses.append(step.status)
      }
      _ = unsafe output.finalize(for: buffer)
    }
    #expect(statuses == [.outputFull, .outputFull, .outputFull, .streamEnd, .streamEnd])
    #expect(Array(buffer[..<1000]) == bytes)
    #expect(consumed == file.count)
  }

  @Test("A restarted decoder reads the next Stream, also after an error")
  func restart() throws {
    let bytes = sample(1000)
    let file = try encoded(bytes, quick)
    let noise = Array("nothing that anyone compressed".utf8)
    var decoder = try XZDecoder(memoryLimit: 64 << 20)
    var buffer = [UInt8](repeating: 0, count: 4000)
    var failure: XZError?
    var status: XZDecoder.Status?
    try unsafe buffer.withUnsafeMutableBytes { buffer in
      var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      do throws(XZError) { _ = try decoder.decode(noise.rawSpan, into: &output) } catch {
        failure = error
      }
      try decoder.restart()
      status = try decoder.decode(file.rawSpan, into: &output).status
      _ = unsafe output.finalize(for: buffer)
    }
    #expect(failure == .notXZ)
    #expect(status == .streamEnd)
    #expect(Array(buffer[..<1000]) == bytes)
  }
}
