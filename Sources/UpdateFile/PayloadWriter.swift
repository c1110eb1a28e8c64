internal import Bytes
internal import XZ

/// Compresses a delta stream into the payload of an update file: one xz Stream for each section,
/// always with Blocks of the same length, so that the bytes do not depend on the number of threads.
public struct PayloadWriter: ~Copyable {
  /// How many bytes of the delta stream each xz Block holds.
  public static let blockSize: UInt64 = 64 << 20

  /// How long a section came out, in bytes.
  public struct Section: Hashable, Sendable {
    /// Its xz Stream.
    public var compressedLength: UInt64
    /// Its part of the delta stream.
    public var deltaLength: UInt64

    /// The lengths of a section.
    public init(compressedLength: UInt64 = 0, deltaLength: UInt64 = 0) {
      self.compressedLength = compressedLength
      self.deltaLength = deltaLength
    }
  }

  private var encoder: XZEncoder
  private var section = Section()
  /// How much of the xz Stream has come out.
  private var streamLength: UInt64 = 0
  private var needsRestart = false
  private var sections: [Section] = []

  /// A writer at the start of the payload.
  ///
  /// - Parameters:
  ///   - dictionarySize: The dictionary in bytes, as the manifest will say.
  ///   - preset: liblzma's preset, 0 to 9.
  ///   - isExtreme: Whether to spend more time for a little less size.
  ///   - isSparse: Whether it is mostly patches, whose bytes say little of what is behind them, and are
  ///     not aligned.
  ///   - threads: How many threads compress.
  /// - Throws: ``UpdateFileError/xz(_:)``.
  public init(
    dictionarySize: UInt32, preset: UInt32 = 9, isExtreme: Bool = false,
    isSparse: Bool = false, threads: UInt32 = 1
  ) throws(UpdateFileError) {
    encoder = try UpdateFileError.wrapping { () throws(XZError) in
      try XZEncoder(
        XZEncoder.Options(
          preset: preset, isExtreme: isExtreme, dictionarySize: dictionarySize,
          literalContextBits: isSparse ? 2 : 3, positionBits: isSparse ? 0 : 2,
          blockSize: Self.blockSize, threads: threads))
    }
  }

  /// Takes the next bytes of the delta stream, and appends what is ready of the payload to `output`.
  ///
  /// - Throws: ``UpdateFileError/xz(_:)``.
  public mutating func append(
    _ delta: RawSpan, into output: inout [UInt8]
  ) throws(UpdateFileError) {
    if delta.isEmpty { return }
    let before = output.count
    do throws(XZError) {
      if needsRestart { try encoder.restart() }
      needsRestart = false
      try encoder.encode(delta, into: &output)
    } catch { throw .xz(error) }
    section.deltaLength += UInt64(delta.byteCount)
    streamLength += UInt64(output.count - before)
  }

  /// Ends a section.
  ///
  /// - Parameter endsStream: Whether its xz Stream ends as well, and the rest of that is appended to
  ///   `output`: then what is behind can be read without it, and packs a little less.
  /// - Throws: ``UpdateFileError/emptySection(index:)`` if nothing was appended since the last one;
  ///   ``UpdateFileError/xz(_:)``.
  public mutating func cut(
    into output: inout [UInt8], endsStream: Bool = true
  ) throws(UpdateFileError) {
    guard section.deltaLength > 0 else { throw .emptySection(index: sections.count) }
    sections.append(section)
    section = Section()
    if endsStream { try endStream(into: &output) }
  }

  private mutating func endStream(into output: inout [UInt8]) throws(UpdateFileError) {
    let before = output.count
    do throws(XZError) { try encoder.finish(into: &output) } catch { throw .xz(error) }
    needsRestart = true
    sections[sections.count - 1].compressedLength =
      streamLength + UInt64(output.count - before)
    streamLength = 0
  }

  /// Ends the last section, unless that was cut just now, and its xz Stream, and gives the lengths of
  /// all.
  ///
  /// - Throws: ``UpdateFileError/emptySection(index:)`` if there is none; ``UpdateFileError/xz(_:)``.
  public mutating func finish(into output: inout [UInt8]) throws(UpdateFileError) -> [Section] {
    if section.deltaLength > 0 || sections.isEmpty { try cut(into: &output, endsStream: false) }
    if !needsRestart { try endStream(into: &output) }
    return sections
  }
}
