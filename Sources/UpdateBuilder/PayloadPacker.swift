internal import Bytes
internal import Crypto
internal import Linux
internal import UpdateFile

/// Packs the delta stream: one xz Stream for sections that are short together.
struct PayloadPacker: ~Copyable {
  private let sink: DeltaSink
  private let progress: BuildProgress
  private var writer: PayloadWriter
  private var packed: [UInt8] = []
  private var length: UInt64 = 0
  private let file: Descriptor

  private static let stepLength = 1 << 20
  /// xz's extreme mode takes twice the time for half a percent: not for more than this.
  private static let extremeLength: UInt64 = 32 << 20

  /// How much of the delta stream an xz Stream has at least, in bytes. What it begins anew costs up to two
  /// percent; who goes on inside of one decodes it from its start.
  private static let streamLength: UInt64 = 32 << 20

  /// A delta stream that is so many times shorter than the plain one is mostly patches.
  private static let sparseFactor: UInt64 = 4

  /// A packer of all that a sink has, into an empty file.
  init(
    _ sink: DeltaSink, plainLength: UInt64, dictionarySize: UInt32, jobs: Int,
    file: consuming Descriptor,
    progress: BuildProgress
  ) throws(BuildError) {
    self.sink = sink
    self.progress = progress
    do throws(UpdateFileError) {
      writer = try PayloadWriter(
        dictionarySize: dictionarySize, isExtreme: sink.length <= Self.extremeLength,
        isSparse: sink.length < plainLength / Self.sparseFactor,
        threads: UInt32(clamping: jobs))
    } catch { throw .updateFile(error) }
    self.file = file
  }

  /// Packs, and says what the manifest is to say.
  mutating func pack(dictionarySize: UInt32) throws(BuildError) -> Manifest.Payload {
    var (offset, streamStart): (UInt64, UInt64) = (0, 0)
    for section in sink.sections {
      try append(from: offset, count: section.deltaLength)
      offset += section.deltaLength
      let endsStream = offset - streamStart >= Self.streamLength || offset == sink.length
      if endsStream { streamStart = offset }
      do throws(UpdateFileError) { try writer.cut(into: &packed, endsStream: endsStream) } catch {
        throw .updateFile(error)
      }
      try flush()
    }
    let sections: [PayloadWriter.Section]
    do throws(UpdateFileError) { sections = try writer.finish(into: &packed) } catch {
      throw .updateFile(error)
    }
    try flush()
    return try payload(sections, dictionarySize)
  }

  /// Copies the payload to where the file's position is.
  func copy(to output: borrowing Descriptor) throws(BuildError) {
    try forEachStep { (bytes) throws(BuildError) in
      do throws(SystemError) { try output.write(bytes) } catch { throw .system(error) }
    }
  }

  private mutating func append(from start: UInt64, count: UInt64) throws(BuildError) {
    var offset = start
    let end = start + count
    while offset < end {
      let step = Int(Swift.min(UInt64(Self.stepLength), end - offset))
      let bytes: [UInt8]
      do throws(SystemError) { bytes = try sink.file.bytes(at: offset, count: step) } catch {
        throw .system(error)
      }
      do throws(UpdateFileError) { try writer.append(bytes.rawSpan, into: &packed) } catch {
        throw .updateFile(error)
      }
      try flush()
      offset += UInt64(step)
      try progress.report(.packing, done: offset, of: sink.length)
    }
  }

  private mutating func flush() throws(BuildError) {
    if packed.isEmpty { return }
    do throws(SystemError) { try file.write(packed.rawSpan) } catch { throw .system(error) }
    length += UInt64(packed.count)
    packed.removeAll(keepingCapacity: true)
  }

  private func payload(
    _ sections: [PayloadWriter.Section], _ dictionarySize: UInt32
  ) throws(BuildError) -> Manifest.Payload {
    var cuts: [Manifest.Cut] = []
    for (packed, plain) in zip(sections, sink.sections) {
      cuts.append(
        Manifest.Cut(
          compressedLength: packed.compressedLength, deltaLength: packed.deltaLength,
          plainLength: plain.plainLength, plainSHA256: plain.digest))
    }
    let pieceSize: UInt32
    do throws(UpdateFileError) {
      pieceSize = try Manifest.Payload.pieceSize(forLength: length)
    } catch { throw .updateFile(error) }
    return Manifest.Payload(
      length: length, deltaLength: sink.length, pieceSize: pieceSize,
      dictionarySize: dictionarySize, cuts: cuts, pieces: try pieces(pieceSize))
  }

  private func pieces(_ size: UInt32) throws(BuildError) -> [SHA256Digest] {
    var hasher: PieceHasher
    do throws(UpdateFileError) { hasher = try PieceHasher(pieceSize: size) } catch {
      throw .updateFile(error)
    }
    try forEachStep { (bytes) throws(BuildError) in hasher.append(bytes) }
    return hasher.finish()
  }

  /// Reads the packed bytes from start to end.
  private func forEachStep(_ body: (RawSpan) throws(BuildError) -> Void) throws(BuildError) {
    var offset: UInt64 = 0
    while offset < length {
      let bytes: [UInt8]
      do throws(SystemError) {
        bytes = try file.bytes(at: offset, count: Self.stepLength)
      } catch { throw .system(error) }
      guard !bytes.isEmpty else { return }
      try body(bytes.rawSpan)
      offset += UInt64(bytes.count)
    }
  }
}
