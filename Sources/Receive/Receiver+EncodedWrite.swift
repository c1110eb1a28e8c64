internal import Btrfs
internal import Bytes
internal import Compression
internal import Linux
internal import SendStream

extension DataEncoding {
  /// Whether its numbers fit together, and the data; the compression, `nil` if there is none.
  ///
  /// Nothing is read or written by these numbers before they are checked here.
  func check(_ data: RawSpan) throws(ReceiveError.Reason) -> ExtentCompression? {
    let limit = UInt64(ExtentCompression.maximumLength)
    guard encryption ?? 0 == 0 else { throw .badValue(.encryption, UInt64(encryption ?? 0)) }
    guard data.byteCount > 0, data.byteCount <= limit else {
      throw .badValue(.data, UInt64(data.byteCount))
    }
    guard unencodedLength <= limit else { throw .badValue(.unencodedLength, unencodedLength) }
    guard unencodedOffset < unencodedLength else {
      throw .badValue(.unencodedOffset, unencodedOffset)
    }
    guard unencodedFileLength > 0, unencodedFileLength <= unencodedLength - unencodedOffset else {
      throw .badValue(.unencodedFileLength, unencodedFileLength)
    }
    let number = compression ?? 0
    if number == 0 {
      guard unencodedLength == data.byteCount else {
        throw .badValue(.unencodedLength, unencodedLength)
      }
      return nil
    }
    guard let known = ExtentCompression(rawValue: number) else {
      throw .badValue(.compression, UInt64(number))
    }
    return known
  }
}

extension Receiver {
  /// Carries out ENCODED_WRITE: the kernel stores the data as it is, or it is decompressed here.
  mutating func write(
    _ path: RawSpan, _ offset: UInt64, _ encoding: DataEncoding, _ data: RawSpan
  ) throws(ReceiveError.Reason) {
    let compression = try encoding.check(data)
    let file = try tree.file(path, .write)
    tree.noteChange(of: file, size: nil)
    defer { noteData(UInt64(data.byteCount)) }
    guard let compression else {
      return try Self.writePart(of: data, encoding, to: file, offset)
    }
    if !options.forceDecompress, !refusesEncodedWrites,
      try writeEncoded(data, encoding, compression, to: file, offset)
    {
      return
    }
    let length = Int(truncatingIfNeeded: encoding.unencodedLength)
    let plain = try Self.decompress(data, compression, length, &decoder)
    try Self.writePart(of: plain, encoding, to: file, offset)
  }

  @_lifetime(&decoder)
  private static func decompress(
    _ data: RawSpan, _ compression: ExtentCompression, _ length: Int,
    _ decoder: inout ExtentDecoder
  ) throws(ReceiveError.Reason) -> RawSpan {
    do throws(CompressionError) {
      return try decoder.decompress(data, compression, length: length)
    } catch {
      throw .badCompression(error)
    }
  }

  /// - Returns: false if the kernel does not take it so.
  private mutating func writeEncoded(
    _ data: RawSpan, _ encoding: DataEncoding, _ compression: ExtentCompression, to file: Node,
    _ offset: UInt64
  ) throws(ReceiveError.Reason) -> Bool {
    let extent = EncodedExtent(
      offset: offset, length: encoding.unencodedFileLength,
      unencodedLength: encoding.unencodedLength, unencodedOffset: encoding.unencodedOffset,
      compression: compression.rawValue)
    do throws(SystemError) {
      try extent.write(data, to: file.descriptor)
      return true
    } catch {
      switch error.errno {
      // Not by this process, kernel or file system: no other extent will be taken, either.
      case .notPermitted, .noSuchControl, .notSupported: refusesEncodedWrites = true
      // Not this extent in this file; or not now, and what is written plainly may yet fit.
      case .invalidArgument, .noSpace: break
      default: throw .system(error)
      }
      return false
    }
  }

  /// Writes the file's part of what an extent holds.
  private static func writePart(
    of plain: RawSpan, _ encoding: DataEncoding, to file: Node, _ offset: UInt64
  ) throws(ReceiveError.Reason) {
    let start = Int(truncatingIfNeeded: encoding.unencodedOffset)
    let end = start + Int(truncatingIfNeeded: encoding.unencodedFileLength)
    let part = plain.extracting(start..<end)
    try system { () throws(SystemError) in try file.descriptor.write(part, at: offset) }
  }
}
