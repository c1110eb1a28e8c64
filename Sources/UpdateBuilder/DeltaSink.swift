internal import BinaryDiff
internal import BinaryPatch
internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import SendStream
internal import UpdateFile

/// Takes the commands of the delta stream in, and keeps them in a temporary file until their length
/// is known and they are packed.
final class DeltaSink {
  /// A part of the delta stream that is packed on its own, so that an apply that was cut can go on
  /// behind it.
  struct Section: Sendable {
    /// Bytes of the delta stream.
    var deltaLength: UInt64
    /// Bytes of the plain stream that they stand for, and their SHA-256.
    var plainLength: UInt64
    var digest: SHA256Digest
  }

  private static let bufferLength = 1 << 20

  let file: Descriptor
  private(set) var sections: [Section] = []
  /// The longest command, in bytes without its header.
  private(set) var longestCommand = 0
  /// The most memory that patches ask for, in bytes, with what is kept between them.
  var patchMemory: UInt64 {
    longestMemory + (sharesKnowledge ? ProjectionKnowledge.maximumMemory : 0)
  }
  private var longestMemory: UInt64 = 0
  private var sharesKnowledge = false
  /// What the patches so far have taught.
  private var knowledge = ProjectionKnowledge()
  /// The features that patches ask for.
  private(set) var features: Set<UInt16> = []
  /// What opened files ask of the device.
  private(set) var opening = OpeningSum()
  /// How many patches there are.
  private(set) var patchCount = 0
  private var writer: StreamWriter
  private var digest: PlainStreamDigest
  private let cutRule: CutRule
  private var sectionStart: UInt64 = 0
  private var flushed: UInt64 = 0

  /// A sink that writes into an empty file.
  init(base: UInt16, cuts: CutRule, file: consuming Descriptor) {
    cutRule = cuts
    writer = StreamWriter(
      version: StreamVersion(base: base, revision: StreamVersion.deltaRevision))
    digest = PlainStreamDigest(version: StreamVersion(base: base))
    self.file = file
  }

  /// Bytes of the delta stream so far.
  var length: UInt64 { flushed + UInt64(writer.bytes.count) }

  /// Says that a command of the plain stream is covered by what travels.
  func cover(_ frame: borrowing Frame) { digest.add(frame) }

  /// Writes a command as it is.
  func write(_ frame: borrowing Frame) throws(BuildError) {
    longestCommand = Swift.max(longestCommand, frame.payload.byteCount)
    do throws(StreamError) { try writer.write(frame) } catch { throw .kernelStream(error) }
    try flush(above: Self.bufferLength)
  }

  /// Writes a patch.
  func writePatch(
    _ path: RawSpan, _ part: ShrunkPart, _ sources: [PatchSource], _ patch: PreparedPatch
  ) throws(BuildError) {
    let data = patch.finish(&knowledge)
    let demand = note(data)
    longestMemory = Swift.max(longestMemory, demand.memory)
    try write(path, part, sources, data, isOpened: false)
  }

  /// Writes a patch of opened files.
  func writePatch(
    _ path: RawSpan, _ part: ShrunkPart, _ sources: [PatchSource], _ opened: OpenedPart
  ) throws(BuildError) {
    var patches: [[UInt8]] = []
    var patching: UInt64 = 0
    for piece in opened.pieces {
      let data = piece.patch.finish(&knowledge)
      patching = Swift.max(patching, note(data).memory)
      patches.append(data)
    }
    longestMemory = Swift.max(longestMemory, opened.deviceMemory(patching: patching))
    try opening.add(opened)
    features.insert(Manifest.recompressionFeature)
    try write(path, part, sources, opened.finish(patches), isOpened: true)
  }

  /// Takes in what a patch asks of the device.
  private func note(_ patch: [UInt8]) -> PatchDemand {
    let demand = PatchDemand(of: patch)
    sharesKnowledge = sharesKnowledge || demand.sharesKnowledge
    if let feature = demand.feature { features.insert(feature) }
    return demand
  }

  private func write(
    _ path: RawSpan, _ part: ShrunkPart, _ sources: [PatchSource], _ data: [UInt8],
    isOpened: Bool
  ) throws(BuildError) {
    let before = writer.bytes.count
    patchCount += 1
    if sources.contains(where: { $0.tree != .parent }) {
      features.insert(PatchSource.newTreeFeature)
    }
    do throws(StreamError) {
      try writer.writePatch(
        path: path, offset: part.offset, length: part.length, sources: sources,
        clones: part.clones, data: data.rawSpan, isOpened: isOpened)
    } catch { throw .kernelStream(error) }
    longestCommand = Swift.max(longestCommand, writer.bytes.count - before - Frame.headerLength)
    try flush(above: Self.bufferLength)
  }

  /// Ends a section if it is long enough; called where all that is covered has been written.
  func endSectionIfDue() {
    let delta = length - sectionStart
    if cutRule.isDue(plainLength: digest.sectionLength, deltaLength: delta) { endSection() }
  }

  /// Ends the last section; gives the SHA-256 of the plain stream that all stands for.
  func finish() throws(BuildError) -> SHA256Digest {
    endSection()
    try flush(above: 0)
    return digest.wholeDigest()
  }

  private func endSection() {
    let plain = digest.endSection()
    sections.append(
      Section(
        deltaLength: length - sectionStart, plainLength: plain.length, digest: plain.digest))
    sectionStart = length
  }

  private func flush(above limit: Int) throws(BuildError) {
    guard writer.bytes.count > limit else { return }
    let bytes = writer.bytes
    do throws(SystemError) { try file.write(bytes.rawSpan) } catch { throw .system(error) }
    flushed += UInt64(bytes.count)
    writer.removeAll()
  }
}
