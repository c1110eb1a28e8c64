import Bytes
import CZlib
import CZstd
import Compression
import TestSupport
import Testing

@Suite("Decompressing zlib and zstd extents")
struct ExtentDecoderTests {
  static let kinds: [ExtentCompression] = [.zlib, .zstd]
  static let text = Array("How btrfs compresses an extent. ".utf8)

  static func compress(_ plain: [UInt8], _ kind: ExtentCompression) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: plain.count + 1000)
    if kind == .zstd {
      let count = unsafe ZSTD_compress(&bytes, bytes.count, plain, plain.count, 3)
      try #require(ZSTD_isError(count) == 0)
      return Array(bytes.prefix(count))
    }
    var count = uLongf(bytes.count)
    let code = unsafe compress2(&bytes, &count, plain, uLong(plain.count), 3)
    try #require(code == Z_OK)
    return Array(bytes.prefix(Int(count)))
  }

  @Test("What was compressed comes back, with padding behind it, one after the other")
  func roundTrip() throws {
    var decoder = ExtentDecoder()
    for round in 0..<30 {
      let plain = Array((0..<round * 137).flatMap { _ in Self.text }.prefix(131_072))
      let kind = Self.kinds[round % 2]
      let data = try Self.compress(plain, kind) + [UInt8](repeating: 0, count: round * 100)
      let length = min(plain.count + round, 131_072)
      let found = [UInt8](
        copying: try decoder.decompress(data.rawSpan, kind, length: length))
      // What the data does not give is zeros, whatever the last extent was.
      let zeros = [UInt8](repeating: 0, count: length - plain.count)
      #expect(firstDifference(found, plain + zeros) == nil)
    }
  }

  @Test("More than the extent's length is an error", arguments: kinds)
  func tooLong(_ kind: ExtentCompression) throws {
    let data = try Self.compress(Array(repeating: 1, count: 5000), kind)
    for length in [0, 1, 4096, 4999] {
      #expect(decompress(data, kind, length: length) == .failure(.tooLong(limit: length)))
    }
    let limit = ExtentCompression.maximumLength
    for length in [limit + 1, Int.max, -1] {
      #expect(decompress(data, kind, length: length) == .failure(.tooLong(limit: limit)))
    }
  }

  @Test("Cut at every byte it is an error", arguments: kinds)
  func cut(_ kind: ExtentCompression) throws {
    let data = try Self.compress(Self.text + Self.text, kind)
    for count in 0..<data.count {
      #expect(throws: CompressionError.self) {
        try decompress(Array(data.prefix(count)), kind, length: 4096).get()
      }
    }
  }

  @Test("With any bit flipped it is an error or gives as much", arguments: kinds)
  func flipped(_ kind: ExtentCompression) throws {
    let data = try Self.compress(Self.text + Self.text, kind)
    var refused = 0
    for bit in 0..<data.count * 8 {
      var bytes = data
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      switch decompress(bytes, kind, length: 4096) {
      case .success(let plain): #expect(plain.count == 4096)
      case .failure: refused += 1
      }
    }
    #expect(refused > data.count)
  }

  @Test("After an error the next extent is decompressed all the same", arguments: kinds)
  func afterError(_ kind: ExtentCompression) throws {
    var decoder = ExtentDecoder()
    let data = try Self.compress(Self.text, kind)
    let damaged = Array(data.prefix(5))
    #expect(throws: CompressionError.self) {
      _ = try decoder.decompress(damaged.rawSpan, kind, length: 4096).byteCount
    }
    let found = [UInt8](copying: try decoder.decompress(data.rawSpan, kind, length: 32))
    #expect(found == Self.text)
  }

  @Test("Errors say in words what is wrong")
  func descriptions() {
    #expect(
      [CompressionError.damaged(offset: 7), .truncated(length: 9), .tooLong(limit: 5)].map {
        "\($0)"
      } == [
        "the compressed data is damaged (at byte 7)",
        "the compressed data ends too early, after 9 bytes",
        "the data decompresses to more than 5 bytes",
      ])
  }
}
