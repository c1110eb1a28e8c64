internal import BinaryDiff
internal import DeltaStream

/// A part of a run as it travels. Parts begin and end where the normal form cuts.
struct ShrunkPart: Sendable {
  /// How a part travels.
  enum Form: Sendable {
    /// As the WRITEs that it has in the plain stream.
    case writes
    /// As a patch.
    case patch(sources: [PatchSource], patch: PreparedPatch)
    /// As a patch of opened files.
    case opened(OpenedPart)
  }

  /// Where in the file the part begins.
  var offset: UInt64
  /// How many bytes it writes.
  var length: UInt64
  var form: Form
  /// What is not written but shared, of what the part has.
  var clones: [PatchClone] = []

  /// Where in the file it ends.
  var end: UInt64 { offset + length }
}
