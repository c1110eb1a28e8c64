/// A run of WRITEs in the plan: contiguous in the stream and in the file.
struct WrittenRun: Sendable {
  /// Where its first command begins in the plain stream.
  var streamOffset: UInt64
  /// The path that its commands have.
  var path: [UInt8]
  /// Where in the file it begins.
  var offset: UInt64
  /// How many bytes it writes.
  var length: UInt64
  /// The path in the parent of the very file that is written; `nil` for a new file.
  var origin: [UInt8]?
  /// The path in the new tree; `nil` for a file that has none in the end.
  var finalPath: [UInt8]?

  /// Where in the file it ends.
  var end: UInt64 { offset + length }
}
