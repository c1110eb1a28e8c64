internal import Bytes
internal import Crypto
internal import Linux
internal import UpdateFile

/// An update file or pipe, read once from front to end.
struct UpdateSource: ~Copyable {
  private let input: Descriptor

  init(_ input: borrowing Descriptor) throws(InstallError) {
    self.input = try attempt { () throws(SystemError) in try input.duplicate() }
  }

  /// Reads the head, and not a byte more.
  func readHead() throws(InstallError) -> UpdateHead {
    var reader = HeadReader()
    while reader.wanted > 0 {
      let wanted = reader.wanted
      let bytes = try read(wanted)
      // Too short to be one, rather than cut off.
      if reader.length == 0, bytes.count < wanted { throw .notUpdateFile }
      if bytes.isEmpty { break }
      do throws(UpdateFileError) { try reader.append(bytes.rawSpan) } catch {
        throw InstallError(error)
      }
    }
    do throws(UpdateFileError) { return try reader.finish() } catch { throw InstallError(error) }
  }

  /// Reads so many bytes; fewer where the file ends.
  func read(_ count: Int) throws(InstallError) -> [UInt8] {
    try attempt { () throws(SystemError) in
      try [UInt8].reading(capacity: count) { (out) throws(SystemError) in try input.fill(&out) }
    }
  }

  /// How many bytes of a pipe are passed over at a time.
  private static let skipLength: UInt64 = 1 << 20

  /// Passes over so many bytes. Of a file they are not read, and that it ends before is noticed by who
  /// reads on.
  func skip(_ count: UInt64) throws(InstallError) {
    if count == 0 { return }
    do throws(SystemError) { return try input.skip(count) } catch {
      guard error.errno == .notSeekable else { throw InstallError(error) }
    }
    var left = count
    while left > 0 {
      let bytes = try read(Int(min(left, Self.skipLength)))
      guard !bytes.isEmpty else { throw .fileTruncated }
      left -= UInt64(bytes.count)
    }
  }

  /// Nothing may follow what was signed; a pipe is waited for until it says so.
  func requireEnd() throws(InstallError) {
    guard try read(1).isEmpty else { throw .trailingBytes }
  }
}
