import Btrfs
import Bytes
import Foundation
import Linux
import SendStream
import TestSupport
import Testing

@Suite("btrfs-delta receive in the place of btrfs receive", .btrfs(options: ["noatime"]))
struct ReceiveProgramTests {
  let it: ReceiveProgram

  init() throws { it = try ReceiveProgram() }

  @Test(
    "It makes the same trees, and says the same at every verbosity",
    arguments: [[], ["-v"], ["-vv"], ["-q"]])
  func sameWords(_ options: [String]) throws {
    try it.makeIncrement(
      """
      mkdir dir; echo 1 > dir/f; mknod n c 1 3; mknod p p; ln -s target l; ln dir/f h
      setfattr -n user.a -v value dir/f; truncate -s 100K t; head -c 200000 /dev/urandom > big
      cp --reflink=always big copy; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('s')"
      """,
      """
      rm n; rm -r dir; setfattr -n user.b -v x h; fallocate -p -o 0 -l 4096 big; chmod 700 p
      mv t u; cp --reflink=always big again; chown -h 5:6 l
      """, version: 2)
    for name in ["v1", "v2"] {
      let program = options.isEmpty ? ["-f"] : options + ["-f"]
      let files = [it.path("streams/\(name)")]
      let ours = try runProgram([it.program, "receive"] + program + files + [it.path("ours")])
      let stock = try runProgram(["btrfs", "receive"] + program + files + [it.path("stock")])
      #expect(ours.status == 0 && stock.status == 0, "\(ours.errors)")
      #expect(ours.errors == stock.errors)
      #expect(ours.output == stock.output)
      try it.expectSame("ours/\(name)", name)
      try it.bench.expectSame("ours/\(name)", "stock/\(name)", asSent: true)
    }
    let (source, info) = (try it.info("v2"), try it.info("ours/v2"))
    #expect(info.receivedUUID == source.uuid && info.isReadOnly)
    #expect(info.sendTransaction == source.changeTransaction)
    #expect(try it.info("ours/v1").uuid == info.parentUUID)
    #expect(try it.names(in: "ours") == ["v1", "v2"])
  }

  @Test("Several streams in one file, or xz-compressed, or one after another from a pipe with -e")
  func severalStreams() throws {
    try it.makeIncrement("echo 1 > f", "echo 2 > f")
    try it.write(it.bytes(of: "v1") + it.bytes(of: "v2"), as: "both")
    #expect(try it.receive("both").status == 0)
    try it.expectSame("ours/v2", "v2")
    try run("mkdir", it.path("e"), it.path("pipe"), it.path("xz"))
    #expect(try it.receive("both", into: "e", "-e").status == 0)
    #expect(try it.names(in: "e") == ["v1"])
    // What is behind END is left for who reads on.
    try run(
      "bash", "-euc", "cat \"$1\" | ( \"$0\" receive -e \"$2\"; btrfs -q receive -e \"$2\" )",
      it.program, it.path("streams/both"), it.path("pipe"))
    #expect(try it.names(in: "pipe") == ["v1", "v2"])
    try run("xz", "-k", it.path("streams/both"))
    #expect(try it.receive("both.xz", into: "xz").status == 0)
    #expect(try it.names(in: "xz") == ["v1", "v2"])
  }

  @Test("Stock's text of --dump")
  func dump() throws {
    try it.makeIncrement(
      "mkdir d; echo 1 > 'd/a b'", "mv d e; ln -s x y; setfattr -n user.a -v b e")
    for name in ["v1", "v2"] {
      let file = it.path("streams/\(name)")
      let ours = try run(it.program, "receive", "--dump", "-f", file)
      let stock = try run("btrfs", "receive", "--dump", "-f", file)
      #expect(String(decoding: ours, as: UTF8.self) == String(decoding: stock, as: UTF8.self))
    }
  }

  @Test("What is not received has its own exit status, and nothing of it stays (C7)")
  func failures() throws {
    try it.makeIncrement("head -c 90000 /dev/urandom > f", "echo 2 > f")
    let stream = try it.bytes(of: "v1")
    try it.write(Array(stream.dropLast(10)), as: "noend")
    try it.write(Array(stream.prefix(3000)), as: "cut")
    try it.write([], as: "empty")
    try it.write(Array(repeating: 7, count: 100), as: "other")
    try it.write(Array(stream.prefix(17)), as: "header")
    try it.write(streamHeader(4) + stream.dropFirst(17), as: "newer")
    var flipped = stream
    flipped[40_000] ^= 1
    try it.write(flipped, as: "flipped")
    for (name, status) in [
      ("noend", 25), ("cut", 25), ("empty", 25), ("other", 28), ("header", 25), ("newer", 27),
      ("flipped", 24), ("v2", 33), ("missing", 13),
    ] as [(String, Int32)] {
      // The original has the UUID, too: hidden, it is as on another disk.
      let isAway = name == "v2"
      if isAway { try run("btrfs", "-q", "subvolume", "delete", it.path("v1")) }
      let result = try it.receive(name)
      #expect(result.status == status, "\(name): \(result.errors)")
      #expect(try it.names(in: "ours") == [])
    }
    #expect(try it.receive("v1").status == 0)
    #expect(try it.receive("v1").status == 32)
    #expect(try it.names(in: "ours") == ["v1"])
    try run("mkdir", it.path("kept"))
    #expect(try it.receive("cut", into: "kept", "--keep-partial").status == 25)
    #expect(try it.receive("cut", into: "kept", "--keep-partial").status == 25)
    #expect(try it.names(in: "kept") == ["v1.partial", "v1.partial2"])
    #expect(try it.info("kept/v1.partial").receivedUUID.isZero)
    let elsewhere = try TemporaryDirectory()
    let file = it.path("streams/v1")
    #expect(try runProgram([it.program, "receive", "-f", file, elsewhere.path]).status == 11)
    #expect(try runProgram([it.program, "receive", "-f", file, it.path("nowhere")]).status == 13)
    #expect(try runProgram([it.program, "receive", "-f", file]).status == 64)
  }

  @Test("-E goes on after errors as often as it is told, ends at the end, and marks nothing (C6)")
  func maximumErrors() throws {
    try it.makeStream(
      "errors", rawSubvolume(), ReceiveProgram.makeFile("a"), ReceiveProgram.unlink("x"),
      ReceiveProgram.makeFile("b"), ReceiveProgram.unlink("y"), ReceiveProgram.makeFile("c"))
    for (limit, survives) in [("1", false), ("2", false), ("3", true), ("0", true)] {
      try run("mkdir", it.path("e" + limit))
      let result = try it.receive("errors", into: "e" + limit, "-E", limit)
      #expect(result.status == 13, "\(result.errors)")
      #expect(try it.names(in: "e" + limit) == (survives ? ["sv"] : []))
      guard survives else { continue }
      #expect(try it.names(in: "e\(limit)/sv") == ["a", "b", "c"])
      let info = try it.info("e\(limit)/sv")
      #expect(info.receivedUUID.isZero && !info.isReadOnly)
    }
    // Stock goes on forever here.
    let stream = try it.bytes(of: "errors")
    try it.write(Array(stream.dropLast(15)), as: "cut")
    #expect(try it.receive("cut", "-E", "0").status == 25)
    #expect(try it.names(in: "ours") == [])
  }

  @Test("-E carries out what comes behind an inode that could not be made under its first name")
  func maximumErrorsLater() throws {
    try it.bench.shell("echo old > o257-7-0")
    _ = try it.bench.snapshot("v1", version: 1)
    let info = try it.info("v1")
    let orphan = "o257-7-0"
    let rename = { (new: String) in rawCommand(.rename, tlv(.path, orphan), tlv(.pathTo, new)) }
    for (name, commands, expected) in [
      ("next", [ReceiveProgram.makeFile("b")], ["b", orphan]),
      ("renamed", [rename("x")], ["x"]),
      ("twice", [ReceiveProgram.makeFile(orphan), rename("x")], ["x"]),
      ("end", [], [orphan]),
    ] as [(String, [[UInt8]], [String])] {
      let snapshot = rawCommand(
        .snapshot, tlv(.path, name), tlv(.uuid, Array(1...16)), tlv(.ctransid, number: UInt64(9)),
        tlv(.cloneUUID, info.uuid.bytes), tlv(.cloneCtransid, number: UInt64(7)))
      try it.makeStream(
        name, snapshot, ReceiveProgram.makeFile(orphan), commands.flatMap(\.self))
      #expect(try it.receive(name).status == 13)
      let result = try it.receive(name, "-E", "0")
      #expect(result.status == 13, "\(result.errors)")
      #expect(try it.names(in: "ours/\(name)") == expected)
      #expect(try it.info("ours/\(name)").receivedUUID.isZero)
    }
  }

  @Test("A wrong directory does not wait for the stream")
  func wrongDirectory() throws {
    for (directory, status) in [(it.path("nowhere"), 13), ("/proc", 11)] as [(String, Int32)] {
      let log = try runProgram([
        "bash", "-uc",
        """
        exec 3< <(exec sleep 30); timeout 15 "$0" receive "$1" <&3; status=$?; kill -KILL $!; exit $status
        """, it.program, directory,
      ])
      #expect(log.status == status, "\(log.errors)")
    }
  }

  @Test(
    "While nothing comes from a pipe or FIFO, a signal ends it at once, and it leaves nothing",
    arguments: [0, 3, 17, 150_000], [false, true])
  func interruptedWaiting(_ count: Int, _ isFIFO: Bool) throws {
    try it.bench.shell("head -c 300000 /dev/urandom > f")
    _ = try it.bench.snapshot("v1", version: 1)
    // Nobody opens the FIFO where nothing is to come. In a session of its own, of which nothing stays:
    // who waits for a program here waits for all that it began, and a SIGTERM may be ignored.
    let result = try runProgram([
      "setsid", "--wait", "bash", "-uc",
      """
      if [ "$3" = true ]; then
        mkfifo "$4"
        [ "$5" = 0 ] || { { head -c "$5" "$1"; exec sleep 60; } > "$4" & }
        "$0" receive -f "$4" "$2" & pid=$!
      else
        exec 3< <(head -c "$5" "$1"; exec sleep 60)
        "$0" receive "$2" <&3 & pid=$!
      fi
      sleep 1; kill -TERM $pid
      ( sleep 20; kill -KILL $pid ) 2>/dev/null &
      wait $pid; status=$?
      pkill -KILL -s 0 -x sleep
      exit $status
      """, it.program, it.path("streams/v1"), it.path("ours"), "\(isFIFO)", it.path("fifo"),
      "\(count)",
    ])
    #expect(result.status == 14, "\(result.errors)")
    #expect(try it.names(in: "ours") == [])
  }

  @Test("Interrupted by a signal, it leaves nothing")
  func interrupted() throws {
    _ = try it.bench.shell("head -c 300000 /dev/urandom > f")
    _ = try it.bench.snapshot("v1", version: 1)
    // The rest of the stream does not come before the signal.
    let result = try runProgram([
      "bash", "-uc",
      """
      exec 3< <(head -c 150000 "$1"; sleep 1; tail -c +150001 "$1")
      "$0" receive "$2" <&3 & sleep 0.5; kill -INT $!; wait $!
      """, it.program, it.path("streams/v1"), it.path("ours"),
    ])
    #expect(result.status == 14, "\(result.errors)")
    #expect(try it.names(in: "ours") == [])
  }
}
