import Bytes
import DeltaStream
import SendStream
import TestSupport
import Testing

@Suite("The order of a delta stream's commands")
struct OrderTests {
  private static let manifest = rawCommand(.manifest, checksum: 0)
  private static let signature = rawCommand(.signature, checksum: 0)
  private static let subvolume = rawSubvolume(checksum: 0)
  private static let tree = MemoryTree(["old": Array("hello".utf8)])

  /// A PATCH that makes "hello" of "hello".
  private static let patch = rawCommand(
    .patch, tlv(.path, "f"), tlv(.fileOffset, number: UInt64(0)), tlv(.size, number: UInt64(5)),
    tlv(.patchSource, [0, 0, 5] + Array("old".utf8)),
    tlvToEnd(.patchData, [1, 5, 1, 1, 1, 1, 0, 0, 0, 0, 5, 0]), checksum: 0)

  private func expanded(_ commands: [UInt8]...) throws(DeltaStreamError) -> [UInt8] {
    try expand(deltaHeader() + commands.flatMap(\.self), Self.tree)
  }

  @Test("MANIFEST and SIGNATUREs come before the subvolume and stand for nothing")
  func head() throws {
    let plain = streamHeader(2) + snapshotCommand(StreamVersion(base: 2)) + rawCommand(.end)
    for head in [[], Self.manifest, Self.manifest + Self.signature + Self.signature] {
      let bytes = try expanded(head, deltaSnapshot, deltaEnd)
      #expect(bytes == plain)
    }
  }

  @Test("A head that is out of order is refused")
  func headOrder() {
    for head in [
      Self.signature, Self.signature + Self.manifest, Self.manifest + Self.manifest,
      Self.manifest + Self.signature + Self.manifest,
    ] {
      #expect(throws: DeltaStreamError.self) { try expanded(head, deltaSnapshot, deltaEnd) }
    }
  }

  @Test("Neither comes after the subvolume")
  func lateHead() {
    let offset = UInt64(17 + deltaSnapshot.count)
    for (command, kind) in [(Self.manifest, CommandKind.manifest), (Self.signature, .signature)] {
      #expect(throws: DeltaStreamError.unexpectedCommand(kind, offset: offset)) {
        try expanded(deltaSnapshot, command, deltaEnd)
      }
    }
  }

  @Test("A PATCH comes behind the subvolume, and what has no parent is not patched from one")
  func patchPlace() throws {
    let bytes = try expanded(deltaSnapshot, Self.patch, deltaEnd)
    #expect(bytes.contains("hello".utf8))
    #expect(throws: DeltaStreamError.unexpectedCommand(.patch, offset: 17)) {
      try expanded(Self.patch, deltaSnapshot, deltaEnd)
    }
    let offset = UInt64(17 + Self.subvolume.count)
    #expect(throws: DeltaStreamError.malformedPatch(.patchSource, offset: offset)) {
      try expanded(Self.subvolume, Self.patch, deltaEnd)
    }
  }

  @Test("There is one subvolume")
  func severalSubvolumes() throws {
    _ = try expanded(Self.subvolume, deltaEnd)
    for (first, second) in [
      (Self.subvolume, Self.subvolume), (Self.subvolume, deltaSnapshot),
      (deltaSnapshot, Self.subvolume), (deltaSnapshot, deltaSnapshot),
    ] {
      let offset = UInt64(17 + first.count)
      #expect(throws: DeltaStreamError.severalSubvolumes(offset: offset)) {
        try expanded(first, second, deltaEnd)
      }
      let later = offset + 27
      #expect(throws: DeltaStreamError.severalSubvolumes(offset: later)) {
        try expanded(first, deltaEnd, deltaHeader(), second, deltaEnd)
      }
    }
  }

  @Test("Any other command of the delta stream's own is refused")
  func unknown() {
    for number in [0x8003, 0x8004, 0xc000, 0xffff] as [UInt16] {
      let kind = CommandKind(rawValue: number)
      let command = rawCommand(kind, checksum: 0)
      #expect(throws: DeltaStreamError.unexpectedCommand(kind, offset: 17)) {
        try expanded(command, deltaSnapshot, deltaEnd)
      }
      let offset = UInt64(17 + deltaSnapshot.count)
      #expect(throws: DeltaStreamError.unexpectedCommand(kind, offset: offset)) {
        try expanded(deltaSnapshot, command, deltaEnd)
      }
    }
  }

  @Test("An expander that is handed commands behind END refuses them")
  func behindEnd() throws {
    var expander = Expander(tree: Self.tree, base: 2)
    let version = StreamVersion(base: 2, revision: 1)
    for kind in [CommandKind.subvolume, .makeFile, .end] {
      try expander.begin(Frame(kind: kind, payload: RawSpan(), version: version))
      while try expander.next() != nil {}
    }
    for kind in [CommandKind.makeFile, .end, .patch, .manifest] {
      #expect(throws: DeltaStreamError.unexpectedCommand(kind, offset: 0)) {
        try expander.begin(Frame(kind: kind, payload: RawSpan(), version: version))
      }
    }
  }

  @Test("Every command needs the checksum field to be zero")
  func checksum() {
    let start = deltaHeader() + deltaSnapshot
    for bit in 0..<32 {
      var patch = Self.patch
      patch[6 + bit / 8] ^= 1 << (bit % 8)
      let stored = UInt32(1) << UInt32(bit)
      let error = DeltaStreamError.stream(
        .unexpectedChecksum(.patch, stored: stored, offset: UInt64(start.count)))
      #expect(throws: error) { try expand(start + patch + deltaEnd, Self.tree) }
    }
  }

  @Test("Any bit of a PATCH's header that is flipped is noticed")
  func flippedHeader() {
    let start = deltaHeader() + deltaSnapshot
    for bit in 0..<80 {
      var bytes = start + Self.patch + deltaEnd
      bytes[start.count + bit / 8] ^= 1 << (bit % 8)
      #expect(throws: DeltaStreamError.self, "bit \(bit)") { try expand(bytes, Self.tree) }
    }
  }

  @Test("Any bit of the stream's header that is flipped is noticed, but for that of the base")
  func flippedStreamHeader() throws {
    let good = deltaHeader() + deltaSnapshot + Self.patch + deltaEnd
    let plain = try expand(good, Self.tree)
    for bit in 0..<136 {
      var bytes = good
      bytes[bit / 8] ^= 1 << (bit % 8)
      // 2 and revision 0 is a plain stream, where our commands and their checksums are wrong.
      #expect(throws: DeltaStreamError.self, "bit \(bit)") { try expand(bytes, Self.tree) }
    }
    // Base 1 and 2 differ in two bits: the version is signed, in the manifest.
    var other = good
    other[13] ^= 3
    let bytes = try expand(other, Self.tree)
    #expect(bytes != plain)
  }

  @Test("A stream that is cut anywhere is refused")
  func cut() throws {
    let bytes = deltaHeader() + deltaSnapshot + Self.patch + deltaEnd
    for count in 0..<bytes.count {
      #expect(throws: DeltaStreamError.self, "\(count)") {
        try expand(Array(bytes[..<count]), Self.tree)
      }
    }
    let whole = try expand(bytes, Self.tree)
    for chunk in 1...40 {
      let again = try expand(bytes, Self.tree, chunk: chunk)
      #expect(again == whole)
    }
  }

  @Test("A path in a message is on one line and steers no terminal")
  func messages() {
    let path = Array("a\n\u{1b}[2J\"\\\u{202e}x".utf8)
    let error = DeltaStreamError.sourceTooShort(path: path, length: 1, needed: 2)
    #expect(
      "\(error)" == #"old file "a\u{a}\u{1b}[2J\"\\\u{202e}x" has 1 bytes, the patch needs 2"#)
  }
}
