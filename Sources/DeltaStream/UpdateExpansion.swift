internal import Bytes
internal import Crypto
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
/// it ends; the whole, when ``finish()`` says so. Memory is what the manifest's needs say.
public struct UpdateExpansion<Tree: OldTree>: ~Copyable {
  private let manifest: Manifest
  private var payload: PayloadReader
  private var reader: StreamReader
  private var expander: Expander<Tree>
  private var digest: PlainStreamDigest
  private var buffer: [UInt8] = []
  /// The section whose bytes are all with the reader.
  private var endedSection: Int?

  /// How many bytes are decoded at a time.
  private static var bufferLength: Int { 256 << 10 }

  /// An expansion at the start of a payload.
  ///
  /// - Parameters:
  ///   - manifest: the manifest, verified unless the caller says otherwise to its user.
  ///   - tree: the parent's files; for a full update, any tree.
  ///   - memoryLimit: the most that decoding xz and one piece may take, in bytes.
  /// - Throws: ``UpdateExpansionError/updateFile(_:)``.
  public init(
    _ manifest: Manifest, tree: Tree, memoryLimit: UInt64
  ) throws(UpdateExpansionError) {
    self.manifest = manifest
    let base = UInt16(truncatingIfNeeded: manifest.baseVersion)
    do throws(UpdateFileError) {
      payload = try PayloadReader(manifest.payload, memoryLimit: memoryLimit)
    } catch { throw .updateFile(error) }
    reader = StreamReader(
      continuing: StreamVersion(base: base, revision: StreamVersion.deltaRevision))
    expander = Expander(tree: tree, base: base)
    digest = PlainStreamDigest(version: StreamVersion(base: base))
  }

  /// How many bytes of the file are to be given next; 0 while there are commands, and at the end.
  public var wanted: Int { payload.wanted }

  /// The version of the plain stream.
  public var plainVersion: StreamVersion { expander.plainVersion }

  /// How many bytes of the plain stream there have been.
  public var plainLength: UInt64 { digest.length }

  /// Takes the next piece of the file.
  ///
  /// - Throws: ``UpdateExpansionError/updateFile(_:)`` if it is not the one that was signed.
  public mutating func append(piece: RawSpan) throws(UpdateExpansionError) {
    do throws(UpdateFileError) { try payload.append(piece: piece) } catch {
      throw .updateFile(error)
    }
  }

  /// The next plain command; `nil` when the next piece is wanted, or nothing more.
  ///
  /// - Throws: ``UpdateExpansionError``. The expansion is of no use afterwards.
  @_lifetime(&self)
  public mutating func next() throws(UpdateExpansionError) -> Frame? {
    guard try advance() else { return nil }
    return expander.frame
  }

  /// Says that there are no more pieces.
  ///
  /// - Throws: ``UpdateExpansionError`` unless the plain stream is whole and the one that was signed.
  public mutating func finish() throws(UpdateExpansionError) {
    do throws(UpdateFileError) { try payload.finish() } catch { throw .updateFile(error) }
    do throws(StreamError) { try reader.finish() } catch { throw .deltaStream(.stream(error)) }
    guard digest.length == manifest.plain.length,
      digest.wholeDigest() == manifest.plain.sha256
    else { throw .plainStreamDiffers }
  }

  /// Makes the next plain command ready; `false` when a piece is wanted.
  private mutating func advance() throws(UpdateExpansionError) -> Bool {
    while true {
      if try advanceExpander() {
        digest.add(expander.frame)
        return true
      }
      if try Self.beginCommand(&reader, &expander) { continue }
      if let ended = endedSection {
        try checkSection(ended)
        endedSection = nil
      }
      guard try decode() else { return false }
    }
  }

  private mutating func advanceExpander() throws(UpdateExpansionError) -> Bool {
    do throws(DeltaStreamError) { return try expander.advance() } catch {
      throw .deltaStream(error)
    }
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

  /// Checks the part of the plain stream that a section stands for.
  private mutating func checkSection(_ index: Int) throws(UpdateExpansionError) {
    let cut = manifest.payload.cuts[index]
    let plain = digest.endSection()
    guard reader.bufferedByteCount == 0, plain.length == cut.plainLength,
      plain.digest == cut.plainSHA256
    else { throw .sectionDiffers(index: index) }
  }

  /// Decodes more of the delta stream; `false` when a piece is wanted, or nothing more.
  private mutating func decode() throws(UpdateExpansionError) -> Bool {
    var bytes: [UInt8] = []
    swap(&bytes, &buffer)
    defer { swap(&bytes, &buffer) }
    bytes.removeAll(keepingCapacity: true)
    var status = PayloadReader.Status.end
    do throws(UpdateFileError) {
      try bytes.append(upTo: Self.bufferLength) { (out) throws(UpdateFileError) in
        status = try payload.decode(into: &out)
      }
    } catch { throw .updateFile(error) }
    reader.append(bytes.rawSpan)
    if case .sectionEnd(let index) = status {
      endedSection = index
      return true
    }
    return !bytes.isEmpty
  }
}
