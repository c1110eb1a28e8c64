internal import Bytes
internal import DeltaStream
internal import SendStream

/// Finds the runs of WRITEs in a plan, and follows what their files are called.
struct PlanIndexer {
  private struct Open {
    var run: WrittenRun
    var node: StreamNamespace.Node
  }

  /// Longer runs are cut, where the normal form cuts as well, so that none is too long to be
  /// worked on in memory: 64 MiB in version 2, 24 MiB in version 1.
  static let chunksInRun = 512

  private let maximumRun: UInt64
  private var names: StreamNamespace
  private var open: Open?
  private var runs: [(run: WrittenRun, node: StreamNamespace.Node)] = []

  /// Bytes that WRITEs put into files, whole blocks of 4 KiB for each run.
  private(set) var dataBytes: UInt64 = 0
  /// How many commands there are that change names or metadata.
  private(set) var metadataCommands: UInt64 = 0

  init(hasParent: Bool, form: NormalForm) {
    names = StreamNamespace(hasParent: hasParent)
    maximumRun = UInt64(form.chunkLength * Self.chunksInRun)
  }

  /// Takes the next command of the plan.
  mutating func add(_ frame: borrowing Frame) throws(BuildError) {
    let command: Command
    do throws(StreamError) { command = try Command(parsing: frame) } catch {
      throw .kernelStream(error)
    }
    if case .write(let path, let offset, let data) = command {
      addWrite(path, offset, UInt64(data.byteCount), at: frame.offset)
      return
    }
    closeRun()
    metadataCommands += 1
    try follow(command)
  }

  /// Directories that would come out with a wrong time if the stream ended here.
  func directoriesWithoutTimes() -> [[UInt8]] { names.directoriesWithoutTimes() }

  /// The runs, once there are no more commands.
  mutating func finish() -> [WrittenRun] {
    closeRun()
    return runs.map { entry in
      var run = entry.run
      run.finalPath = names.path(of: entry.node)
      return run
    }
  }

  private mutating func addWrite(
    _ path: RawSpan, _ offset: UInt64, _ length: UInt64, at streamOffset: UInt64
  ) {
    if let run = open?.run, run.end == offset, offset % maximumRun != 0,
      path.hasSameBytes(as: run.path.rawSpan)
    {
      open?.run.length += length
      return
    }
    closeRun()
    let bytes = [UInt8](copying: path)
    let node = names.node(at: bytes)
    open = Open(
      run: WrittenRun(
        streamOffset: streamOffset, path: bytes, offset: offset, length: length,
        origin: node.origin, finalPath: nil),
      node: node)
  }

  private mutating func closeRun() {
    guard let ended = open else { return }
    runs.append((ended.run, ended.node))
    let block: UInt64 = 4096
    let (first, end) = (ended.run.offset / block, (ended.run.end + block - 1) / block)
    dataBytes += (end - first) * block
    open = nil
  }

  private func follow(_ command: borrowing Command) throws(BuildError) {
    switch copy command {
    case .updateExtent: throw .unsupportedCommand(.updateExtent)
    case .encodedWrite: throw .unsupportedCommand(.encodedWrite)
    case .enableVerity: throw .unsupportedCommand(.enableVerity)
    default: names.follow(command)
    }
  }
}
