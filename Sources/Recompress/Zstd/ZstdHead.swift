internal import Bytes
internal import Zstd

/// The header of a zstd frame (RFC 8878, 3.1.1.1).
struct ZstdHead {
  static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
  /// In bytes.
  static let longest = 18
  /// The largest window that is opened, as a power of two.
  static let longestWindowLog = 27

  let hasChecksum: Bool
  let contentSize: UInt64?
  /// As a power of two, rounded up; `nil` of a frame in one segment.
  let windowLog: Int?

  /// Reads the header; `nil` if it is none, wants a dictionary, or too large a window.
  init?(_ bytes: RawSpan) {
    var cursor = ByteCursor(bytes)
    guard let magic = cursor.take(4), magic.hasSameBytes(as: Self.magic.rawSpan),
      let descriptor = cursor.read(UInt8.self), descriptor & 0x0b == 0
    else { return nil }
    hasChecksum = descriptor & 4 != 0
    let isOneSegment = descriptor & 0x20 != 0
    var window: Int?
    if !isOneSegment {
      guard let byte = cursor.read(UInt8.self) else { return nil }
      window = 10 + Int(byte >> 3) + (byte & 7 == 0 ? 0 : 1)
      guard let window, window <= Self.longestWindowLog else { return nil }
    }
    windowLog = window
    switch (descriptor >> 6, isOneSegment) {
    case (0, false): contentSize = nil
    case (0, true): contentSize = cursor.read(UInt8.self).map { UInt64($0) }
    case (1, _): contentSize = cursor.read(UInt16.self).map { UInt64($0) + 256 }
    case (2, _): contentSize = cursor.read(UInt32.self).map { UInt64($0) }
    default: contentSize = cursor.read(UInt64.self)
    }
  }

  /// What decoding takes beside its window, in bytes.
  private static let decoderMemory: UInt64 = 1 << 20

  /// The memory that decoding takes, in bytes.
  var decoderMemory: UInt64 {
    let longest: UInt64 = 1 << UInt64(Self.longestWindowLog)
    let window = windowLog.map { 1 << UInt64($0) } ?? min(contentSize ?? longest, longest)
    // libzstd takes a power of two, and not less than a kilobyte.
    var size: UInt64 = 1 << 10
    while size < window { size *= 2 }
    return size + Self.decoderMemory
  }

  /// The largest window, as a power of two, whose decoding keeps to a limit.
  static func windowLog(within memory: UInt64) -> Int {
    var log = longestWindowLog
    while log > 10, 1 << UInt64(log) + decoderMemory > memory { log -= 1 }
    return log
  }

  /// The levels that take a window, if they are told nothing of the length.
  private static func levels(windowLog: Int) -> [Int32] {
    switch windowLog {
    case ...19: [1]
    case 20: [2]
    case 21: [3, 6, 5, 4, 7, 8]
    case 22: [9, 15, 16, 12, 10, 11, 13, 14]
    case 23: [19, 18, 17]
    case 25: [20]
    case 26: [21]
    case 27: [22]
    default: []
    }
  }

  /// Opened bytes above which only the most usual are tried: multithreaded, nothing shows before
  /// all is compressed.
  private static let costly: UInt64 = 16 << 20
  private static let mostCostly = 6

  /// What may have made the frame, the most usual first.
  func candidates(openedLength: UInt64) -> [ZstdStreamEncoder.Options] {
    var levels: [Int32] = [
      19, 3, 22, 9, 15, 1, 12, 6, 5, 18, 17, 16, 20, 21, 10, 11, 13, 14, 2, 4, 7, 8,
    ]
    if contentSize == nil, let windowLog { levels = Self.levels(windowLog: windowLog) }
    var all: [ZstdStreamEncoder.Options] = []
    for level in levels {
      for isMultithreaded in [true, false] {
        all.append(
          ZstdStreamEncoder.Options(
            level: level, hasChecksum: hasChecksum, contentSize: contentSize,
            isMultithreaded: isMultithreaded))
      }
    }
    return openedLength > Self.costly ? Array(all.prefix(Self.mostCostly)) : all
  }
}
