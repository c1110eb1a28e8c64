internal import Bytes

/// What may begin a region.
struct Signature: Hashable {
  /// What kind of head there is.
  enum Format: Hashable, Sendable {
    case gzip
    case zip
    case xz
    case zstd
    case bitcode
    case messages
  }

  var format: Format
  /// Where the signature is.
  var offset: UInt64
}

/// Looks for signatures, from some offset on, a chunk at a time.
struct SignatureScanner {
  private static let step = 256 << 10
  /// How many bytes are looked at to tell a signature.
  private static let length = 6

  private let source: any RandomAccessBytes
  private var chunk: [UInt8] = []
  private var chunkStart: UInt64 = 0
  private var position = 0

  init(_ source: any RandomAccessBytes) { self.source = source }

  /// Where the search goes on.
  var offset: UInt64 { chunkStart &+ UInt64(position) }

  /// Goes on from another offset.
  mutating func skip(to offset: UInt64) {
    if offset >= chunkStart, offset &- chunkStart <= UInt64(chunk.count) {
      position = Int(offset &- chunkStart)
    } else {
      (chunk, chunkStart, position) = ([], offset, 0)
    }
  }

  /// The next signature; the search goes on one byte behind its start.
  ///
  /// - Throws: ``RecompressError/readFailed(offset:)``.
  mutating func next() throws(RecompressError) -> Signature? {
    while true {
      if let (format, at) = Self.find(chunk.rawSpan, from: position) {
        position = at &+ 1
        return Signature(format: format, offset: chunkStart &+ UInt64(at))
      }
      // The last bytes are looked at again, with those behind them.
      chunkStart &+= UInt64(max(chunk.count &- Self.length &+ 1, position))
      position = 0
      chunk = try source.bytes(at: chunkStart, count: Self.step)
      guard chunk.count >= Self.length else { return nil }
    }
  }

  private static func find(_ bytes: RawSpan, from start: Int) -> (Signature.Format, Int)? {
    var at = start
    let end = bytes.byteCount &- length
    while at <= end {
      let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      if byte == 0x1f || byte == 0x50 || byte == 0xfd || byte == 0x28 || byte == 0x42
        || byte == 0xde,
        let format = format(bytes, at)
      {
        return (format, at)
      }
      at &+= 1
    }
    return nil
  }

  private static func format(_ bytes: RawSpan, _ at: Int) -> Signature.Format? {
    switch (bytes[at], bytes[at &+ 1], bytes[at &+ 2], bytes[at &+ 3]) {
    case (0x1f, 0x8b, 8, ..<0x20): .gzip
    case (0x50, 0x4b, 3, 4): .zip
    case (0xfd, 0x37, 0x7a, 0x58) where bytes[at &+ 4] == 0x5a && bytes[at &+ 5] == 0: .xz
    case (0x28, 0xb5, 0x2f, 0xfd): .zstd
    case (0x42, 0x43, 0xc0, 0xde): .bitcode
    case (0xde, 0x12, 0x04, 0x95) where bytes[at &+ 4] == 0 && bytes[at &+ 5] == 0: .messages
    default: nil
    }
  }
}

extension Signature {
  /// The most bytes of a gzip header's optional fields.
  private static let longestField = 64 << 10

  /// Where the deflate data behind a gzip or zip header starts, and which level it hints at; `nil`
  /// if there is none.
  ///
  /// - Throws: ``RecompressError/readFailed(offset:)``.
  func deflateStart(
    _ source: any RandomAccessBytes
  ) throws(RecompressError) -> (offset: UInt64, hint: UInt8?)? {
    switch format {
    case .gzip: try gzipStart(source)
    case .zip: try zipStart(source)
    case .xz, .zstd, .bitcode, .messages: nil
    }
  }

  /// RFC 1952, section 2.3.
  private func gzipStart(
    _ source: any RandomAccessBytes
  ) throws(RecompressError) -> (offset: UInt64, hint: UInt8?)? {
    var bytes = try source.bytes(at: offset, count: 512)
    guard bytes.count >= 18 else { return nil }
    let flags = bytes[3]
    if flags & 0x1c != 0 { bytes = try source.bytes(at: offset, count: Self.longestField) }
    var at = 10
    if flags & 4 != 0 {
      guard bytes.count > 12 else { return nil }
      at = 12 + Int(bytes[10]) + Int(bytes[11]) << 8
    }
    // A name and a comment, each ending in a zero.
    for flag in [8, 16] as [UInt8] where flags & flag != 0 {
      guard at < bytes.count, let end = bytes[at...].firstIndex(of: 0) else { return nil }
      at = end + 1
    }
    if flags & 2 != 0 { at += 2 }
    guard at < bytes.count else { return nil }
    let hint: UInt8? =
      switch bytes[8] {
      case 2: 9
      case 4: 1
      default: nil
      }
    return (offset &+ UInt64(at), hint)
  }

  /// A local file header of method 8.
  private func zipStart(
    _ source: any RandomAccessBytes
  ) throws(RecompressError) -> (offset: UInt64, hint: UInt8?)? {
    let bytes = try source.bytes(at: offset, count: 30)
    guard bytes.count == 30, bytes[8] == 8, bytes[9] == 0 else { return nil }
    let name = UInt64(bytes[26]) | UInt64(bytes[27]) << 8
    let extra = UInt64(bytes[28]) | UInt64(bytes[29]) << 8
    return (offset &+ 30 &+ name &+ extra, nil)
  }
}
