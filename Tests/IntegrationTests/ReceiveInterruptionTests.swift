#if FAULT_INJECTION
  import Btrfs
  import Bytes
  import Foundation
  import Linux
  import Receive
  import SendStream
  import TestSupport
  import Testing

  @Suite("Receiving a subvolume when it is interrupted", .btrfs(options: ["noatime"]))
  struct ReceiveInterruptionTests {
    let it: ReceiveProgram
    private let stream: [UInt8]
    private let expected: TreeRecord

    init() throws {
      it = try ReceiveProgram()
      try it.bench.shell(
        """
        mkdir d empty; echo 1 > d/f; echo 2 > old; head -c 8192 /dev/urandom > data; touch gone
        head -c 5000 data > tail
        echo 3 > fixed; chattr +i fixed
        """)
      try run("btrfs", "-q", "subvolume", "snapshot", "-r", it.path("work"), it.path("parent"))
      stream = Self.everyCommand(parent: try it.info("parent").uuid)
      try it.write(stream, as: "all")
      try Self.receive(stream, into: it.bench.open("stock"))
      expected = try it.record("stock/v2")
    }

    private static func text(_ kind: CommandKind, _ path: String, _ rest: [UInt8]...) -> [UInt8] {
      rawCommand(kind, tlv(.path, path), rest.flatMap(\.self))
    }

    private static func number(_ kind: AttributeKind, _ value: UInt64) -> [UInt8] {
      tlv(kind, number: value)
    }

    private static func times(_ path: String) -> [UInt8] {
      let time = littleEndian(Int64(1_000_000_000)) + littleEndian(UInt32(5))
      return text(
        .setTimes, path, tlv(.accessTime, time), tlv(.modificationTime, time),
        tlv(.changeTime, time), tlv(.creationTime, time))
    }

    /// All that the stream changes: times are not to tell one run from another.
    private static let touched = [
      "d/new", "d/f", "sub/l", "sub/s", "p", "n", "data", "tail", "d/made", "fixed", "d", "sub", "",
    ]

    /// A command of every kind that all kernels can carry out, and a protected file in the way.
    private static func everyCommand(parent: SubvolumeUUID) -> [UInt8] {
      let inode = number(.inode, 300)
      let node = inode + number(.device, 0x103)
      let clone = { (path: String, uuid: [UInt8]) in
        rawCommand(
          .clone, number(.fileOffset, 0), number(.cloneLength, 4096), tlv(.path, path),
          tlv(.cloneUUID, uuid), number(.cloneCtransid, 7), tlv(.clonePath, "data"),
          number(.cloneOffset, 0))
      }
      return [
        streamHeader(2),
        rawCommand(
          .snapshot, tlv(.path, "v2"), tlv(.uuid, Array(1...16)), number(.ctransid, 9),
          tlv(.cloneUUID, parent.bytes), number(.cloneCtransid, 7)),
        text(.makeFile, "o1", inode), rawCommand(.rename, tlv(.path, "o1"), tlv(.pathTo, "d/new")),
        text(.write, "d/new", number(.fileOffset, 5), tlvToEnd(.data, [1, 2, 3])),
        text(.truncate, "d/new", number(.size, 100)),
        text(.changeOwner, "d/new", number(.uid, 5), number(.gid, 6)),
        text(.changeMode, "d/new", number(.mode, 0o640)), times("d/new"),
        text(.makeDirectory, "sub", inode), text(.symlink, "sub/l", inode, tlv(.pathLink, "x")),
        text(.makeFIFO, "p", node, number(.mode, 0o010600)),
        text(.makeSocket, "sub/s", node, number(.mode, 0o140600)),
        text(.makeNode, "n", node, number(.mode, 0o020600)),
        text(.link, "sub/hard", tlv(.pathLink, "d/f")), text(.unlink, "gone"),
        text(.removeDirectory, "empty"),
        text(.setXattr, "d/f", tlv(.xattrName, "user.x"), tlv(.xattrData, "v")),
        text(.removeXattr, "d/f", tlv(.xattrName, "user.y")),
        clone("d/new", Array(1...16)), clone("d/f", parent.bytes),
        text(
          .allocate, "data", tlv(.allocationMode, number: UInt32(3)), number(.fileOffset, 0),
          number(.size, 4096)),
        text(
          .write, "tail", number(.fileOffset, 0), tlvToEnd(.data, Array(repeating: 4, count: 5000))),
        text(.makeFile, "o257-7-0", inode),
        rawCommand(.rename, tlv(.path, "o257-7-0"), tlv(.pathTo, "d/made")),
        text(.write, "fixed", number(.fileOffset, 0), tlvToEnd(.data, [7])),
      ].flatMap(\.self) + touched.flatMap(times) + rawCommand(.end)
    }

    private static func receive(
      _ stream: [UInt8], into directory: consuming Descriptor
    ) throws {
      var receiver = try SubvolumeReceiver(into: directory)
      try forEachFrame(in: stream) { try receiver.carryOut(try Command(parsing: $0)) }
      try receiver.finish()
    }

    /// Whether it was received: then it is what it should be, and else nothing is there that looks so.
    private func check(_ what: String, mayLeave: Bool) throws -> Bool {
      let names = try it.names(in: "ours")
      if names.contains("v2") {
        let info = try it.info("ours/v2")
        #expect(info.isReadOnly && info.receivedUUID.bytes == Array(1...16), "\(what)")
        let found = try it.record("ours/v2").differences(to: expected, what)
        #expect(found.prefix(3) == [])
      }
      #expect(mayLeave || names.allSatisfy { $0 == "v2" }, "\(what): \(names)")
      return names.contains("v2")
    }

    private func clear() throws {
      let ours = try it.bench.open("ours")
      for name in try it.names(in: "ours") { try Subvolume.delete(name, in: ours) }
    }

    @Test("Whichever call fails, what has the name is whole, and nothing else is left")
    func anyCallFails() throws {
      for call in 1... {
        let directory = try it.bench.open("ours")
        let (error, count, isLast) = FaultInjection.with(
          .fail(at: call, .inputOutput), counting: .all
        ) { injection -> ((any Error)?, Int, Bool) in
          do { try Self.receive(stream, into: directory.duplicate()) } catch {
            return (error, injection.count, false)
          }
          return (nil, injection.count, injection.count < call)
        }
        // Only a call that cleans up may fail without anybody being told.
        let isThere = try check("call \(call) of \(count)", mayLeave: false)
        #expect(isThere == (error == nil), "call \(call): \(error.map { "\($0)" } ?? "success")")
        try clear()
        if isLast { return #expect(call > 100) }
      }
    }

    @Test("If nothing works any more from some call on, the next receive cleans up and succeeds")
    func killed() throws {
      for call in 1... {
        let directory = try it.bench.open("ours")
        let isDone = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in
          do { try Self.receive(stream, into: directory.duplicate()) } catch { return false }
          return true
        }
        let isThere = try check("call \(call)", mayLeave: true)
        #expect(isThere || !isDone)
        if !isThere { try receiveWhenFree() }
        #expect(try check("call \(call), again", mayLeave: false))
        try clear()
        if isDone { return #expect(call > 40) }
      }
    }

    /// Receives. Another test may be between fork and exec, when its child has our descriptors, and with
    /// them the lock of what was begun before, for some milliseconds.
    private func receiveWhenFree() throws {
      for _ in 0..<50 {
        do {
          return try Self.receive(stream, into: it.bench.open("ours"))
        } catch let error as SubvolumeReceiveError {
          guard case .busy = error else { throw error }
          usleep(100_000)
        }
      }
      try Self.receive(stream, into: it.bench.open("ours"))
    }

    @Test("The program killed in place of a call, or right after it, leaves no wrong tree")
    func programKilled() throws {
      for fault in ["kill", "kill-after"] {
        var call = 1
        while true {
          let result = try it.receive("all", environment: ["FAULT_INJECTION": "\(fault):\(call)"])
          let isThere = try check("\(fault) \(call)", mayLeave: true)
          if result.status == 0 {
            #expect(isThere && call > 30)
            try clear()
            break
          }
          #expect(result.status == 137, "\(fault) \(call): \(result.errors)")
          if !isThere { #expect(try it.receive("all").status == 0) }
          #expect(try check("\(fault) \(call), again", mayLeave: false))
          try clear()
          // Each one costs half a second; the other tests take them all.
          call += call < 6 ? 1 : 3
        }
      }
    }
  }
#endif
