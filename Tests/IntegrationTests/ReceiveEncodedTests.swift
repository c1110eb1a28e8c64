import Bytes
import Compression
import Linux
import Receive
import SendStream
import TestSupport
import Testing

@Suite("Receiving compressed data", .btrfs(options: ["compress-force=zstd"]))
struct ReceiveEncodedTests {
  /// Files whose last extent is inline, whole, short of a sector; extents of which later ones cover a
  /// part; data that does not compress; holes.
  private static let files = """
    seq 1 300 > inline; seq 1 20000 > some; seq 1 200000 > many; seq 1 9000 | head -c 40960 > sectors
    cat many > covered; sync; dd if=/dev/zero of=covered bs=4096 seek=3 count=2 conv=notrunc status=none
    sync; dd if=some of=covered bs=4096 seek=40 count=7 conv=notrunc status=none; truncate -s 900000 covered
    head -c 300000 /dev/urandom > noise; truncate -s 3M holes
    dd if=many of=holes bs=4096 seek=100 count=50 conv=notrunc status=none; seq 5 > tiny
    head -c 131072 /dev/zero > zeros; cp --reflink=always many same; seq 1 15000 > grown; sync
    truncate -s 200000 grown
    """

  private static func zlib(_ plain: [UInt8]) throws -> [UInt8] {
    let script =
      "import sys, zlib; sys.stdout.buffer.write(zlib.compress(bytes.fromhex(sys.argv[1])))"
    let hex = plain.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    return try run("python3", "-c", script, hex)
  }

  private func encodings(_ stream: [UInt8]) throws -> [UInt32] {
    var found: [UInt32] = []
    try forEachFrame(in: stream) {
      if case .encodedWrite(_, _, let encoding, _) = try Command(parsing: $0) {
        found.append(encoding.compression ?? 0)
      }
    }
    return found
  }

  @Test(
    "It is stored as it is, or decompressed, and the same as btrfs receive makes of it",
    arguments: [("zlib", 1), ("zstd", 2), ("lzo", 3)] as [(String, UInt32)])
  func equalsStock(_ name: String, _ number: UInt32) throws {
    let bench = try ReceiveBench()
    try run("mount", "-o", "remount,compress-force=\(name)", bench.mount.path)
    try bench.shell(Self.files)
    let full = try bench.snapshot("v1", version: 2, compressed: true)
    try bench.shell(
      """
      seq 7 90000 > some; dd if=tiny of=many bs=4096 seek=20 conv=notrunc status=none
      seq 1 70000 > new; rm inline
      """)
    let increment = try bench.snapshot("v2", version: 2, parent: "v1", compressed: true)
    for stream in [full, increment] {
      let found = try encodings(stream)
      #expect(found.count > 3)
      #expect(Set(found) == [number])
    }
    for version in ["v1", "v2"] { try bench.receiveByStock(version) }
    for forced in [false, true] {
      let options = ReceiveOptions(forceDecompress: forced)
      let (one, two) = ("one-\(forced)", "two-\(forced)")
      try bench.receive(full, as: one, options: options)
      try bench.receive(increment, as: two, parent: one, options: options)
      for (ours, theirs) in [(one, "v1"), (two, "v2")] {
        try bench.expectSame("ours/\(ours)", "stock/\(theirs)")
        try bench.expectSame("ours/\(ours)", theirs)
      }
    }
    // What was stored as it is is sent so again: the extents are the same.
    try run("mount", "-o", "remount,compress=no", bench.mount.path)
    try bench.receive(full, as: "plain", options: ReceiveOptions(forceDecompress: true))
    try bench.receive(full, as: "kept")
    let (plain, kept) = (
      try bench.send("ours/plain", version: 2, compressed: true, as: "plain"),
      try bench.send("ours/kept", version: 2, compressed: true, as: "kept")
    )
    #expect(try encodings(plain) == [])
    #expect(try encodings(kept).count == encodings(full).count)
  }

  static let encoding = DataEncoding(
    unencodedFileLength: 4096, unencodedLength: 8192, unencodedOffset: 4096, compression: 1,
    encryption: nil)

  #if FAULT_INJECTION
    @Test(
      "Where the kernel does not take it, it is decompressed",
      arguments: [Errno.notPermitted, .noSuchControl, .invalidArgument, .noSpace, .notSupported])
    func fallback(_ errno: Errno) throws {
      let bench = try ReceiveBench()
      let data = try Self.zlib([UInt8](repeating: 65, count: 8192))
      let steps: [Step] = [
        .subvolume(), .makeFile("f".bytes), .encodedWrite("f".bytes, data, Self.encoding),
      ]
      // Making the file is the first change.
      try FaultInjection.with(.fail(at: 2, errno)) { injection in
        try steps.carryOut(in: try bench.open("work"))
        #expect(injection.count == 3)
      }
      let bytes = try bench.open("work/f", .readOnly).bytes(at: 0, count: 9999)
      #expect(bytes == [UInt8](repeating: 65, count: 4096))
    }

    @Test("Any other error is one, and so is a write that fails", arguments: [2, 3])
    func otherErrors(_ call: Int) throws {
      let bench = try ReceiveBench()
      let data = try Self.zlib([UInt8](repeating: 65, count: 8192))
      let steps: [Step] = [
        .subvolume(), .makeFile("f".bytes), .encodedWrite("f".bytes, data, Self.encoding),
      ]
      let options = ReceiveOptions(forceDecompress: call == 2)
      let fault = FaultInjection.Fault.failFrom(2, .inputOutput)
      let reason = try FaultInjection.with(fault) { _ in
        try steps.refusal(in: try bench.open("work"), options: options)
      }
      guard case .system(let error)? = reason else {
        Issue.record("\(reason.map { "\($0)" } ?? "success")")
        return
      }
      #expect(error.errno == .inputOutput)
      #expect(error.operation == (call == 2 ? "pwrite" : "BTRFS_IOC_ENCODED_WRITE"))
    }
  #endif

  @Test("Numbers that do not fit together are refused before anything is read or written")
  func lies() throws {
    let bench = try ReceiveBench()
    let data = try Self.zlib([UInt8](repeating: 65, count: 8192))
    func lie(_ change: (inout DataEncoding) -> Void) -> DataEncoding {
      var encoding = Self.encoding
      change(&encoding)
      return encoding
    }
    let lies: [(DataEncoding, AttributeKind)] = [
      // What stock receive reads past the end of its buffer for (S5).
      (lie { $0.unencodedFileLength = 4097 }, .unencodedFileLength),
      (lie { $0.unencodedFileLength = .max }, .unencodedFileLength),
      (lie { $0.unencodedFileLength = 0 }, .unencodedFileLength),
      (lie { $0.unencodedOffset = 8192 }, .unencodedOffset),
      (lie { $0.unencodedOffset = .max }, .unencodedOffset),
      (lie { $0.unencodedOffset = .max - 4095 }, .unencodedOffset),
      (lie { $0.unencodedLength = 131_073 }, .unencodedLength),
      (lie { $0.unencodedLength = .max }, .unencodedLength),
      (lie { $0.unencodedLength = 4096 }, .unencodedOffset),
      (lie { $0.compression = 8 }, .compression), (lie { $0.compression = .max }, .compression),
      (lie { $0.compression = 0 }, .unencodedLength), (lie { $0.encryption = 1 }, .encryption),
    ]
    for options in [ReceiveOptions(), ReceiveOptions(forceDecompress: true)] {
      for (number, (encoding, attribute)) in lies.enumerated() {
        let file = "f\(number)\(options.forceDecompress)".bytes
        let reason = try [
          .subvolume(), .makeFile(file), .encodedWrite(file, data, encoding),
        ].refusal(in: try bench.open("work"), options: options)
        guard case .badValue(attribute, _)? = reason else {
          Issue.record("\(encoding): \(reason.map { "\($0)" } ?? "success")")
          continue
        }
        #expect(try bench.open("work").status(of: file).size == 0)
      }
    }
    for data in [[], [UInt8](repeating: 0, count: 131_073)] {
      let reason = try [
        .subvolume(), .makeFile("g".bytes), .encodedWrite("g".bytes, data, Self.encoding),
      ].refusal(in: try bench.open("work"))
      #expect(reason == .badValue(.data, UInt64(data.count)))
      try bench.shell("rm g")
    }
  }

  @Test("Data that does not decompress is refused, and nothing is written")
  func damaged() throws {
    let bench = try ReceiveBench()
    let data = try Self.zlib((0..<8192).map { UInt8(truncatingIfNeeded: $0 / 7) })
    let options = ReceiveOptions(forceDecompress: true)
    for (number, cut) in [1, 2, 10, data.count - 1].enumerated() {
      let file = "f\(number)".bytes
      let reason = try [
        .subvolume(), .makeFile(file),
        .encodedWrite(file, Array(data.prefix(cut)), Self.encoding),
      ].refusal(in: try bench.open("work"), options: options)
      #expect(reason == .badCompression(.truncated(length: cut)))
      #expect(try bench.open("work").status(of: file).size == 0)
    }
    for kind in ExtentCompression.allCases where kind != .zlib {
      let file = "k\(kind.rawValue)".bytes
      var encoding = Self.encoding
      encoding.compression = kind.rawValue
      let reason = try [
        .subvolume(), .makeFile(file), .encodedWrite(file, data, encoding),
      ].refusal(in: try bench.open("work"), options: options)
      guard case .badCompression? = reason else {
        Issue.record("\(kind): \(reason.map { "\($0)" } ?? "success")")
        continue
      }
    }
  }
}
