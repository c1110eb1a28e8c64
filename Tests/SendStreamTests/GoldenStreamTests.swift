import Bytes
import Foundation
import SendStream
import TestSupport
import Testing

@Suite("Streams kept as files")
struct GoldenStreamTests {
  static let names: [String] = (try? TestImages.streamNames()) ?? []
  static let versions = [1, 2, 3].map { StreamVersion(base: $0) }

  private func contents(_ name: String, chunk: Int = .max) throws -> (StreamContents, [UInt8]) {
    let bytes = try TestImages.bytes("streams/\(name).stream")
    return (try StreamContents(bytes, chunk: chunk), bytes)
  }

  @Test("They are all there")
  func presence() {
    #expect(
      Self.names == [
        "encoded", "full-v1", "full-v2", "handmade-v1", "handmade-v2", "handmade-v3",
        "incremental-v1", "incremental-v2", "no-data", "two-subvolumes",
        "two-subvolumes-one-header",
      ])
  }

  @Test("Each comes back to the byte, as understood and as framed", arguments: names)
  func roundTrip(name: String) throws {
    for chunk in [Int.max, 333] {
      let (contents, bytes) = try contents(name, chunk: chunk)
      #expect(contents.written == bytes)
      #expect(contents.copied == bytes)
    }
  }

  @Test("Each is dumped as btrfs-progs 6.2 dumps it, line for line", arguments: names)
  func dump(name: String) throws {
    let (contents, _) = try contents(name)
    let expected = try TestImages.bytes("streams/\(name).dump.txt")
    #expect(firstDifferentLine(contents.dump, expected) == nil)
  }

  @Test("Every command of btrfs occurs in one of them, and in one that the kernel sent if it can")
  func coverage() throws {
    var (all, sent): (Set<CommandKind>, Set<CommandKind>) = ([], [])
    for name in Self.names {
      let kinds = try contents(name).0.kinds
      all.formUnion(kinds)
      if !name.hasPrefix("handmade") { sent.formUnion(kinds) }
    }
    let every = Set((1...26).map { CommandKind(rawValue: $0) })
    #expect(all == every)
    // No kernel sends these, or not without its debugging option.
    #expect(every.subtracting(sent) == [.enableVerity])
  }

  @Test("Each has the shape that its name promises")
  func shapes() throws {
    let statistics = try Dictionary(
      uniqueKeysWithValues: Self.names.map { ($0, try contents($0).0) })
    #expect(statistics["two-subvolumes"]?.versions.count == 2)
    #expect(statistics["two-subvolumes-one-header"]?.versions.count == 1)
    #expect(statistics["two-subvolumes-one-header"]?.statistics.subvolumeCount == 2)
    #expect(statistics["two-subvolumes-one-header"]?.statistics[.end] == 1)
    #expect(statistics["no-data"]?.statistics.dataByteCount == 0)
    #expect((statistics["encoded"]?.statistics[.encodedWrite] ?? 0) > 0)
    #expect(statistics["incremental-v1"]?.kinds.first == .snapshot)
    #expect(statistics["full-v2"]?.versions == [StreamVersion(base: 2)])
  }

  @Test("The handmade ones are what our writer writes", arguments: versions)
  func handmade(version: StreamVersion) throws {
    let path = "streams/handmade-v\(version.base).stream"
    let written = try SampleCommands.stream(version)
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(written).write(to: TestImages.url(path))
    }
    let bytes = try TestImages.bytes(path)
    #expect(written == bytes)
  }
}
