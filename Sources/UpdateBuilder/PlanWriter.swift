internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import SendStream

/// Writes a plan into a temporary file, and knows of it what a ``Plan`` has to know.
struct PlanWriter: ~Copyable {
  let base: UInt16
  /// Takes the commands, which ``flush()`` moves on.
  var stream: StreamWriter
  /// Brings WRITEs into the normal form on their way to `stream`.
  private(set) var normalizer: WriteNormalizer
  private(set) var indexer: PlanIndexer
  /// Reads what was written, so that the index is of the plan and not of what it is made from.
  private var planned: StreamReader
  private var identity: Plan.Identity?
  private var hash = SHA256()
  private var length: UInt64 = 0
  private let file: Descriptor

  /// A writer into an empty file.
  init(base: UInt16, hasParent: Bool, file: consuming Descriptor) {
    self.base = base
    stream = StreamWriter(version: StreamVersion(base: base))
    normalizer = WriteNormalizer(base: base)
    indexer = PlanIndexer(hasParent: hasParent, form: NormalForm(base: base))
    planned = StreamReader(maximumBase: base)
    self.file = file
  }

  /// How much was written so far, in bytes.
  var plannedLength: UInt64 { length + UInt64(stream.bytes.count) }

  /// Takes a command that is no END.
  mutating func add(_ frame: borrowing Frame) throws(BuildError) {
    do throws(DeltaStreamError) { try normalizer.add(frame, to: &stream) } catch {
      throw .deltaStream(error)
    }
  }

  /// Takes a part of what a WRITE writes.
  mutating func addWrite(
    _ path: RawSpan, at offset: UInt64, _ data: RawSpan
  ) throws(BuildError) {
    do throws(DeltaStreamError) {
      try normalizer.addWrite(path, at: offset, data, to: &stream)
    } catch { throw .deltaStream(error) }
  }

  /// Writes what the current run has left; something else follows.
  mutating func finishRun() throws(BuildError) {
    do throws(DeltaStreamError) { try normalizer.finishRun(to: &stream) } catch {
      throw .deltaStream(error)
    }
  }

  /// Writes what is ready to the file, if that is more than so many bytes.
  mutating func flush(above limit: Int = 0) throws(BuildError) {
    guard stream.bytes.count > limit else { return }
    let bytes = stream.bytes
    hash.update(bytes.rawSpan)
    do throws(SystemError) { try file.write(bytes.rawSpan) } catch { throw .system(error) }
    length += UInt64(bytes.count)
    stream.removeAll()
    planned.append(bytes.rawSpan)
    while try Self.index(&planned, &indexer, &identity) {}
  }

  /// The plan, once END was written.
  consuming func finish() throws(BuildError) -> Plan {
    try flush()
    guard let identity else { throw .kernelStream(.truncated(offset: 0)) }
    let runs = indexer.finish()
    return Plan(
      file: file, base: base, length: length, digest: hash.finalize(), identity: identity,
      runs: runs, dataBytes: indexer.dataBytes, metadataCommands: indexer.metadataCommands)
  }

  private static func index(
    _ planned: inout StreamReader, _ indexer: inout PlanIndexer, _ identity: inout Plan.Identity?
  ) throws(BuildError) -> Bool {
    let element: StreamElement
    do throws(StreamError) {
      guard let next = try planned.next() else { return false }
      element = next
    } catch { throw .kernelStream(error) }
    if case .command(let frame) = element {
      if identity == nil { identity = try Self.identity(frame) }
      try indexer.add(frame)
    }
    return true
  }

  private static func identity(_ frame: borrowing Frame) throws(BuildError) -> Plan.Identity {
    let command: Command
    do throws(StreamError) { command = try Command(parsing: frame) } catch {
      throw .kernelStream(error)
    }
    switch command {
    case .subvolume(_, let uuid, let ctransid):
      return Plan.Identity(uuid: uuid, ctransid: ctransid, parent: nil)
    case .snapshot(_, let uuid, let ctransid, let parent, let parentCtransid):
      return Plan.Identity(uuid: uuid, ctransid: ctransid, parent: (parent, parentCtransid))
    default: throw .kernelStream(.commandOutsideSubvolume(frame.kind, offset: frame.offset))
    }
  }
}
