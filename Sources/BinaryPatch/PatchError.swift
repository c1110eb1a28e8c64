/// Why a patch is refused. Offsets are into the patch, in bytes.
public enum PatchError: Error, Equatable, Sendable {
  /// The patch has more bytes than the limit allows.
  case patchTooLong(byteCount: Int, limit: Int)
  /// The first byte names no kind of patch that this version knows; `nil`: there is no byte.
  case unknownKind(UInt8?)
  /// The bytes here are no number: cut off, longer than need be, or over 64 bits.
  case invalidNumber(offset: Int)
  /// The output would be longer than the limit allows.
  case newTooLong(offset: Int, value: UInt64, limit: UInt64)
  /// There are more copies than the limit allows.
  case tooManyCopies(offset: Int, value: UInt64, limit: Int)
  /// A stream is longer than what is left of the patch.
  case streamTooLong(PatchStream, offset: Int, value: UInt64)
  /// A stream has bytes left over, or the patch has after its last stream.
  case bytesLeft(offset: Int, count: Int)
  /// A copy of no bytes.
  case emptyCopy(offset: Int)
  /// An insert or a copy goes past the end of the output.
  case lengthOutsideNew(offset: Int, value: UInt64)
  /// A copy starts or ends outside the old bytes; the value is as encoded.
  case sourceOutsideOld(offset: Int, value: UInt64)
  /// There are not as many inserted bytes as the lengths say.
  case insertedCount(offset: Int, count: UInt64, needed: UInt64)
  /// A difference past the last copied byte.
  case differenceOutsideCopies(offset: Int, value: UInt64)
  /// A difference of zero: no difference.
  case zeroDifference(offset: Int)
  /// Gaps and differences are not equally many.
  case differenceMissing(offset: Int)
  /// No version of the parser of executables that this one knows.
  case unknownParser(offset: Int, version: UInt64)
  /// What predicting fields takes is wrong here.
  case invalidProjection(offset: Int)
  /// The old bytes of a projected patch are more than the limit allows.
  case oldTooLong(byteCount: UInt64, limit: UInt64)
  /// Applying the patch would take more memory than the limit allows, in bytes.
  case tooMuchMemory(needed: UInt64, limit: UInt64)
  /// The patch jumps about in old: so many windows of it would have to be gone through.
  case tooMuchWork(windows: UInt64, limit: UInt64)
  /// The old bytes are not those that the fields of a projected patch were found in.
  case oldMismatch
  /// The old bytes ended before their announced end; the offset is into old.
  case oldEnded(at: UInt64)
  /// Not all output has been read.
  case unfinished(produced: UInt64, newLength: UInt64)
}

/// Why applying a patch stopped.
public enum PatchApplyError<OldFailure: Error>: Error {
  /// The patch is wrong.
  case patch(PatchError)
  /// The old bytes could not be read.
  case old(OldFailure)
}

extension PatchApplyError: Equatable where OldFailure: Equatable {}
