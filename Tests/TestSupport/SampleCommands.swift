public import Bytes
public import SendStream

/// One or more of every command, with values that are hard to write, read or print.
///
/// The handmade streams of `TestImages` are these.
public enum SampleCommands {
  /// UUIDs to tell apart at a glance.
  static let uuids = (SubvolumeUUID(counting: 0x00), SubvolumeUUID(counting: 0xf0))

  /// A stream of a version with all of them, END last.
  public static func stream(_ version: StreamVersion) throws(StreamError) -> [UInt8] {
    var writer = StreamWriter(version: version)
    writer.writeHeader()
    try forEach { (command) throws(StreamError) in try writer.write(command) }
    return writer.bytes
  }

  /// Calls a closure with one after the other, SUBVOL first and END last.
  public static func forEach(
    _ body: (borrowing Command) throws(StreamError) -> Void
  ) throws(StreamError) {
    let (uuid, parent) = uuids
    let name = Array("sub vol".utf8)
    try body(.subvolume(path: name.rawSpan, uuid: uuid, ctransid: 7))
    try creations(body)
    try namings(body)
    try xattrs(body)
    try contents(body)
    try metadata(body)
    try times(body)
    let (inDirectory, long) = (Array("dir/snap\n/".utf8), [UInt8](repeating: 0x78, count: 255))
    try body(
      .snapshot(
        path: inDirectory.rawSpan, uuid: uuid, ctransid: .max, parentUUID: parent,
        parentCtransid: 99))
    for path in paths.prefix(20) { try body(.unlink(path: path.rawSpan)) }
    try body(.subvolume(path: long.rawSpan, uuid: .none, ctransid: 0))
    try body(.makeFile(path: long.rawSpan, inode: 257))
    try body(.end)
  }

  /// Paths of every kind, the impossible ones too.
  public static var paths: [[UInt8]] {
    let texts = [
      "", "a", "usr/bin/env", "a b\\c", "/", "//", "/a", "a/", "a//", "a//b/./../c/", "../x", ".",
      "a\0b", "a/\0b", "\0", "größe", "o257-7-0",
    ]
    let lengths = [22, 23, 24, 25, 26, 27, 28, 29]
    return texts.map { Array($0.utf8) } + [everyByte]
      + lengths.map { [UInt8](repeating: 0x71, count: $0) }
      + (1...255).map { Array("b\($0)=".utf8) + [$0, UInt8(ascii: "7")] }
      + [[UInt8](repeating: 0x71, count: 4_000)]
  }

  /// Every byte but NUL.
  public static var everyByte: [UInt8] { Array(1...255) }

  private static func creations(
    _ body: (borrowing Command) throws(StreamError) -> Void
  ) throws(StreamError) {
    let path = Array("dev/x".utf8)
    try body(.makeFile(path: path.rawSpan, inode: 257))
    try body(.makeDirectory(path: path.rawSpan, inode: .max))
    try body(.makeNode(path: path.rawSpan, inode: 258, device: 0x123_4567, mode: 0o60644))
    try body(.makeNode(path: path.rawSpan, inode: 0, device: 0, mode: 0))
    try body(.makeFIFO(path: path.rawSpan, inode: 259, device: 0, mode: 0o10644))
    try body(.makeSocket(path: path.rawSpan, inode: 260, device: .max, mode: .max))
    for target in paths.prefix(20) {
      try body(.symlink(path: path.rawSpan, inode: 261, target: target.rawSpan))
    }
  }

  private static func namings(
    _ body: (borrowing Command) throws(StreamError) -> Void
  ) throws(StreamError) {
    let other = Array("other name".utf8)
    for path in paths.prefix(26) {
      try body(.rename(path: path.rawSpan, to: other.rawSpan))
      try body(.rename(path: other.rawSpan, to: path.rawSpan))
      try body(.link(path: path.rawSpan, existing: other.rawSpan))
      try body(.link(path: other.rawSpan, existing: path.rawSpan))
      try body(.removeDirectory(path: path.rawSpan))
    }
    for path in paths { try body(.unlink(path: path.rawSpan)) }
  }

  private static func xattrs(
    _ body: (borrowing Command) throws(StreamError) -> Void
  ) throws(StreamError) {
    let path = Array("x".utf8)
    let values = ["", "value", "\0", "a\0b", "trail\0", " \\"].map { Array($0.utf8) }
    for value in values + [everyByte] {
      let name = Array("user.".utf8) + value
      try body(.setXattr(path: path.rawSpan, name: name.rawSpan, value: value.rawSpan))
      try body(.removeXattr(path: path.rawSpan, name: name.rawSpan))
    }
    let long = [UInt8](repeating: 0x31, count: 3_000)
    try body(.setXattr(path: path.rawSpan, name: path.rawSpan, value: long.rawSpan))
  }

  private static func contents(
    _ body: (borrowing Command) throws(StreamError) -> Void
  ) throws(StreamError) {
    let (path, data, none) = (Array("file".utf8), Array("hello".utf8), [UInt8]())
    let (uuid, parent) = uuids
    try body(.write(path: path.rawSpan, offset: 4_096, data: data.rawSpan))
    try body(.write(path: path.rawSpan, offset: .max, data: none.rawSpan))
    for source in paths.prefix(26) {
      try body(
        .clone(
          path: path.rawSpan, offset: 1, length: 2, sourceUUID: parent, sourceCtransid: 99,
          sourcePath: source.rawSpan, sourceOffset: 5))
    }
    try body(
      .clone(
        path: path.rawSpan, offset: .max, length: .max, sourceUUID: uuid, sourceCtransid: .max,
        sourcePath: path.rawSpan, sourceOffset: .max))
    for number in [0, 4_096, UInt64.max] {
      try body(.truncate(path: path.rawSpan, size: number))
      try body(.updateExtent(path: path.rawSpan, offset: number, size: number))
      try body(.allocate(path: path.rawSpan, mode: 3, offset: number, size: 8_192))
    }
    try body(.allocate(path: path.rawSpan, mode: .max, offset: 0, size: .max))
    try encodedWrites(body)
  }

  private static func encodedWrites(
    _ body: (borrowing Command) throws(StreamError) -> Void
  ) throws(StreamError) {
    let (path, data) = (Array("file".utf8), Array("zstd".utf8))
    for (compression, encryption) in [(2, 0), (.max, .max), (nil, nil)] as [(UInt32?, UInt32?)] {
      let encoding = DataEncoding(
        unencodedFileLength: 100, unencodedLength: .max, unencodedOffset: 50,
        compression: compression, encryption: encryption)
      try body(
        .encodedWrite(
          path: path.rawSpan, offset: 4_096, encoding: encoding, data: data.rawSpan))
    }
  }

  private static func metadata(
    _ body: (borrowing Command) throws(StreamError) -> Void
  ) throws(StreamError) {
    let (path, salt, signature) = (Array("file".utf8), Array("sa\0lt".utf8), [UInt8]([1, 0, 255]))
    for mode in [0, 0o644, 0o4755, UInt64.max] {
      try body(.changeMode(path: path.rawSpan, mode: mode))
    }
    try body(.changeOwner(path: path.rawSpan, uid: 0, gid: 1_000))
    try body(.changeOwner(path: path.rawSpan, uid: .max, gid: .max - 1))
    try body(.setFileAttributes(path: path.rawSpan, flags: 0x10))
    try body(.setFileAttributes(path: path.rawSpan, flags: .max))
    try body(
      .enableVerity(
        path: path.rawSpan, algorithm: 1, blockSize: 4_096, salt: salt.rawSpan,
        signature: signature.rawSpan))
  }

  private static func times(
    _ body: (borrowing Command) throws(StreamError) -> Void
  ) throws(StreamError) {
    let path = Array("file".utf8)
    // Leap days, ends of years and centuries, the years 0 and 10000, and nearly the first and
    // the last that fit 32 bits.
    let seconds: [Int64] = [
      0, -1, 1, 951_782_399, 951_782_400, 951_868_800, 4_107_542_399, 4_107_542_400, 1_709_164_800,
      1_735_689_599, 1 << 31, 1 << 32, 1 << 40, 1 << 50, -1 << 40, -1 << 50, 253_402_300_799,
      253_402_300_800, -62_135_596_800, -62_135_596_801, -62_167_219_200, -62_167_219_201,
      -2_203_891_200, 67_767_976_233_000_000, -67_768_040_609_000_000,
    ]
    for second in seconds {
      let time = Timespec(seconds: second, nanoseconds: 999_999_999)
      let next = Timespec(seconds: second + 1, nanoseconds: .max)
      try body(
        .setTimes(
          path: path.rawSpan, access: time, modification: next, change: time, creation: nil))
      try body(
        .setTimes(
          path: path.rawSpan, access: next, modification: time, change: time, creation: next))
    }
  }
}

extension SubvolumeUUID {
  /// The UUID whose bytes count from `first` on.
  public init(counting first: UInt8) {
    let bytes = (0..<16).map { first &+ $0 }
    self = SubvolumeUUID(bytes.rawSpan) ?? .none
  }
}
