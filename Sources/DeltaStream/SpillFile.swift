internal import Bytes
public import Linux
public import Recompress

/// Opened bytes in a temporary file, which is made when they are more than a megabyte.
///
/// Memory: a megabyte.
public final class SpillFile: SpilledBytes {
  private static let bufferLength = 1 << 20

  private let make: () throws(SystemError) -> Descriptor
  private var file: Descriptor?
  /// What is in the file; behind it comes the buffer.
  private var flushed: UInt64 = 0
  private var buffer: [UInt8] = []
  /// What the system said when ``/Recompress/RecompressError/readFailed(offset:)`` or
  /// ``/Recompress/RecompressError/writeFailed(offset:)`` was thrown.
  public private(set) var failure: SystemError?

  /// A spill whose file `make` makes: empty, and without a name.
  public init(_ make: @escaping () throws(SystemError) -> Descriptor) { self.make = make }

  /// How many bytes there are.
  public var byteCount: UInt64 { flushed &+ UInt64(buffer.count) }

  /// Appends bytes at the end.
  public func append(_ bytes: RawSpan) throws(RecompressError) {
    buffer.append(copying: bytes)
    guard buffer.count > Self.bufferLength else { return }
    do throws(SystemError) {
      if file == nil { file = try make() }
      let bytes = buffer
      try file?.write(bytes.rawSpan, at: flushed)
    } catch {
      failure = error
      throw .writeFailed(offset: flushed)
    }
    flushed &+= UInt64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Forgets all bytes behind the first `count`.
  public func shorten(to count: UInt64) throws(RecompressError) {
    guard count < flushed else {
      let kept = Int(clamping: count &- flushed)
      buffer.removeLast(buffer.count &- min(kept, buffer.count))
      return
    }
    buffer.removeAll(keepingCapacity: true)
    do throws(SystemError) { try file?.truncate(to: count) } catch {
      failure = error
      throw .writeFailed(offset: count)
    }
    flushed = count
  }

  /// Appends the bytes from `offset` on until `output` is full or they end.
  public func read(at offset: UInt64, into output: inout OutputRawSpan) throws(RecompressError) {
    var offset = offset
    if offset < flushed {
      let count = Int(clamping: min(flushed &- offset, UInt64(output.freeCapacity)))
      let got: Int
      do throws(SystemError) {
        got = try output.append(atMost: count) { (part) throws(SystemError) in
          try file?.fill(&part, at: offset)
        }
      } catch {
        failure = error
        throw .readFailed(offset: offset)
      }
      guard got == count else { throw .readFailed(offset: offset) }
      offset &+= UInt64(got)
    }
    guard offset >= flushed, offset < byteCount, output.freeCapacity > 0 else { return }
    let start = Int(clamping: offset &- flushed)
    let bytes = buffer
    output.append(copying: bytes.rawSpan.extracting(start..<bytes.count))
  }
}

/// An old file, as what regions are opened of.
final class SourceBytes<File: OldFile>: RandomAccessBytes {
  private let file: File
  let byteCount: UInt64
  /// What the system said when ``/Recompress/RecompressError/readFailed(offset:)`` was thrown.
  private(set) var failure: SystemError?

  /// The first bytes of a file.
  init(_ file: File, byteCount: UInt64) {
    self.file = file
    self.byteCount = byteCount
  }

  func read(at offset: UInt64, into output: inout OutputRawSpan) throws(RecompressError) {
    guard offset < byteCount, output.freeCapacity > 0 else { return }
    let count = Int(clamping: min(byteCount &- offset, UInt64(output.freeCapacity)))
    do throws(SystemError) {
      _ = try output.append(atMost: count) { (part) throws(SystemError) in
        try file.read(at: offset, into: &part)
      }
    } catch {
      failure = error
      throw .readFailed(offset: offset)
    }
  }
}
