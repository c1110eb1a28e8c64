internal import Btrfs
internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import SendStream

/// Makes the plan: checks the kernel's stream as it comes, and brings it into the normal form.
struct Planner: ~Copyable {
  private let base: UInt16
  private var kernel: StreamReader
  private var hasHeader = false
  private var normalizer: WriteNormalizer
  private var writer: StreamWriter
  private var indexer: PlanIndexer
  /// Reads what was written, so that the index is of the plan and not of the kernel's stream.
  private var planned: StreamReader
  private var identity: Plan.Identity?
  private var hash = SHA256()
  private var length: UInt64 = 0
  private let file: Descriptor

  private let child: OpenSubvolume

  /// A planner that writes into an empty file.
  init(base: UInt16, child: OpenSubvolume, hasParent: Bool, file: consuming Descriptor) {
    self.base = base
    self.child = child
    kernel = StreamReader(maximumBase: base)
    normalizer = WriteNormalizer(base: base)
    writer = StreamWriter(version: StreamVersion(base: base))
    indexer = PlanIndexer(hasParent: hasParent, form: NormalForm(base: base))
    planned = StreamReader(maximumBase: base)
    self.file = file
  }

  /// Takes the next bytes of the kernel's stream.
  mutating func add(_ bytes: RawSpan) throws(BuildError) {
    kernel.append(bytes)
    while let kind = try Self.step(&kernel, &hasHeader, &normalizer, &writer) {
      if kind == .end { try end() }
    }
    try write()
  }

  /// Ends the plan.
  ///
  /// The kernel sets a directory's times once and may yet change its entries: it makes new files in
  /// the root, and forgets which of more than 64 directories it has set the times of. The stream
  /// would then leave them with the time of the receiver's clock. What the child has is set once more.
  private mutating func end() throws(BuildError) {
    try write()
    for path in indexer.directoriesWithoutTimes() {
      let (access, modification) = try times(of: path)
      do throws(StreamError) {
        try writer.write(
          .setTimes(
            path: path.rawSpan, access: access, modification: modification, change: modification,
            creation: nil))
      } catch { throw .kernelStream(error) }
    }
    do throws(StreamError) { try writer.write(.end) } catch { throw .kernelStream(error) }
  }

  private func times(of path: [UInt8]) throws(BuildError) -> (Timespec, Timespec) {
    do throws(SystemError) {
      let status = try child.root.open(beneath: path, [.readOnly, .directory, .noFollow]).status()
      return (Timespec(status.accessTime), Timespec(status.modificationTime))
    } catch { throw .system(error) }
  }

  /// The plan, once the kernel's stream has ended.
  consuming func finish() throws(BuildError) -> Plan {
    do throws(StreamError) { try kernel.finish() } catch { throw .kernelStream(error) }
    guard let identity else { throw .kernelStream(.truncated(offset: 0)) }
    let runs = indexer.finish()
    return Plan(
      file: file, base: base, length: length, digest: hash.finalize(), identity: identity,
      runs: runs, dataBytes: indexer.dataBytes, metadataCommands: indexer.metadataCommands)
  }

  /// Takes one header or command over, but for END; `nil` when there is none yet.
  ///
  /// The command borrows the reader while the others change: as parameters they are apart.
  private static func step(
    _ kernel: inout StreamReader, _ hasHeader: inout Bool, _ normalizer: inout WriteNormalizer,
    _ writer: inout StreamWriter
  ) throws(BuildError) -> CommandKind? {
    let element: StreamElement
    do throws(StreamError) {
      guard let next = try kernel.next() else { return nil }
      element = next
    } catch { throw .kernelStream(error) }
    switch element {
    case .header(let version):
      // A second header is the ioctl started over, which happens behind our back.
      guard !hasHeader else { throw .kernelStreamRestarted }
      guard version == writer.version else {
        throw .kernelStream(.unsupportedVersion(version, offset: 0))
      }
      hasHeader = true
      writer.writeHeader()
      return CommandKind(rawValue: 0)
    case .command(let frame):
      do throws(DeltaStreamError) {
        if frame.kind == .end {
          try normalizer.finishRun(to: &writer)
        } else {
          try normalizer.add(frame, to: &writer)
        }
      } catch { throw .deltaStream(error) }
      return frame.kind
    }
  }

  /// Writes what is ready to the file.
  private mutating func write() throws(BuildError) {
    let bytes = writer.bytes
    if bytes.isEmpty { return }
    hash.update(bytes.rawSpan)
    do throws(SystemError) { try file.write(bytes.rawSpan) } catch { throw .system(error) }
    length += UInt64(bytes.count)
    writer.removeAll()
    planned.append(bytes.rawSpan)
    while try Self.index(&planned, &indexer, &identity) {}
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

extension Timespec {
  fileprivate init(_ time: FileTime) {
    self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }
}
