import Bytes
import Linux
import Receive
import TestSupport
import Testing

@Suite("Cloning where the file system cannot share", .btrfs)
struct ReceiveCloneTests {
  private let mount = BtrfsFixture.current
  private let parent = Step.makeUUID(0x22)

  /// A parent with a file that has no checksums, which none that has them can share with.
  private func sources() throws -> CloneSources {
    try run(
      "bash", "-euc",
      """
      cd "$0"; btrfs -q subvolume create parent; btrfs -q subvolume create target
      touch parent/f; chattr +C parent/f; head -c 700001 /dev/urandom >parent/f
      """, mount.path)
    let sources = CloneSources()
    try sources.add(try Descriptor.open(mount.path + "/parent", .directory), as: parent)
    return sources
  }

  private func target() throws -> Descriptor {
    try Descriptor.open(mount.path + "/target", .directory)
  }

  @Test("The bytes are copied instead, up to a file's end that is no whole block")
  func copied() throws {
    let sources = try sources()
    try [
      .subvolume(), .makeFile("c".bytes),
      .clone("c".bytes, from: "f".bytes, of: parent, length: 700_001 - 8192, at: 8192, to: 4096),
    ].carryOut(in: target(), sources)
    let copy = try target().open(beneath: "c").bytes(at: 0, count: 1 << 20)
    let old = try Descriptor.open(mount.path + "/parent/f").bytes(at: 0, count: 1 << 20)
    let expected = [UInt8](repeating: 0, count: 4096) + old[8192...]
    #expect(firstDifference(copy, expected) == nil)
  }

  @Test("What is wrong in itself stays refused: cut blocks, and what the source does not have")
  func refused() throws {
    let sources = try sources()
    for (length, at, offset) in [
      (4096, 1, 0), (4096, 0, 1), (4095, 0, 0), (704_512, 0, 0), (1 << 40, 0, 0),
      (4096, 704_512, 0), (.max - 4095, 4096, 0), (4096, 0, .max - 4095), (4096, 1 << 62, 0),
    ] as [(UInt64, UInt64, UInt64)] {
      let reason = try [
        .subvolume(), .makeFile("c".bytes),
        .clone("c".bytes, from: "f".bytes, of: parent, length: length, at: at, to: offset),
      ].refusal(in: target(), sources)
      guard case .system(let error) = reason else {
        Issue.record("\(length), \(at), \(offset): \(String(describing: reason))")
        continue
      }
      #expect([.invalidArgument, .overflow].contains(error.errno), "\(error)")
      try run("rm", mount.path + "/target/c")
    }
  }

  @Test("Within one subvolume nothing is copied: what cannot be shared there is refused")
  func own() throws {
    _ = try sources()
    try run("cp", "--reflink=never", mount.path + "/parent/f", mount.path + "/target/with")
    try run("cp", "-a", mount.path + "/parent/f", mount.path + "/target/f")
    try run("chattr", "-c", mount.path + "/target/with")
    let reason = try [
      .subvolume(), .clone("with".bytes, from: "with".bytes, length: 8192, to: 4096),
    ].refusal(in: target(), CloneSources())
    guard case .system(let error) = reason else {
      Issue.record("\(String(describing: reason))")
      return
    }
    #expect(error.errno == .invalidArgument)
  }
}
