/// The old bytes that a patch copies from: a file, or several as one address space.
///
/// ``PatchApplier`` reads small pieces at random places and keeps at most one window of them.
public protocol OldBytes: ~Copyable {
  /// What reading may throw; `Never` for memory.
  associatedtype Failure: Error

  /// How many bytes there are; constant while a patch is applied.
  var byteCount: UInt64 { get }

  /// Appends the bytes from `offset` on until `output` is full.
  ///
  /// - Parameter offset: With the free capacity of `output` always inside ``byteCount``.
  mutating func read(at offset: UInt64, into output: inout OutputRawSpan) throws(Failure)
}
