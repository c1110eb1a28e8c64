internal import BinaryPatch
internal import Bytes
internal import DeltaStream
internal import SendStream
public import UpdateFile

/// Reads the payload of an update file, and finds what its bytes are spent on.
///
/// It does no input of its own: ``wanted`` says how long the next piece of the file is, 0 when
/// there are no more. Memory grows with the number of files that the update writes to.
public struct ExplanationReader: ~Copyable {
  private var payload: PayloadReader
  private var reader: StreamReader
  private var check: DeltaStreamCheck
  private let limits: PatchLimits
  private let names: StreamNamespace
  private var files: [ObjectIdentifier: (file: UpdateExplanation.File, node: StreamNamespace.Node)]
  private var explanation = UpdateExplanation()
  /// The decoder's place before and behind what was decoded last.
  private var before = Place()
  private var behind = Place()
  /// Up to where in the compressed payload bytes were given to commands.
  private var assigned: Double = 0

  private struct Place {
    var delta: UInt64 = 0
    var compressed: UInt64 = 0
  }

  /// Small, as it is how exact the sizes are.
  private static let stepLength = 256

  /// A reader at the start of a payload.
  ///
  /// - Parameter memoryLimit: the most that decoding xz and one piece may take, in bytes.
  /// - Throws: ``/UpdateFile/UpdateFileError``.
  public init(_ manifest: Manifest, memoryLimit: UInt64) throws(UpdateFileError) {
    payload = try PayloadReader(manifest.payload, memoryLimit: memoryLimit)
    let base = UInt16(truncatingIfNeeded: manifest.baseVersion)
    reader = StreamReader(
      continuing: StreamVersion(base: base, revision: StreamVersion.deltaRevision))
    check = DeltaStreamCheck(manifest)
    limits = PatchLimits(maxApplyMemory: manifest.needs.memory)
    names = StreamNamespace(hasParent: manifest.parent != nil)
    files = [:]
  }

  /// How long the next piece of the file is, in bytes.
  public var wanted: Int { payload.wanted }

  /// Takes the next piece of the file: all ``wanted`` bytes.
  ///
  /// - Throws: ``/DeltaStream/UpdateExpansionError``; the reader is of no use afterwards.
  public mutating func append(piece: RawSpan) throws {
    try payload.append(piece: piece)
    while try decode() {
      while try explainNext() {}
    }
  }

  /// What was found, once there are no more pieces.
  ///
  /// - Throws: ``/DeltaStream/UpdateExpansionError`` if the payload is not whole.
  public mutating func finish() throws -> UpdateExplanation {
    try payload.finish()
    try reader.finish()
    explanation.files = files.values.map { entry in
      var file = entry.file
      if let path = names.path(of: entry.node) { file.path = path }
      return file
    }
    explanation.files.sort { one, other in
      one.sum.compressedLength != other.sum.compressedLength
        ? one.sum.compressedLength > other.sum.compressedLength
        : one.path.lexicographicallyPrecedes(other.path)
    }
    return explanation
  }

  /// Decodes a little more; `false` when a piece is wanted, or nothing more.
  private mutating func decode() throws -> Bool {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.stepLength)
    let status = try Self.decode(&payload, into: &bytes)
    guard !bytes.isEmpty || status.isSectionEnd else { return false }
    reader.append(bytes.rawSpan)
    before = behind
    behind.delta += UInt64(bytes.count)
    behind.compressed = payload.compressedPosition
    return true
  }

  private static func decode(
    _ payload: inout PayloadReader, into bytes: inout [UInt8]
  ) throws(UpdateFileError) -> PayloadReader.Status {
    var status = PayloadReader.Status.end
    try bytes.append(upTo: stepLength) { (out) throws(UpdateFileError) in
      status = try payload.decode(into: &out)
    }
    return status
  }

  /// Explains the next command; `false` when it is not whole yet.
  private mutating func explainNext() throws -> Bool {
    let start = reader.offset
    guard
      let command = try Self.read(
        &reader, &check, limits: limits, names: names, files: &files)
    else { return false }
    let (delta, compressed) = (reader.offset - start, take(upTo: reader.offset))
    explanation.total.add(written: command.written, delta: delta, compressed: compressed)
    explanation.forms[command.form, default: .init()].add(
      written: command.written, delta: delta, compressed: compressed)
    if let file = command.file {
      files[file]?.file.sum.add(
        written: command.written, delta: delta, compressed: compressed)
    }
    return true
  }

  /// How many compressed bytes belong to what ends at an offset and has none yet.
  private mutating func take(upTo offset: UInt64) -> Double {
    let length = behind.delta - before.delta
    let share = length == 0 ? 1 : Double(min(offset, behind.delta) - before.delta) / Double(length)
    let end =
      Double(before.compressed) + Double(behind.compressed - before.compressed) * share
    defer { assigned = max(assigned, end) }
    return max(0, end - assigned)
  }
}

extension ExplanationReader {
  private typealias Files = [ObjectIdentifier: (
    file: UpdateExplanation.File, node: StreamNamespace.Node
  )]

  /// What a command is.
  private struct Explained {
    var form: UpdateExplanation.Form
    var written: UInt64
    var file: ObjectIdentifier?
  }

  /// The frame borrows the reader while the rest changes: as parameters they are apart.
  private static func read(
    _ reader: inout StreamReader, _ check: inout DeltaStreamCheck, limits: PatchLimits,
    names: StreamNamespace, files: inout Files
  ) throws -> Explained? {
    guard let element = try reader.next() else { return nil }
    guard case .command(let frame) = element else { throw UpdateExpansionError.secondStream }
    try check.add(frame)
    guard frame.kind != .patch else {
      return try explain(patch: frame, limits: limits, names: names, files: &files)
    }
    let command = try Command(parsing: frame)
    names.follow(command)
    switch command {
    case .write(let path, _, let data):
      let length = UInt64(data.byteCount)
      let file = note(path, .whole, names, &files) { $0.plainLength += length }
      return Explained(form: .whole, written: length, file: file)
    case .clone(let path, _, let length, _, _, _, _):
      let file = note(path, .cloned, names, &files) { _ in }
      return Explained(form: .cloned, written: length, file: file)
    default:
      return Explained(form: .metadata, written: 0, file: nil)
    }
  }

  private static func explain(
    patch frame: borrowing Frame, limits: PatchLimits, names: StreamNamespace,
    files: inout Files
  ) throws -> Explained {
    let patch = try PatchCommand(parsing: frame)
    let statistics = try patch.statistics(limits)
    let isProjected = statistics.contains { $0.kind == .projected }
    let form: UpdateExplanation.Form =
      patch.isOpened ? .opened : isProjected ? .projected : .patched
    let sources = patch.sources.map(\.path)
    let file = note(patch.path, form, names, &files) { file in
      for source in sources where !file.sources.contains(source) { file.sources.append(source) }
      for statistics in statistics {
        file.controlLength += UInt64(statistics.controlByteCount)
        file.valuesLength += UInt64(statistics.valuesByteCount)
        file.extraLength += UInt64(statistics.extraByteCount)
        file.projectionLength += UInt64(statistics.projectionByteCount)
      }
    }
    return Explained(form: form, written: patch.length, file: file)
  }

  private static func note(
    _ path: RawSpan, _ form: UpdateExplanation.Form, _ names: StreamNamespace,
    _ files: inout Files, _ change: (inout UpdateExplanation.File) -> Void
  ) -> ObjectIdentifier {
    let bytes = [UInt8](copying: path)
    let node = names.node(at: bytes)
    let key = ObjectIdentifier(node)
    var file = files[key]?.file ?? UpdateExplanation.File(path: bytes)
    file.meet(form)
    change(&file)
    files[key] = (file, node)
    return key
  }
}

extension PatchCommand {
  /// Of its patch, or of all its patches.
  fileprivate func statistics(_ limits: PatchLimits) throws -> [PatchStatistics] {
    guard isOpened else { return [try PatchStatistics(patch: data, limits: limits)] }
    let opened = try OpenedPatch(parsing: data, sourceCount: sources.count)
    return try opened.parts.map { try PatchStatistics(patch: $0.patch.rawSpan, limits: limits) }
  }
}

extension PayloadReader.Status {
  fileprivate var isSectionEnd: Bool {
    if case .sectionEnd = self { return true }
    return false
  }
}
