internal import Bytes

/// What GNU gettext's binary message catalogs (`.mo`) have in common; "The Format of GNU MO Files" in its
/// manual. Numbers are 32 bits wide, little-endian.
///
/// ```
/// 0x950412de  revision, 0  number of strings N  28  28 + 8 N  size of the hash table S  28 + 16 N
/// of each original string: length, offset     of each translation: length, offset
/// S numbers of the hash table     the original strings, then the translations, each and a zero byte
/// ```
enum MessageCatalog {
  static let magic: UInt32 = 0x9504_12de
  static let headerLength = 28
  /// The longest catalog that is opened, in bytes: it lies in memory whole.
  static let mostBytes = 4 << 20
  /// What stands in the view for a zero byte in a string, between forms of the plural.
  static let zeroInside: UInt8 = 1

  /// Where the strings begin.
  static func stringsOffset(strings: Int, hashSize: Int) -> Int {
    headerLength &+ 16 &* strings &+ 4 &* hashSize
  }
}

/// Opens a message catalog: its strings alone, since all else follows from them.
struct MessagesReader {
  /// How many bytes it had.
  let compressedCount: Int
  /// The strings, each with a zero byte behind it.
  let opened: [UInt8]

  /// Opens a catalog of `source` at an offset.
  ///
  /// - Throws: ``RecompressError/corrupt(offset:)`` if it is none, or is not put together as by msgfmt;
  ///   ``RecompressError/tooLong(limit:)``.
  init(_ source: any RandomAccessBytes, at offset: UInt64) throws(RecompressError) {
    // No more is read than it has: others may follow.
    let head = try source.bytes(at: offset, count: MessageCatalog.headerLength)
    let length = try Tables(head.rawSpan, at: offset).tablesLength
    let places = try source.bytes(at: offset, count: length)
    var tables = try Tables(places.rawSpan, at: offset)
    while try tables.next() != nil {}
    let bytes = try source.bytes(at: offset, count: tables.end)
    tables = try Tables(bytes.rawSpan, at: offset)
    var opened: [UInt8] = []
    while let range = try tables.next() {
      guard range.upperBound < bytes.count, bytes[range.upperBound] == 0 else {
        throw .corrupt(offset: offset)
      }
      let start = opened.count
      opened += bytes[range]
      for index in start..<opened.count {
        if opened[index] == MessageCatalog.zeroInside { throw .corrupt(offset: offset) }
        if opened[index] == 0 { opened[index] = MessageCatalog.zeroInside }
      }
      opened.append(0)
    }
    compressedCount = tables.end
    self.opened = opened
  }

  /// How many entries the hash table of the catalog at an offset has.
  static func hashSize(
    _ source: any RandomAccessBytes, at offset: UInt64
  ) throws(RecompressError) -> UInt32 {
    let head = try source.bytes(at: offset, count: MessageCatalog.headerLength)
    var cursor = ByteCursor(head.rawSpan)
    guard cursor.take(20) != nil, let size = cursor.read(UInt32.self) else {
      throw .truncated(offset: offset)
    }
    return size
  }

  /// The strings' places, which have to follow each other.
  private struct Tables: ~Escapable {
    private let offset: UInt64
    private var cursor: ByteCursor
    private var left: Int
    /// Where the next string has to begin.
    private(set) var end: Int
    /// How long header and tables of strings are.
    let tablesLength: Int

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, at offset: UInt64) throws(RecompressError) {
      self.offset = offset
      cursor = ByteCursor(bytes)
      var head: [Int] = []
      while head.count < 7 {
        guard let number = cursor.read(UInt32.self) else { throw .truncated(offset: offset) }
        head.append(Int(number))
      }
      let (strings, hashSize) = (head[2], head[5])
      guard head[0] == Int(MessageCatalog.magic), head[1] == 0, strings > 0,
        head[3] == MessageCatalog.headerLength, head[4] == head[3] &+ 8 &* strings,
        head[6] == head[4] &+ 8 &* strings
      else { throw .corrupt(offset: offset) }
      end = MessageCatalog.stringsOffset(strings: strings, hashSize: hashSize)
      left = 2 &* strings
      tablesLength = head[6]
      guard end <= MessageCatalog.mostBytes else {
        throw .tooLong(limit: UInt64(MessageCatalog.mostBytes))
      }
    }

    mutating func next() throws(RecompressError) -> Range<Int>? {
      if left == 0 { return nil }
      left &-= 1
      guard let length = cursor.read(UInt32.self), let start = cursor.read(UInt32.self) else {
        throw .truncated(offset: offset)
      }
      guard Int(start) == end, Int(length) < MessageCatalog.mostBytes &- end else {
        throw .corrupt(offset: offset)
      }
      end = Int(start) &+ Int(length) &+ 1
      return Int(start)..<(end &- 1)
    }
  }
}
