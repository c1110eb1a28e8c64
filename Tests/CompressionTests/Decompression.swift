import Bytes
import Compression

/// What a fresh decoder makes of compressed bytes.
func decompress(
  _ data: [UInt8], _ kind: ExtentCompression, length: Int
) -> Result<[UInt8], CompressionError> {
  var decoder = ExtentDecoder()
  do throws(CompressionError) {
    let plain = try decoder.decompress(data.rawSpan, kind, length: length)
    return .success([UInt8](copying: plain))
  } catch { return .failure(error) }
}
