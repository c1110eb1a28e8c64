internal import Bytes
internal import Compression
internal import XZ
internal import Zstd

/// How an archive is compressed.
public enum ArchiveCompression: Equatable, Sendable {
  /// Not, or in a way that is not known.
  case none
  case gzip, xz, zstd

  /// How much of a file shows it.
  public static let magicLength = 6

  /// By the first bytes of the file.
  public init(magic: RawSpan) {
    let bytes = [UInt8](copying: magic)
    if bytes.starts(with: [0x1F, 0x8B]) {
      self = .gzip
    } else if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
      self = .xz
    } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
      self = .zstd
    } else {
      self = .none
    }
  }
}

/// The decoder of an archive that is compressed.
struct ArchiveFilter: ~Copyable {
  /// What a step did.
  struct Step {
    var consumed: Int
    /// Whether the input may end here.
    var isWhole: Bool
  }

  private var gzip: GzipStreamDecoder?
  private var xz: XZDecoder?
  private var zstd: ZstdStreamDecoder?
  private var isWhole = false

  init(_ compression: ArchiveCompression) throws(ArchiveError.Reason) {
    gzip = compression == .gzip ? try Self.makeGzip() : nil
    xz = compression == .xz ? try Self.makeXZ() : nil
    zstd = compression == .zstd ? try Self.makeZstd() : nil
  }

  private static func makeGzip() throws(ArchiveError.Reason) -> GzipStreamDecoder {
    do throws(CompressionError) { return try GzipStreamDecoder() } catch { throw .gzip(error) }
  }

  private static func makeXZ() throws(ArchiveError.Reason) -> XZDecoder {
    do throws(XZError) {
      return try XZDecoder(memoryLimit: ArchiveLimits.decoderMemory, concatenated: true)
    } catch { throw .xz(error) }
  }

  private static func makeZstd() throws(ArchiveError.Reason) -> ZstdStreamDecoder {
    do throws(ZstdError) {
      return try ZstdStreamDecoder(windowLog: ArchiveLimits.windowLog)
    } catch { throw .zstd(error) }
  }

  /// Decompresses until the input is used up or the output is full.
  ///
  /// - Parameter isLast: whether nothing follows the input.
  mutating func decode(
    _ input: RawSpan, isLast: Bool, into out: inout OutputRawSpan
  ) throws(ArchiveError.Reason) -> Step {
    if gzip != nil { return try decodeGzip(input, into: &out) }
    if xz != nil { return try decodeXZ(input, isLast: isLast, into: &out) }
    return try decodeZstd(input, into: &out)
  }

  private mutating func decodeGzip(
    _ input: RawSpan, into out: inout OutputRawSpan
  ) throws(ArchiveError.Reason) -> Step {
    do throws(CompressionError) {
      let consumed = try gzip?.decode(input, into: &out) ?? 0
      return Step(consumed: consumed, isWhole: gzip?.isWhole ?? true)
    } catch { throw .gzip(error) }
  }

  private mutating func decodeXZ(
    _ input: RawSpan, isLast: Bool, into out: inout OutputRawSpan
  ) throws(ArchiveError.Reason) -> Step {
    do throws(XZError) {
      if isLast, input.byteCount == 0 {
        let status = try xz?.finish(into: &out)
        return Step(consumed: 0, isWhole: status == .streamEnd)
      }
      let consumed = try xz?.decode(input, into: &out).consumed ?? 0
      return Step(consumed: consumed, isWhole: false)
    } catch {
      if case .truncated = error { throw .truncated }
      throw .xz(error)
    }
  }

  private mutating func decodeZstd(
    _ input: RawSpan, into out: inout OutputRawSpan
  ) throws(ArchiveError.Reason) -> Step {
    // Asked again behind a frame's end, the decoder would wait for another.
    if isWhole, input.byteCount == 0 { return Step(consumed: 0, isWhole: true) }
    do throws(ZstdError) {
      guard let step = try zstd?.decode(input, into: &out) else {
        return Step(consumed: 0, isWhole: true)
      }
      isWhole = step.isEnd
      return Step(consumed: step.consumed, isWhole: isWhole)
    } catch { throw .zstd(error) }
  }
}
