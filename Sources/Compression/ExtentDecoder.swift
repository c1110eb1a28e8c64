internal import Bytes

/// Decompresses extents as btrfs has them on disk.
///
/// Memory: an extent's length, and what the decoders take that were needed so far.
public struct ExtentDecoder: ~Copyable {
  private var zlib: ZlibDecoder?
  private var zstd: ZstdDecoder?
  private var output: [UInt8] = []

  /// A decoder of all compressions.
  public init() {}

  /// Decompresses an extent.
  ///
  /// What the data does not give is zeros: btrfs compresses up to a file's end, and not up to the
  /// extent's. What lies behind the compressed data is not looked at, as it is padding up to a
  /// sector.
  ///
  /// - Parameter length: how long the extent is, at most ``ExtentCompression/maximumLength``.
  /// - Returns: so many bytes, lent until the next extent.
  /// - Throws: ``CompressionError``.
  @_lifetime(&self)
  public mutating func decompress(
    _ data: RawSpan, _ compression: ExtentCompression, length: Int
  ) throws(CompressionError) -> RawSpan {
    guard length >= 0, length <= ExtentCompression.maximumLength else {
      throw .tooLong(limit: ExtentCompression.maximumLength)
    }
    if output.count < length { output = [UInt8](repeating: 0, count: length) }
    let count = try Self.fill(&output, &zlib, &zstd, data, compression, length)
    for at in count..<length { output[at] = 0 }
    return output.rawSpan.extracting(0..<length)
  }

  private static func fill(
    _ output: inout [UInt8], _ zlib: inout ZlibDecoder?, _ zstd: inout ZstdDecoder?,
    _ data: RawSpan, _ compression: ExtentCompression, _ length: Int
  ) throws(CompressionError) -> Int {
    if compression == .zlib, zlib == nil { zlib = try ZlibDecoder() }
    if compression == .zstd, zstd == nil { zstd = try ZstdDecoder() }
    var span = output.mutableSpan
    var bytes = unsafe span.mutableBytes
    switch compression {
    case .zlib: return try zlib?.decompress(data, into: &bytes, upTo: length) ?? 0
    case .zstd: return try zstd?.decompress(data, into: &bytes, upTo: length) ?? 0
    default:
      return try LZOExtent.decompress(
        data, sector: compression.sectorLength ?? 4096, into: &bytes, upTo: length)
    }
  }
}
