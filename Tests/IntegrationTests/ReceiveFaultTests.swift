#if FAULT_INJECTION
  import Btrfs
  import Bytes
  import Foundation
  import Linux
  import Receive
  import SendStream
  import TestSupport
  import Testing

  @Suite("Receiving when system calls fail", .btrfs)
  final class ReceiveFaultTests {
    let mount = BtrfsFixture.current
    let top: Descriptor

    init() throws {
      top = try mount.open()
      try run(
        "bash", "-euc",
        """
        cd "$0"; btrfs -q subvolume create parent; cd parent; mkdir d; echo 1 > d/f; echo 2 > old
        head -c 8192 /dev/urandom > data; head -c 5000 data > tail; echo 3 > fixed; chattr +i fixed; touch gone; mkdir empty
        """, mount.path)
    }

    /// A command of every kind, and a protected file in the way.
    static let steps: [Step] = [
      .snapshot(), .makeFile("o1".bytes), .rename("o1".bytes, to: "d/new".bytes),
      .write("d/new".bytes, [1, 2, 3], at: 5), .truncate("d/new".bytes, to: 100),
      .changeOwner("d/new".bytes), .changeMode("d/new".bytes), .setTimes("d/new".bytes),
      .makeDirectory("sub".bytes), .symlink("sub/link".bytes, to: "x".bytes),
      .changeOwner("sub/link".bytes), .setTimes("sub/link".bytes), .makeFIFO("p".bytes),
      .makeSocket("sub/s".bytes), .makeNode("n".bytes, mode: 0o020600), .changeMode("n".bytes),
      .link("sub/hard".bytes, to: "d/f".bytes), .unlink("gone".bytes),
      .removeDirectory("empty".bytes), .setXattr("d/f".bytes, "user.x".bytes),
      .removeXattr("d/f".bytes, "user.x".bytes), .removeXattr("d/f".bytes, "user.x".bytes),
      .clone("d/new".bytes, from: "data".bytes), .allocate("data".bytes),
      .clone("d/f".bytes, from: "data".bytes, of: Step.makeUUID(2)), .write("fixed".bytes, [7]),
      .write("tail".bytes, [UInt8](repeating: 3, count: 5000)), .makeFile("o257-7-0".bytes),
      .rename("o257-7-0".bytes, to: "d/renamed".bytes), .setFileAttributes("old".bytes),
      .setTimes([]), .end, .finish,
    ]

    private func receive(_ number: Int) throws -> Descriptor {
      let parent = try top.open(beneath: "parent", .directory)
      try Subvolume.snapshot(of: parent, as: "try\(number)", in: top, readOnly: false)
      return try top.open(beneath: "try\(number)", .directory)
    }

    private func makeSources() throws -> CloneSources {
      let sources = CloneSources()
      try sources.add(try top.open(beneath: "parent", .directory), as: Step.makeUUID(2))
      return sources
    }

    @Test(
      "Whichever call fails, the receiver says so",
      arguments: [Errno.inputOutput, .noSpace, .noMemory])
    func anyCall(_ errno: Errno) throws {
      let sources = try makeSources()
      let root = try receive(0)
      let calls = try FaultInjection.calls(counting: .all) {
        try Self.steps.carryOut(in: root.duplicate(), sources)
      }
      #expect(try root.open(beneath: "fixed").inodeFlags().contains(.immutable))
      #expect(calls > 60)
      for call in 1...calls {
        let root = try receive(call)
        let sources = try makeSources()
        let error = FaultInjection.with(.fail(at: call, errno), counting: .all) {
          _ -> (any Error)? in
          do {
            try Self.steps.carryOut(in: root.duplicate(), sources)
          } catch {
            return error
          }
          return nil
        }
        let reason = (error as? ReceiveError)?.reason
        let failure = error as? SystemError
        guard case .system(let named)? = reason ?? failure.map(ReceiveError.Reason.system) else {
          Issue.record("call \(call) of \(calls): \(error.map { "\($0)" } ?? "success")")
          continue
        }
        #expect(named.errno == errno)
        #expect(named.path.hasPrefix(mount.path))
        try Subvolume.delete("try\(call)", in: top)
      }
    }
  }
#endif
