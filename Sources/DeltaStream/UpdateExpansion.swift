public import BinaryPatch
internal import Bytes
internal import Crypto
internal import Linux
internal import Recompress
public import SendStream
public import UpdateFile

/// Expands the payload of an update file to the plain stream, and proves on the way that it is the
/// one that was signed.
///
/// It does no input of its own: ``wanted`` says how long the next piece of the file is,
/// ``append(piece:)`` takes it, ``next()`` lends plain commands until the next piece is wanted.
///
///     while expansion.wanted > 0 {
///       try expansion.append(piece: …)
///       while let command = try expansion.next() { … }
///     }
///     try expansion.finish()
///
/// A piece is checked before a byte of it is decoded; a section of the plain stream is checked when
/// it ends, and never gets longer than was signed; the whole, when ``finish()`` says so. What is not
/// looked at is what the commands do, and whether the UUIDs in SUBVOL or SNAPSHOT are the
/// manifest's. Memory is what the manifest's needs say.
///
/// An expansion that was interrupted goes on at a cut: see ``cut``. Then there is no digest of the
/// whole, and none is needed: every section's digest is signed like that of the whole, each section
/// was compared with its own by this expansion or the one before it, and together they are the whole.
public struct UpdateExpansion<Tree: OldTree>: ~Copyable {
  private let manifest: Manifest
  private var payload: PayloadReader
  private var reader: StreamReader
  private var expander: Expander<Tree>
  private var digest: PlainStreamDigest
  private var buffer: [UInt8] = []
  /// The section whose commands are read.
  private var section: Int
  /// Whether all its bytes are with the reader.
  private var sectionIsDecoded = false
  /// What was thrown: nothing is good afterwards.
  private var failure: UpdateExpansionError?
  /// Whether ``next()`` gives `nil` at every cut between two sections, too; ``cut`` says where.
  public var stopsAtCuts = false
  /// Where the commands so far end, if that is a cut and ``stopsAtCuts``: an expansion can begin
  /// there. ``next()`` goes on.
  public private(set) var cut: ExpansionCut?

  /// How many bytes are decoded at a time.
  private static var bufferLength: Int { 256 << 10 }

  /// An expansion at the start of a payload, or at a cut.
  ///
  /// - Parameters:
  ///   - manifest: the manifest, verified unless the caller says otherwise to its user.
  ///   - tree: the parent's files, and the new tree's if the manifest ``/UpdateFile/Manifest/allowsNewSources``.
  ///   - memoryLimit: the most that decoding xz and one piece may take, in bytes.
  ///   - spareMemory: what may be taken beside the manifest's needs, to make compressed files side by
  ///     side, in bytes.
  ///   - cut: where another expansion of the same update was.
  /// - Throws: ``UpdateExpansionError/updateFile(_:)``.
  public init(
    _ manifest: Manifest, tree: Tree, memoryLimit: UInt64, spareMemory: UInt64 = 0,
    from cut: ExpansionCut = .start
  ) throws(UpdateExpansionError) {
    let knowledge = try Self.knowledge(of: cut)
    let opening = try Self.opening(manifest, spareMemory)
    payload = try Self.reader(manifest, memoryLimit: memoryLimit, startingAt: cut.section)
    self.manifest = manifest
    section = cut.section
    // 1 or 2, or there would be no reader.
    let base = UInt16(truncatingIfNeeded: manifest.baseVersion)
    reader = StreamReader(
      continuing: StreamVersion(base: base, revision: StreamVersion.deltaRevision),
      insideSubvolume: cut.section > 0)
    let hasParent = manifest.parent != nil
    let isAtStart = cut.section == 0
    expander = Expander(
      tree: tree, base: base,
      isAtStart
        ? CommandOrder(behindHeadOfUpdateWithParent: hasParent)
        : CommandOrder(insideUpdateWithParent: hasParent),
      // No patch takes more than all of applying was said to take.
      limits: PatchLimits(maxApplyMemory: manifest.needs.memory),
      parent: isAtStart ? nil : manifest.parent.map(ParentIdentity.init),
      knowledge: knowledge,
      position: isAtStart ? nil : manifest.payload.plainLength(before: cut.section),
      opening: opening,
      allowsNewSources: manifest.allowsNewSources)
    digest =
      isAtStart
      ? PlainStreamDigest(version: StreamVersion(base: base))
      : PlainStreamDigest(behindCutAt: manifest.payload.plainLength(before: cut.section))
  }

  /// What making compressed files side by side may take on this machine: half of what is free beside the
  /// manifest's needs, and no more than is of use.
  ///
  /// - Parameter limit: the most that may be taken in all, in bytes; what is free if `nil`.
  public static func spareMemory(beside manifest: Manifest, limit: UInt64? = nil) -> UInt64 {
    if manifest.recompression == nil { return 0 }
    let limits = [Machine.availableMemory(), limit].compactMap(\.self)
    guard let free = limits.min(), free > manifest.needs.memory else { return 0 }
    return min((free - manifest.needs.memory) / 2, UInt64(Machine.processorCount) * 128 << 20)
  }

  /// What opening files may take: what the manifest says, and nothing but the recipes that it lists.
  private static func opening(
    _ manifest: Manifest, _ spareMemory: UInt64
  ) throws(UpdateExpansionError) -> OpeningLimits? {
    guard let recompression = manifest.recompression else { return nil }
    return OpeningLimits(
      memory: recompression.memory, room: recompression.room, threads: Machine.processorCount,
      spareMemory: spareMemory, settings: try recompression.settings())
  }

  /// What the patches before a cut have taught.
  private static func knowledge(
    of cut: ExpansionCut
  ) throws(UpdateExpansionError) -> ProjectionKnowledge {
    if cut.knowledge.isEmpty { return ProjectionKnowledge() }
    guard let knowledge = ProjectionKnowledge(parsing: cut.knowledge.rawSpan) else {
      throw .badKnowledge
    }
    return knowledge
  }

  /// How many bytes of the payload are before the first piece that is wanted.
  public var skippedLength: UInt64 { payload.skippedLength }

  /// How long the next piece of the file is, in bytes, once ``next()`` gives `nil`; 0 when the file
  /// has no more.
  public var wanted: Int { payload.wanted }

  /// The version of the plain stream.
  public var plainVersion: StreamVersion { expander.plainVersion }

  /// What the patches so far have taught, at a cut of the payload: going on from there needs it.
  public var knowledge: ProjectionKnowledge { expander.knowledge }

  /// How many bytes of the plain stream there have been.
  public var plainLength: UInt64 { digest.length }

  /// Takes the next piece of the file: all ``wanted`` bytes.
  ///
  /// - Throws: ``UpdateExpansionError/updateFile(_:)`` if it is not the one that was signed. The
  ///   expansion is of no use afterwards.
  public mutating func append(piece: RawSpan) throws(UpdateExpansionError) {
    do throws(UpdateFileError) { try payload.append(piece: piece) } catch {
      throw .updateFile(error)
    }
  }

  /// The next plain command; `nil` when the next piece is wanted, or nothing more, or at a ``cut``.
  ///
  /// - Throws: ``UpdateExpansionError``, and the same again from then on.
  @_lifetime(&self)
  public mutating func next() throws(UpdateExpansionError) -> Frame? {
    if let failure { throw failure }
    do throws(UpdateExpansionError) {
      guard try advance() else { return nil }
    } catch {
      failure = error
      throw error
    }
    return expander.frame
  }

  /// Says that there are no more pieces.
  ///
  /// - Throws: ``UpdateExpansionError`` unless the plain stream is whole and the one that was signed.
  public mutating func finish() throws(UpdateExpansionError) {
    if let failure { throw failure }
    do throws(UpdateFileError) { try payload.finish() } catch { throw .updateFile(error) }
    do throws(StreamError) { try reader.finish() } catch { throw .deltaStream(.stream(error)) }
    guard digest.length == manifest.plain.length,
      !digest.isOfWholeStream || digest.wholeDigest() == manifest.plain.sha256
    else { throw .plainStreamDiffers }
  }

  private static func reader(
    _ manifest: Manifest, memoryLimit: UInt64, startingAt section: Int
  ) throws(UpdateExpansionError) -> PayloadReader {
    do throws(UpdateFileError) {
      guard (1...2).contains(manifest.baseVersion) else {
        throw UpdateFileError.invalidValue(.baseVersion, value: UInt64(manifest.baseVersion))
      }
      return try PayloadReader(
        manifest.payload, memoryLimit: memoryLimit, startingAt: section)
    } catch { throw .updateFile(error) }
  }

  /// Makes the next plain command ready; `false` when a piece is wanted, or at a cut.
  private mutating func advance() throws(UpdateExpansionError) -> Bool {
    cut = nil
    while true {
      if try advanceExpander(waiting: false) { return true }
      if expander.accepts {
        if try Self.beginCommand(&reader, &expander) { continue }
        if !sectionIsDecoded {
          guard try decode() else { return false }
          continue
        }
      }
      // A file is being made that what comes next has to wait for.
      if try advanceExpander(waiting: true) { return true }
      try endSection()
      if stopsAtCuts, section < manifest.payload.cuts.count {
        cut = ExpansionCut(section: section, knowledge: expander.knowledge.storedBytes)
        return false
      }
    }
  }

  private mutating func advanceExpander(waiting: Bool) throws(UpdateExpansionError) -> Bool {
    do throws(DeltaStreamError) {
      guard try expander.advance(waiting: waiting) else { return false }
    } catch { throw .deltaStream(error) }
    try countPlainCommand()
    return true
  }

  /// Takes the command that is ready into the digest; a section that gets too long is noticed
  /// before its command is used.
  private mutating func countPlainCommand() throws(UpdateExpansionError) {
    digest.add(expander.frame)
    guard section < manifest.payload.cuts.count,
      digest.sectionLength <= manifest.payload.cuts[section].plainLength
    else { throw .sectionDiffers(index: section) }
  }

  /// Hands the next command of the delta stream to the expander; `false` when more bytes are
  /// needed.
  ///
  /// The frame borrows the reader while the expander changes: as parameters the two are apart.
  private static func beginCommand(
    _ reader: inout StreamReader, _ expander: inout Expander<Tree>
  ) throws(UpdateExpansionError) -> Bool {
    let element: StreamElement
    do throws(StreamError) {
      guard let next = try reader.next() else { return false }
      element = next
    } catch { throw .deltaStream(.stream(error)) }
    guard case .command(let frame) = element else { throw .secondStream }
    do throws(DeltaStreamError) { try expander.begin(frame) } catch { throw .deltaStream(error) }
    return true
  }

  /// Checks that no command crosses the section's end, and what it stands for.
  private mutating func endSection() throws(UpdateExpansionError) {
    let cut = manifest.payload.cuts[section]
    let plain = digest.endSection()
    guard reader.bufferedByteCount == 0, plain.length == cut.plainLength,
      plain.digest == cut.plainSHA256
    else { throw .sectionDiffers(index: section) }
    section += 1
    sectionIsDecoded = false
  }

  /// Decodes more of the delta stream; `false` when a piece is wanted, or nothing more.
  private mutating func decode() throws(UpdateExpansionError) -> Bool {
    let status: PayloadReader.Status
    do throws(UpdateFileError) {
      status = try Self.decode(&payload, by: &buffer, into: &reader)
    } catch { throw .updateFile(error) }
    if case .sectionEnd = status { sectionIsDecoded = true }
    return sectionIsDecoded || !buffer.isEmpty
  }

  /// Hands decoded bytes to the reader.
  ///
  /// As parameters they are apart, as the closure needs them.
  private static func decode(
    _ payload: inout PayloadReader, by buffer: inout [UInt8], into reader: inout StreamReader
  ) throws(UpdateFileError) -> PayloadReader.Status {
    var status = PayloadReader.Status.end
    buffer.removeAll(keepingCapacity: true)
    try buffer.append(upTo: bufferLength) { (out) throws(UpdateFileError) in
      status = try payload.decode(into: &out)
    }
    reader.append(buffer.rawSpan)
    return status
  }
}

extension ProjectionKnowledge {
  /// Nothing takes no bytes: most updates teach nothing.
  fileprivate var storedBytes: [UInt8] { self == ProjectionKnowledge() ? [] : encoded }
}
