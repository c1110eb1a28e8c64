internal import Bytes
internal import DeltaStream
internal import SendStream

/// Finds the runs of a plan, and follows what their files are called.
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
  /// The parent as SNAPSHOT names it.
  private var parent: SubvolumeUUID?

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
    metadataCommands += 1
    if addClone(command, at: frame.offset) { return }
    closeRun()
    if case .snapshot(_, _, _, let uuid, _) = command { parent = uuid }
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
    if isNext(path, offset) {
      open?.run.length += length
    } else {
      begin(path, offset, length, at: streamOffset)
    }
    noteEnd()
  }

  /// Takes a CLONE into the run, if it is one from the parent that a patch can stand for.
  private mutating func addClone(
    _ command: borrowing Command, at streamOffset: UInt64
  ) -> Bool {
    guard
      case .clone(let path, let offset, let length, let uuid, _, let source, let place) =
        copy command, uuid == parent
    else { return false }
    let block = PatchClone.blockLength
    let clone = PatchClone(offset: offset, length: length, sourceOffset: place)
    guard length > 0, offset % block == 0, place % block == 0,
      length <= maximumRun - offset % maximumRun
    else { return false }
    if isNext(path, offset), canShare(with: source), !isFull {
      open?.run.length += length
    } else {
      begin(path, offset, length, at: streamOffset)
    }
    open?.run.clones.append(clone)
    open?.run.cloneSource = [UInt8](copying: source)
    noteEnd()
    return true
  }

  /// Whether the open run goes on there.
  private func isNext(_ path: RawSpan, _ offset: UInt64) -> Bool {
    guard let run = open?.run else { return false }
    if let last = run.clones.last, last.end == offset, last.length % PatchClone.blockLength != 0 {
      return false
    }
    return run.end == offset && offset % maximumRun != 0 && path.hasSameBytes(as: run.path.rawSpan)
  }

  private func canShare(with source: RawSpan) -> Bool {
    guard let known = open?.run.cloneSource else { return true }
    return source.hasSameBytes(as: known.rawSpan)
  }

  /// Whether one run can share no more parts.
  private var isFull: Bool {
    (open?.run.clones.count ?? 0) >= PatchClone.maximumCount
  }

  private mutating func begin(
    _ path: RawSpan, _ offset: UInt64, _ length: UInt64, at streamOffset: UInt64
  ) {
    closeRun()
    let bytes = [UInt8](copying: path)
    let node = names.node(at: bytes)
    open = Open(
      run: WrittenRun(
        streamOffset: streamOffset, path: bytes, offset: offset, length: length,
        origin: node.origin, finalPath: nil),
      node: node)
  }

  private func noteEnd() {
    guard let open, let known = open.node.writtenEnd else { return }
    open.node.writtenEnd = Swift.max(known, open.run.end)
  }

  private mutating func closeRun() {
    guard var ended = open else { return }
    open = nil
    let shared = ended.run.clones.reduce(0) { $0 + blocks($1.offset, $1.end) }
    dataBytes += (blocks(ended.run.offset, ended.run.end) - shared) * PatchClone.blockLength
    // What is only shared has nothing to patch.
    if shared > 0, ended.run.clones.reduce(0, { $0 + $1.length }) == ended.run.length { return }
    ended.run.endsFile = ended.node.writtenEnd == ended.run.end
    runs.append((ended.run, ended.node))
  }

  /// How many blocks a range lies in.
  private func blocks(_ offset: UInt64, _ end: UInt64) -> UInt64 {
    let block = PatchClone.blockLength
    return end / block + (end % block == 0 ? 0 : 1) - offset / block
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
