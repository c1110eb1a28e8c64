internal import Bytes

/// A stretch of old whose fields are found together: the applying side never needs more at a time.
package enum FieldWindow {
  /// Windows start at multiples of it.
  package static let size = 16 << 10
  /// No field has fewer than three bytes.
  package static let maxFields = size / 3 &+ 1
  /// So many bytes on either side are read with a window: an instruction, a record or a pair of
  /// instructions may begin before it, or end after it.
  static let margin = 128
  /// From so far before a window on are its fields looked for.
  static let reach = 64
}

/// Bytes of old in memory, addressed by where they are in old.
package struct WindowView: ~Escapable {
  let bytes: RawSpan
  /// Where the first of them is in old.
  let base: Int

  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, base: Int) {
    self.bytes = bytes
    self.base = base
  }

  /// Where they end in old.
  @inline(__always) var end: Int { base &+ bytes.byteCount }
  @inline(__always) subscript(_ at: Int) -> UInt8 { bytes[at &- base] }
  @inline(__always) func load16(_ at: Int) -> UInt16 { bytes.load16(at &- base) }
  @inline(__always) func load32(_ at: Int) -> UInt32 { bytes.load32(at &- base) }
  @inline(__always) func load64(_ at: Int) -> UInt64 { bytes.load64(at &- base) }
  @inline(__always) func loadSigned32(_ at: Int) -> UInt64 { bytes.loadSigned32(at &- base) }
}

extension OldBytes where Self: ~Copyable {
  /// Replaces what is in `buffer` by a range of old.
  mutating func load(
    _ range: Range<Int>, into buffer: inout [UInt8]
  ) throws(PatchApplyError<Failure>) {
    buffer.removeAll(keepingCapacity: true)
    do throws(Failure) {
      try buffer.append(upTo: range.count) { output throws(Failure) in
        try read(at: UInt64(range.lowerBound), into: &output)
      }
    } catch { throw .old(error) }
    guard buffer.count == range.count else {
      throw .patch(.oldEnded(at: UInt64(range.lowerBound &+ buffer.count)))
    }
  }
}

/// Old bytes that somebody else keeps in memory, for as long as a closure runs.
@safe struct BorrowedBytes: OldBytes {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  var byteCount: UInt64 { unsafe UInt64(bytes.count) }

  mutating func read(at offset: UInt64, into output: inout OutputRawSpan) throws(Never) {
    let count = unsafe bytes.count
    guard let start = Int(exactly: offset), start <= count else { return }
    let end = start &+ min(output.freeCapacity, count &- start)
    let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    output.append(copying: unsafe RawSpan(_unsafeBytes: part))
  }
}
