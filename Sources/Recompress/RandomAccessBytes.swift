internal import Bytes

/// Bytes that can be read from any offset: a file, a part of one, what was opened out of one.
public protocol RandomAccessBytes {
  /// How many bytes there are.
  var byteCount: UInt64 { get }

  /// Appends the bytes from `offset` on until `output` is full or they end.
  ///
  /// - Throws: ``RecompressError/readFailed(offset:)``.
  func read(at offset: UInt64, into output: inout OutputRawSpan) throws(RecompressError)
}

/// Where opened bytes are kept: an unlinked temporary file, or memory.
public protocol SpilledBytes: RandomAccessBytes {
  /// Appends bytes at the end.
  ///
  /// - Throws: ``RecompressError/writeFailed(offset:)``.
  func append(_ bytes: RawSpan) throws(RecompressError)

  /// Forgets all bytes behind the first `count`.
  ///
  /// - Throws: ``RecompressError/writeFailed(offset:)``.
  func shorten(to count: UInt64) throws(RecompressError)
}

extension RandomAccessBytes {
  /// At most `count` bytes from `offset` on; fewer at the end.
  ///
  /// - Throws: ``RecompressError/readFailed(offset:)``.
  public func bytes(at offset: UInt64, count: Int) throws(RecompressError) -> [UInt8] {
    guard offset < byteCount, count > 0 else { return [] }
    let rest = byteCount &- offset
    var bytes: [UInt8] = []
    try bytes.append(upTo: Int(clamping: min(UInt64(count), rest))) {
      (output) throws(RecompressError) in try read(at: offset, into: &output)
    }
    return bytes
  }
}

/// A part of other bytes, as bytes of their own.
public struct BytesSlice: RandomAccessBytes {
  private let base: any RandomAccessBytes
  private let start: UInt64
  /// How many bytes there are.
  public let byteCount: UInt64

  /// The part of `base` from `start` on, `byteCount` bytes or up to the end.
  public init(_ base: any RandomAccessBytes, start: UInt64, byteCount: UInt64) {
    self.base = base
    self.start = min(start, base.byteCount)
    self.byteCount = min(byteCount, base.byteCount &- self.start)
  }

  /// Appends the bytes from `offset` on until `output` is full or they end.
  public func read(at offset: UInt64, into output: inout OutputRawSpan) throws(RecompressError) {
    guard offset < byteCount, output.freeCapacity > 0 else { return }
    let rest = Int(clamping: byteCount &- offset)
    guard output.freeCapacity > rest else {
      return try base.read(at: start &+ offset, into: &output)
    }
    let bytes = try base.bytes(at: start &+ offset, count: rest)
    output.append(copying: bytes.rawSpan)
  }
}

/// Bytes in memory.
public final class MemorySpill: SpilledBytes {
  private var kept: [UInt8]

  /// Bytes from an array.
  public init(_ bytes: [UInt8] = []) { kept = bytes }

  /// How many bytes there are.
  public var byteCount: UInt64 { UInt64(kept.count) }

  /// A copy of all bytes.
  public var bytes: [UInt8] { kept }

  /// Appends the bytes from `offset` on until `output` is full or they end.
  public func read(at offset: UInt64, into output: inout OutputRawSpan) throws(RecompressError) {
    guard let start = Int(exactly: offset), start <= kept.count else { return }
    let end = start &+ min(output.freeCapacity, kept.count &- start)
    let bytes = kept
    output.append(copying: bytes.rawSpan.extracting(start..<end))
  }

  /// Appends bytes at the end.
  public func append(_ bytes: RawSpan) throws(RecompressError) { kept.append(copying: bytes) }

  /// Forgets all bytes behind the first `count`.
  public func shorten(to count: UInt64) throws(RecompressError) {
    kept.removeLast(kept.count &- min(Int(clamping: count), kept.count))
  }
}

extension OutputRawSpan {
  /// Appends a copy of borrowed bytes, as many as there is room for.
  @_lifetime(self: copy self)
  package mutating func append(copying bytes: RawSpan) {
    let count = min(bytes.byteCount, freeCapacity)
    guard count > 0 else { return }
    unsafe withUnsafeMutableBytes { buffer, initialized in
      unsafe bytes.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[initialized...])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
      }
      initialized &+= count
    }
  }
}
