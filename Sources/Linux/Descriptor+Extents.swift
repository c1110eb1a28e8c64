internal import CLinux
internal import Glibc

/// What `fallocate` does with a range.
public struct AllocationMode: OptionSet, Hashable, Sendable {
  /// The `FALLOC_FL_` bits.
  public let rawValue: UInt32
  /// A mode from `FALLOC_FL_` bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `FALLOC_FL_KEEP_SIZE`
  public static let keepSize = AllocationMode(rawValue: 1)
  /// `FALLOC_FL_PUNCH_HOLE`; only together with ``keepSize``
  public static let punchHole = AllocationMode(rawValue: 2)
  /// `FALLOC_FL_ZERO_RANGE`
  public static let zeroRange = AllocationMode(rawValue: 0x10)
}

/// How a range is going to be used, for `posix_fadvise`.
public enum AccessAdvice: Sendable {
  /// `POSIX_FADV_SEQUENTIAL`
  case sequential
  /// `POSIX_FADV_RANDOM`
  case random
  /// `POSIX_FADV_WILLNEED`
  case willNeed
  /// `POSIX_FADV_DONTNEED`
  case dontNeed

  var rawValue: CInt {
    switch self {
    case .sequential: POSIX_FADV_SEQUENTIAL
    case .random: POSIX_FADV_RANDOM
    case .willNeed: POSIX_FADV_WILLNEED
    case .dontNeed: POSIX_FADV_DONTNEED
    }
  }
}

extension Descriptor {
  /// Allocates, punches or zeroes a range (`fallocate`).
  public func allocate(
    at offset: UInt64, count: UInt64, _ mode: AllocationMode = []
  ) throws(SystemError) {
    let (at, length) = (
      try fileOffset(offset, "fallocate"), try fileOffset(count, "fallocate")
    )
    let bits = CInt(bitPattern: mode.rawValue)
    _ = try systemCall("fallocate", .changes, path: path) { fallocate(rawValue, bits, at, length) }
  }

  /// Makes a range share the extents of a range of another file (`FICLONERANGE`).
  ///
  /// Offsets and count must be multiples of the block size, but for a count that reaches the end
  /// of the source. `count` 0 means up to the source's end.
  public func cloneRange(
    from source: borrowing Descriptor, at sourceOffset: UInt64, count: UInt64,
    to offset: UInt64
  ) throws(SystemError) {
    let from = Int64(source.rawValue)
    _ = try systemCall("FICLONERANGE", .changes, path: path) {
      clinux_clone_range(rawValue, from, sourceOffset, count, offset)
    }
  }

  /// Moves the file's position (`lseek SEEK_SET`).
  public func seek(to offset: UInt64) throws(SystemError) {
    _ = try seek(to: offset, SEEK_SET)
  }

  /// Moves the file's position forward, maybe beyond its end (`lseek SEEK_CUR`).
  ///
  /// - Throws: `ESPIPE` where there is no position, as in a pipe.
  public func skip(_ count: UInt64) throws(SystemError) {
    _ = try seek(to: count, SEEK_CUR)
  }

  /// The first offset from `offset` on where there is data; `nil` if only a hole is left
  /// (`lseek SEEK_DATA`). Moves the file's position.
  public func nextData(from offset: UInt64) throws(SystemError) -> UInt64? {
    try seekRegion(from: offset, clinux_seek_data)
  }

  /// The first offset from `offset` on where there is a hole, the file's end counting as one;
  /// `nil` past the end (`lseek SEEK_HOLE`). Moves the file's position.
  public func nextHole(from offset: UInt64) throws(SystemError) -> UInt64? {
    try seekRegion(from: offset, clinux_seek_hole)
  }

  private func seekRegion(from offset: UInt64, _ whence: CInt) throws(SystemError) -> UInt64? {
    do throws(SystemError) {
      return UInt64(try seek(to: offset, whence))
    } catch {
      if error.errno == .noSuchAddress { return nil }
      throw error
    }
  }

  private func seek(to offset: UInt64, _ whence: CInt) throws(SystemError) -> off_t {
    let at = try fileOffset(offset, "lseek")
    return try systemCall("lseek", .reads, path: path) { lseek(rawValue, at, whence) }
  }

  /// Tells the kernel how a range will be used; 0 as count means up to the end
  /// (`posix_fadvise`). Only a hint: failing does not matter.
  public func advise(_ advice: AccessAdvice, at offset: UInt64 = 0, count: UInt64 = 0) {
    guard let at = off_t(exactly: offset), let length = off_t(exactly: count) else { return }
    _ = posix_fadvise(rawValue, at, length, advice.rawValue)
  }

  /// Takes an advisory lock on the open file, which lasts until its last descriptor is closed
  /// (`flock`).
  ///
  /// - Returns: false if `waits` is false and somebody else holds it.
  public func lock(exclusively: Bool = true, waits: Bool = true) throws(SystemError) -> Bool {
    let operation = (exclusively ? LOCK_EX : LOCK_SH) | (waits ? 0 : LOCK_NB)
    do throws(SystemError) {
      _ = try systemCall("flock", .reads, path: path) { flock(rawValue, operation) }
      return true
    } catch {
      if error.errno == .wouldBlock, !waits { return false }
      throw error
    }
  }
}
