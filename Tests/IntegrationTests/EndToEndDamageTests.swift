import Bytes
import Crypto
import Foundation
import Linux
import TestSupport
import Testing
import UpdateFile
import UpdateInstaller

@Suite("Damaged updates", .btrfs)
struct EndToEndDamageTests {
  let bench: EndToEndBench
  let update: [UInt8]
  let headLength: Int

  init() throws {
    bench = try EndToEndBench()
    try bench.release(1, "cp /bin/cat program; seq 5000 >numbers")
    try bench.release(2, "seq 5001 >numbers; head -c 90000 /dev/urandom >new")
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "delta")
    update = try EndToEndBench.bytes(bench.file("delta"))
    headLength = try EndToEndHead.read(update).length
  }

  @Test("Every bit of the head, 500 random bits and 200 random cuts of the rest: all refused")
  func everything() async throws {
    try await BtrfsFixture.with(megabytes: 256) { mount in
      let device = EndToEndDevice(mount, of: bench)
      try bench.succeed("btrfs-update", device.arguments("apply", bench.file("full")))
      let state = try device.state()
      try flips(on: device)
      #expect(try device.state() == state)
      try cuts(on: device)
      #expect(try device.state() == state)
      try byPrograms(on: device)
      #expect(try device.state() == state)
      // It was the damage, and nothing else.
      try bench.succeed("btrfs-update", device.arguments("apply", bench.file("delta")))
    }
  }

  private func options(_ device: EndToEndDevice) throws -> InstallOptions {
    let pem = try EndToEndBench.bytes("\(device.keys)/public.pem")
    return InstallOptions(
      keys: [try VerificationKey(pem: pem.rawSpan)], product: "oven",
      toolVersion: ToolVersion(0, 1, 0))
  }

  private func flips(on device: EndToEndDevice) throws {
    var random = SeededGenerator.ofTest("flipped bits")
    let options = try options(device)
    let disk = try Device(path: device.path)
    let source = try scratch()
    var bits = Array(0..<headLength * 8)
    bits += (0..<500).map { _ in
      Int.random(in: (headLength * 8)..<(update.count * 8), using: &random)
    }
    for bit in bits {
      let offset = bit / 8
      try source.write([update[offset] ^ (1 << (bit % 8))].rawSpan, at: UInt64(offset))
      let failure = try refusal(of: source, by: disk, options)
      switch failure {
      case .notUpdateFile?, .damagedHead?, .fileTruncated?, .unsupportedRevision?:
        #expect(offset < headLength, "bit \(bit): \(String(describing: failure))")
      case .damagedPayload?:
        #expect(offset >= headLength, "bit \(bit): \(String(describing: failure))")
      default: Issue.record("bit \(bit): \(String(describing: failure))")
      }
      try source.write([update[offset]].rawSpan, at: UInt64(offset))
    }
  }

  private func cuts(on device: EndToEndDevice) throws {
    var random = SeededGenerator.ofTest("cuts")
    let options = try options(device)
    let disk = try Device(path: device.path)
    let source = try scratch()
    var lengths = (0..<200).map { _ in Int.random(in: 0..<update.count, using: &random) }
    lengths += [0, 1, headLength - 1, headLength, headLength + 1, update.count - 1]
    // The longest first: a file that was cut stays cut.
    for length in lengths.sorted(by: >) {
      try source.truncate(to: UInt64(length))
      switch try refusal(of: source, by: disk, options) {
      case .fileTruncated?: break
      case .notUpdateFile? where length < 24: break
      case let failure: Issue.record("length \(length): \(String(describing: failure))")
      }
    }
  }

  private func scratch() throws -> Descriptor {
    let source = try Descriptor.open(
      bench.file("scratch"), [.readWrite, .create, .truncate])
    try source.write(update.rawSpan)
    return source
  }

  private func refusal(
    of source: borrowing Descriptor, by device: borrowing Device, _ options: InstallOptions
  ) throws -> InstallError? {
    try source.seek(to: 0)
    do throws(InstallError) {
      _ = try device.apply(source, options)
      return nil
    } catch {
      return error
    }
  }

  /// The same by the programs, a few times.
  private func byPrograms(on device: EndToEndDevice) throws {
    func refuse(
      _ bytes: [UInt8], _ exit: EndToEndBench.Exit, at location: SourceLocation = #_sourceLocation
    ) throws {
      let file = bench.file("damaged")
      try EndToEndBench.write(bytes, file)
      let apply = device.arguments("apply", file)
      try bench.refuse("btrfs-update", apply, exit, at: location)
      let pipe = ["sh", "-c", "cat \"$0\" | \"$@\"", file]
      let piped = device.arguments("apply", "-")
      try bench.refuse("btrfs-update", piped, exit, through: pipe, at: location)
      let output = bench.file("plain")
      let key = ["--public-key", bench.path("keys/public.pem")]
      try bench.refuse("btrfs-delta", ["verify", file] + key, exit, at: location)
      let expand = ["expand", file, "--parent", bench.tree(1), "--output", output] + key
      try bench.refuse("btrfs-delta", expand, exit, at: location)
      #expect(!FileManager.default.fileExists(atPath: output), sourceLocation: location)
    }
    for offset in [0, headLength / 2, headLength - 1] {
      var damaged = update
      damaged[offset] ^= 0x10
      try refuse(damaged, .notAnUpdate)
    }
    for offset in [headLength, (headLength + update.count) / 2, update.count - 1] {
      var damaged = update
      damaged[offset] ^= 1
      try refuse(damaged, .damaged)
    }
    try refuse(Array(update.prefix(5)), .notAnUpdate)
    for length in [100, headLength, headLength + 1, update.count - 1] {
      try refuse(Array(update.prefix(length)), .truncated)
    }
    for trail in [[0], [0, 0, 0, 0], update] { try refuse(update + trail, .trailingBytes) }
  }
}

/// Takes an update file apart.
enum EndToEndHead {
  /// The head, and its length in bytes.
  static func read(_ update: [UInt8]) throws -> (head: UpdateHead, length: Int) {
    var reader = HeadReader()
    while reader.wanted > 0 {
      let part = Array(update[reader.length..<(reader.length + reader.wanted)])
      try reader.append(part.rawSpan)
    }
    return (try reader.finish(), reader.length)
  }
}
