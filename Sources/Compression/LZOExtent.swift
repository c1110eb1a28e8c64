internal import Bytes

/// An extent that btrfs has compressed with LZO.
///
///     offset  size  field
///          0     4  length of all of it, this field included, u32
///          4     …  segments
///
/// A segment is the length of its data, u32, and the data, LZO1X of at most a sector. No such
/// length lies across the border of two sectors: where less than its four bytes are left of one,
/// these are padding.
enum LZOExtent {
  private static let lengthLength = 4

  /// Decompresses an extent.
  ///
  /// - Returns: how many bytes that gave.
  static func decompress(
    _ data: RawSpan, sector: Int, into output: inout MutableRawSpan, upTo limit: Int
  ) throws(CompressionError) -> Int {
    var cursor = ByteCursor(data)
    guard let total = cursor.read(UInt32.self), Int(total) <= data.byteCount else {
      throw .truncated(length: data.byteCount)
    }
    guard Int(total) >= lengthLength else { throw .damaged(offset: 0) }
    cursor = ByteCursor(data.extracting(0..<Int(total)))
    _ = cursor.take(lengthLength)
    var written = 0
    while try skipPadding(&cursor, sector) {
      guard let length = cursor.read(UInt32.self), let segment = cursor.take(Int(length)) else {
        throw .truncated(length: Int(total))
      }
      guard written < limit else { throw .tooLong(limit: limit) }
      let room = written..<Swift.min(written + sector, limit)
      let start = cursor.offset - segment.byteCount
      do throws(CompressionError) {
        written += try LZO1XDecoder.decompress(segment, into: &output, room)
      } catch {
        throw error.moved(by: start)
      }
    }
    return written
  }

  /// Goes to where the next segment is; false if there is none.
  private static func skipPadding(
    _ cursor: inout ByteCursor, _ sector: Int
  ) throws(CompressionError) -> Bool {
    let left = sector - cursor.offset % sector
    if left < lengthLength, cursor.take(left) == nil { return false }
    return !cursor.isAtEnd
  }
}

extension CompressionError {
  /// The same, of data that begins there.
  func moved(by offset: Int) -> CompressionError {
    switch self {
    case .damaged(let at): .damaged(offset: at + offset)
    case .truncated(let length): .truncated(length: length + offset)
    case .tooLong, .outOfMemory: self
    }
  }
}
