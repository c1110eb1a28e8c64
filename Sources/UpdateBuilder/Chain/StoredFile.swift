internal import Bytes
internal import Linux

/// An open file whose contents become those of a file in the new tree.
///
/// Files that share blocks are asked for first; where the file system cannot, data is copied, and
/// holes stay holes.
final class StoredFile {
  let descriptor: Descriptor

  private static let chunkLength: UInt64 = 256 << 10

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Takes over what a range of another file, or of this one, holds. Behind the end of both, this
  /// file is as long as the range asks for.
  ///
  /// - Parameter size: how long this file is.
  func copy(
    from source: borrowing Descriptor, at offset: UInt64, count: UInt64, to target: UInt64,
    size: UInt64
  ) throws(SystemError) {
    if count == 0 { return }
    do throws(SystemError) {
      return try descriptor.cloneRange(from: source, at: offset, count: count, to: target)
    } catch {
      if error.errno == .noSpace || error.errno == .quotaExceeded { throw error }
      // Other blocks, another file system, or one that shares nothing.
    }
    let end = target + count
    if end > size { try descriptor.truncate(to: end) }
    var done: UInt64 = 0
    while done < count {
      let data = try source.nextData(from: offset + done).map { min($0 - offset, count) } ?? count
      try zero(target + done..<target + data, size: size)
      done = data
      if done == count { return }
      let hole = try source.nextHole(from: offset + done).map { min($0 - offset, count) } ?? count
      try copyData(from: source, at: offset, done..<hole, to: target)
      done = hole
    }
  }

  private func copyData(
    from source: borrowing Descriptor, at offset: UInt64, _ range: Range<UInt64>,
    to target: UInt64
  ) throws(SystemError) {
    var done = range.lowerBound
    while done < range.upperBound {
      let count = Int(min(range.upperBound - done, Self.chunkLength))
      let bytes = try source.bytes(at: offset + done, count: count)
      // It became shorter: somebody changes it.
      guard bytes.count == count else {
        throw SystemError(operation: "read", path: source.path, errno: .stale)
      }
      try descriptor.write(bytes.rawSpan, at: target + done)
      done += UInt64(count)
    }
  }

  /// Makes zeros of what there is in a range, up to the size that the file had.
  func zero(_ range: Range<UInt64>, size: UInt64) throws(SystemError) {
    let end = min(range.upperBound, size)
    guard range.lowerBound < end else { return }
    do throws(SystemError) {
      return try descriptor.allocate(
        at: range.lowerBound, count: end - range.lowerBound, [.punchHole, .keepSize])
    } catch {
      if error.errno != .notSupported { throw error }
    }
    let zeros = [UInt8](repeating: 0, count: Int(min(end - range.lowerBound, Self.chunkLength)))
    var at = range.lowerBound
    while at < end {
      let count = Int(min(end - at, UInt64(zeros.count)))
      try descriptor.write(zeros.rawSpan.extracting(first: count), at: at)
      at += UInt64(count)
    }
  }
}
