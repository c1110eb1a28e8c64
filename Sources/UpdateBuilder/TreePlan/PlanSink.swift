internal import Bytes
internal import SendStream

/// Takes the commands of a plan that is made from two trees.
struct PlanSink: ~Copyable {
  private var writer: PlanWriter
  /// The number that every new inode is said to have: nothing reads it, but stock tools want one.
  static let inodeNumber: UInt64 = 257

  /// A sink into a writer that nothing was written to.
  init(_ writer: consuming PlanWriter) {
    self.writer = writer
    self.writer.stream.writeHeader()
  }

  /// The version of the stream.
  var base: UInt16 { writer.base }

  /// How much was written so far, in bytes.
  var length: UInt64 { writer.plannedLength }

  /// Writes a command about a path.
  mutating func write(
    _ command: borrowing Command, of path: [UInt8]
  ) throws(BuildError) {
    guard path.count <= StreamPath.maximumLength else {
      throw .notExpressible(path: path, "its path is longer than \(StreamPath.maximumLength) bytes")
    }
    try writer.finishRun()
    do throws(StreamError) { try writer.stream.write(command) } catch {
      throw .notExpressible(path: path, "\(error)")
    }
    try writer.flush(above: Plan.readLength)
  }

  /// Writes what a part of a file holds; parts that follow each other come out as one.
  mutating func write(
    _ data: RawSpan, to path: [UInt8], at offset: UInt64
  ) throws(BuildError) {
    try writer.addWrite(path.rawSpan, at: offset, data)
    try writer.flush(above: Plan.readLength)
  }

  /// Writes END, and gives the plan.
  consuming func finish() throws(BuildError) -> Plan {
    try write(.end, of: [])
    return try writer.finish()
  }

  mutating func rename(_ path: [UInt8], to new: [UInt8]) throws(BuildError) {
    try write(.rename(path: path.rawSpan, to: new.rawSpan), of: path.count > new.count ? path : new)
  }

  mutating func unlink(_ path: [UInt8]) throws(BuildError) {
    try write(.unlink(path: path.rawSpan), of: path)
  }

  mutating func removeDirectory(_ path: [UInt8]) throws(BuildError) {
    try write(.removeDirectory(path: path.rawSpan), of: path)
  }

  mutating func link(_ path: [UInt8], to existing: [UInt8]) throws(BuildError) {
    let longer = path.count > existing.count ? path : existing
    try write(.link(path: path.rawSpan, existing: existing.rawSpan), of: longer)
  }
}
