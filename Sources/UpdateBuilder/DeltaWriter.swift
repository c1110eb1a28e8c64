internal import BinaryDiff
internal import Bytes
internal import DeltaStream
internal import SendStream

/// Goes through the plan once, and hands on its commands and, in the place of runs, their patches.
struct DeltaWriter: ~Copyable {
  private var reader: PlanReader
  private let sink: DeltaSink

  init(_ plan: Plan, _ sink: DeltaSink) {
    reader = PlanReader(plan)
    self.sink = sink
  }

  /// How far the plan has been read.
  var planOffset: UInt64 { reader.offset }

  /// Hands on what comes before a run, and then the run in the form that was chosen for it.
  mutating func write(_ run: WrittenRun, as parts: [ShrunkPart]) throws(BuildError) {
    while reader.offset < run.streamOffset {
      guard try passOn() else { throw .planChanged }
    }
    for part in parts { try write(part) }
  }

  /// Hands on what comes behind the last run.
  mutating func finish() throws(BuildError) { while try passOn() {} }

  private mutating func passOn() throws(BuildError) -> Bool {
    // The frame borrows all of this value.
    let sink = sink
    guard let frame = try reader.next() else { return false }
    sink.endSectionIfDue()
    sink.cover(frame)
    try sink.write(frame)
    return true
  }

  private mutating func write(_ part: ShrunkPart) throws(BuildError) {
    let sink = sink
    var left = part.length
    var isFirst = true
    while left > 0 {
      guard let frame = try reader.next() else { throw .planChanged }
      let command: Command
      do throws(StreamError) { command = try Command(parsing: frame) } catch {
        throw .kernelStream(error)
      }
      let (path, length): (RawSpan, UInt64)
      switch command {
      case .write(let file, _, let data): (path, length) = (file, UInt64(data.byteCount))
      case .clone(let file, _, let count, _, _, _, _): (path, length) = (file, count)
      default: throw .planChanged
      }
      guard length > 0, length <= left else { throw .planChanged }
      switch part.form {
      case .writes:
        sink.endSectionIfDue()
        try sink.write(frame)
      case .patch(let sources, let patch):
        // A patch stands for all of the part: nothing ends inside it.
        if isFirst {
          sink.endSectionIfDue()
          try sink.writePatch(path, part, sources, patch)
        }
      }
      sink.cover(frame)
      isFirst = false
      left -= length
    }
  }
}
