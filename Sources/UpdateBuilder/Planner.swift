internal import Btrfs
internal import Bytes
internal import DeltaStream
internal import Linux
internal import SendStream

/// Makes the plan: checks the kernel's stream as it comes, and brings it into the normal form.
struct Planner: ~Copyable {
  private var kernel: StreamReader
  private var hasHeader = false
  private var writer: PlanWriter
  private let child: OpenSubvolume

  /// A planner that writes into an empty file.
  init(base: UInt16, child: OpenSubvolume, hasParent: Bool, file: consuming Descriptor) {
    self.child = child
    kernel = StreamReader(maximumBase: base)
    writer = PlanWriter(base: base, hasParent: hasParent, file: file)
  }

  /// Takes the next bytes of the kernel's stream.
  mutating func add(_ bytes: RawSpan) throws(BuildError) {
    kernel.append(bytes)
    while let kind = try Self.step(&kernel, &hasHeader, &writer) {
      if kind == .end { try end() }
    }
    try writer.flush()
  }

  /// Ends the plan.
  ///
  /// The kernel sets a directory's times once and may yet change its entries: it makes new files in
  /// the root, and forgets which of more than 64 directories it has set the times of. The stream
  /// would then leave them with the time of the receiver's clock. What the child has is set once more.
  private mutating func end() throws(BuildError) {
    try writer.flush()
    for path in writer.indexer.directoriesWithoutTimes() {
      let (access, modification) = try times(of: path)
      do throws(StreamError) {
        try writer.stream.write(
          .setTimes(
            path: path.rawSpan, access: access, modification: modification, change: modification,
            creation: nil))
      } catch { throw .kernelStream(error) }
    }
    do throws(StreamError) { try writer.stream.write(.end) } catch { throw .kernelStream(error) }
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
    return try writer.finish()
  }

  /// Takes one header or command over, but for END; `nil` when there is none yet.
  ///
  /// The command borrows the reader while the writer changes: as parameters they are apart.
  private static func step(
    _ kernel: inout StreamReader, _ hasHeader: inout Bool, _ writer: inout PlanWriter
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
      guard version == writer.stream.version else {
        throw .kernelStream(.unsupportedVersion(version, offset: 0))
      }
      hasHeader = true
      writer.stream.writeHeader()
      return CommandKind(rawValue: 0)
    case .command(let frame):
      if frame.kind == .end { try writer.finishRun() } else { try writer.add(frame) }
      return frame.kind
    }
  }
}

extension Timespec {
  fileprivate init(_ time: FileTime) {
    self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }
}
