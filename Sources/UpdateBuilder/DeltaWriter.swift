internal import BinaryDiff
internal import Bytes
internal import DeltaStream
internal import SendStream

/// Goes through the plan once, and hands on its commands and, in the place of runs, their patches.
struct DeltaWriter: ~Copyable {
  private var reader: PlanReader
  private let sink: DeltaSink
  /// What files are called at the place that was read up to.
  private let names: NewFileNames?

  /// - Parameter newFiles: the files of the new tree that patches may copy from.
  init(_ plan: Plan, _ sink: DeltaSink, newFiles: NewFiles?) {
    reader = PlanReader(plan)
    self.sink = sink
    names = newFiles.map { NewFileNames($0, hasParent: plan.identity.parent != nil) }
  }

  /// How far the plan has been read.
  var planOffset: UInt64 { reader.offset }

  /// Hands on what comes before a run, and then the run in the form that was chosen for it.
  mutating func write(_ run: WrittenRun, as parts: [ShrunkPart]) throws(BuildError) {
    while reader.offset < run.streamOffset {
      guard try passOn() else { throw .planChanged }
    }
    names?.begin(run)
    for part in parts { try write(part) }
  }

  /// Hands on what comes behind the last run.
  mutating func finish() throws(BuildError) { while try passOn() {} }

  private mutating func passOn() throws(BuildError) -> Bool {
    // The frame borrows all of this value.
    let (sink, names) = (sink, names)
    guard let frame = try reader.next() else { return false }
    try names?.follow(frame)
    sink.endSectionIfDue()
    sink.cover(frame)
    try sink.write(frame)
    return true
  }

  private mutating func write(_ part: ShrunkPart) throws(BuildError) {
    let (sink, names) = (sink, names)
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
      if isFirst, part.isPatch { sink.endSectionIfDue() }
      switch part.form {
      case .writes:
        sink.endSectionIfDue()
        try sink.write(frame)
      case .patch(let sources, let patch):
        // A patch stands for all of the part: nothing ends inside it.
        if isFirst {
          let named = try names?.named(sources) ?? sources
          try sink.writePatch(path, part, named, patch)
        }
      case .opened(let opened):
        if isFirst {
          let named = try names?.named(opened.sources) ?? opened.sources
          try sink.writePatch(path, part, named, opened)
        }
      }
      sink.cover(frame)
      isFirst = false
      left -= length
    }
  }
}
