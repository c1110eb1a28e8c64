import Bytes
import XZ

/// Compresses `bytes`, given in pieces of `step`.
func encoded(_ bytes: [UInt8], _ options: XZEncoder.Options, step: Int = .max) throws -> [UInt8] {
  var encoder = try XZEncoder(options)
  var out: [UInt8] = []
  var at = 0
  while at < bytes.count {
    let end = at + min(step, bytes.count - at)
    try encoder.encode(bytes.rawSpan.extracting(at..<end), into: &out)
    at = end
  }
  try encoder.finish(into: &out)
  return out
}

/// What a decoder made of an input.
struct Decoded: Equatable {
  var bytes: [UInt8] = []
  var consumed = 0
  var sawEnd = false
}

/// Decompresses `input`, given in pieces of `step`, into room for `room` bytes at a time.
func decoded(
  _ input: [UInt8], memoryLimit: UInt64 = 64 << 20, concatenated: Bool = false, step: Int = .max,
  room: Int = 1 << 16
) throws(XZError) -> Decoded {
  var decoder = try XZDecoder(memoryLimit: memoryLimit, concatenated: concatenated)
  var result = Decoded()
  var buffer = [UInt8](repeating: 0, count: room)
  while true {
    let end = result.consumed + min(step, input.count - result.consumed)
    let piece = input.rawSpan.extracting(result.consumed..<end)
    let isLast = result.consumed == input.count
    var outcome: Result<(Int, XZDecoder.Status), XZError> = .failure(.notXZ)
    var produced = 0
    unsafe buffer.withUnsafeMutableBytes { buffer in
      var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      do throws(XZError) {
        if isLast {
          outcome = .success((0, try decoder.finish(into: &output)))
        } else {
          outcome = .success(try decoder.decode(piece, into: &output))
        }
      } catch {
        outcome = .failure(error)
      }
      produced = unsafe output.finalize(for: buffer)
    }
    result.bytes += buffer[..<produced]
    let (consumed, status) = try outcome.get()
    result.consumed += consumed
    if status == .streamEnd {
      result.sawEnd = true
      return result
    }
  }
}
