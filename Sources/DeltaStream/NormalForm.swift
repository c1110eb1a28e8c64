internal import Bytes
public import SendStream

/// The one form in which a plain stream has its WRITEs.
///
/// The kernel starts its chunks anew at every extent, so that the same contents give other
/// commands. In the normal form WRITEs of one path that follow each other in the stream and in the
/// file are one run, and a run is cut where the file offset is a multiple of ``chunkLength``, and
/// only there. So the place and the length of a run say which WRITEs it has. No WRITE is empty.
public struct NormalForm: Sendable {
  /// The longest WRITE in bytes, a whole number of 4 KiB pages.
  public let chunkLength: Int

  /// The longest file in bytes, which no WRITE may end behind: the kernel's `loff_t`.
  public static let maximumFileLength = UInt64(Int64.max)

  /// The form for a version of btrfs's own format: 48 KiB in version 1, where a command has at
  /// most 64 KiB; 128 KiB from version 2 on. These are the kernel's own lengths.
  public init(base: UInt16) { chunkLength = base < 2 ? 48 << 10 : 128 << 10 }

  /// How many of `length` bytes from `offset` on are in the first WRITE.
  public func firstChunk(offset: UInt64, length: UInt64) -> Int {
    let room = UInt64(chunkLength) - offset % UInt64(chunkLength)
    return Int(Swift.min(room, length))
  }

  /// Whether `length` bytes from `offset` on are inside the longest file.
  static func isInFile(offset: UInt64, length: UInt64) -> Bool {
    let (end, overflow) = offset.addingReportingOverflow(length)
    return !overflow && end <= maximumFileLength
  }
}

/// Brings a plain stream into ``NormalForm``.
///
/// Every command but WRITE goes through as it is, and ends a run. After the last one comes
/// ``finishRun(to:)``, unless that was END.
///
/// Memory: one chunk.
public struct WriteNormalizer: Sendable {
  private let form: NormalForm
  private var path: [UInt8] = []
  private var offset: UInt64 = 0
  private var data: [UInt8] = []

  /// A normalizer for a version of btrfs's own format.
  public init(base: UInt16) { form = NormalForm(base: base) }

  /// Takes the next command of the stream and writes what is now certain.
  ///
  /// - Throws: ``DeltaStreamError``.
  public mutating func add(
    _ frame: borrowing Frame, to writer: inout StreamWriter
  ) throws(DeltaStreamError) {
    guard frame.kind == .write else {
      try finishRun(to: &writer)
      do throws(StreamError) { try writer.write(frame) } catch { throw .stream(error) }
      return
    }
    let command: Command
    do throws(StreamError) { command = try Command(parsing: frame) } catch { throw .stream(error) }
    guard case .write(let path, let offset, let data) = command else { return }
    guard NormalForm.isInFile(offset: offset, length: UInt64(data.byteCount)) else {
      throw .offsetOverflow(offset: frame.offset)
    }
    try addWrite(path, at: offset, data, to: &writer)
  }

  /// Takes what a WRITE writes, or a part of it; it ends inside the longest file.
  ///
  /// - Throws: ``DeltaStreamError``.
  public mutating func addWrite(
    _ path: RawSpan, at offset: UInt64, _ data: RawSpan, to writer: inout StreamWriter
  ) throws(DeltaStreamError) {
    // It changes nothing, wherever it is; the kernel sends none.
    if data.byteCount == 0 { return }
    let end = self.offset + UInt64(self.data.count)
    if offset != end || self.data.isEmpty || !path.hasSameBytes(as: self.path.rawSpan) {
      try finishRun(to: &writer)
      self.path = [UInt8](copying: path)
      self.offset = offset
    }
    try add(data, to: &writer)
  }

  /// Writes the rest of the run; the stream ends, or something else follows.
  public mutating func finishRun(to writer: inout StreamWriter) throws(DeltaStreamError) {
    if !data.isEmpty { try writeChunk(to: &writer) }
  }

  private mutating func add(
    _ bytes: RawSpan, to writer: inout StreamWriter
  ) throws(DeltaStreamError) {
    var rest = bytes
    while rest.byteCount > 0 {
      let chunk = form.firstChunk(offset: offset, length: UInt64(form.chunkLength))
      let taken = Swift.min(chunk - data.count, rest.byteCount)
      data.append(copying: rest.extracting(first: taken))
      rest = rest.extracting(droppingFirst: taken)
      if data.count == chunk { try writeChunk(to: &writer) }
    }
  }

  /// Writes one WRITE. A run that goes on behind a full chunk needs no memory of it: it is cut
  /// there whether it began before or not.
  private mutating func writeChunk(to writer: inout StreamWriter) throws(DeltaStreamError) {
    do throws(StreamError) {
      try writer.write(.write(path: path.rawSpan, offset: offset, data: data.rawSpan))
    } catch { throw .stream(error) }
    offset += UInt64(data.count)
    data.removeAll(keepingCapacity: true)
  }
}
