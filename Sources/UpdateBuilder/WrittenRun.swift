internal import DeltaStream

/// A run of WRITEs in the plan, with the CLONEs from one file of the parent that are between them:
/// contiguous in the stream and in the file.
struct WrittenRun: Sendable {
  /// Where its first command begins in the plain stream.
  var streamOffset: UInt64
  /// The path that its commands have.
  var path: [UInt8]
  /// Where in the file it begins.
  var offset: UInt64
  /// How many bytes it writes and shares.
  var length: UInt64
  /// The path in the parent of the very file that is written; `nil` for a new file.
  var origin: [UInt8]?
  /// The path in the new tree; `nil` for a file that has none in the end.
  var finalPath: [UInt8]?
  /// Whether the stream made the file, and the run's end is its end as far as was written.
  var endsFile = false
  /// Whether the stream made the file, and the run is all that it has in the end.
  var isWholeNewFile = false
  /// What is not written but shared.
  var clones: [PatchClone] = []
  /// The path in the parent of what it is shared with; `nil` if nothing is.
  var cloneSource: [UInt8]?

  /// Where in the file it ends.
  var end: UInt64 { offset + length }
}
