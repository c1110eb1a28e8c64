public import Crypto

extension Manifest {
  /// The compressed delta stream behind the head: xz Streams, each of one section or several.
  public struct Payload: Hashable, Sendable {
    /// The smallest piece, in bytes.
    public static let minimumPieceSize: UInt32 = 1 << 20
    /// The largest piece, in bytes; a reader keeps one in memory.
    public static let maximumPieceSize: UInt32 = 64 << 20
    /// The most pieces that a new payload is cut into: their digests take half a head.
    public static let maximumPieceCount = 16_384
    /// The most sections.
    public static let maximumCutCount = 1024

    /// Its length in the file, in bytes.
    public var length: UInt64
    /// The length of the delta stream in it, behind the head's commands, in bytes.
    public var deltaLength: UInt64
    /// The length of each piece but the last, in bytes: a power of two.
    public var pieceSize: UInt32
    /// The largest dictionary that its xz Streams use, in bytes.
    public var dictionarySize: UInt32
    /// Its sections, in order.
    public var cuts: [Cut]
    /// The digests of its pieces, in order.
    public var pieces: [SHA256Digest]

    /// A payload.
    public init(
      length: UInt64, deltaLength: UInt64, pieceSize: UInt32, dictionarySize: UInt32, cuts: [Cut],
      pieces: [SHA256Digest]
    ) {
      self.length = length
      self.deltaLength = deltaLength
      self.pieceSize = pieceSize
      self.dictionarySize = dictionarySize
      self.cuts = cuts
      self.pieces = pieces
    }

    /// The smallest size of pieces with which the digests of a payload fit into a head.
    ///
    /// - Throws: ``UpdateFileError/invalidValue(_:value:)`` for a payload beyond 1 TiB.
    public static func pieceSize(forLength length: UInt64) throws(UpdateFileError) -> UInt32 {
      var size = minimumPieceSize
      while pieceCount(length: length, size: size) > maximumPieceCount {
        guard size < maximumPieceSize else { throw .invalidValue(.payloadLength, value: length) }
        size *= 2
      }
      return size
    }

    static func pieceCount(length: UInt64, size: UInt32) -> UInt64 {
      let (whole, rest) = length.quotientAndRemainder(dividingBy: UInt64(size))
      return whole + (rest > 0 ? 1 : 0)
    }
  }

  /// A section: a part of the payload, behind which an interrupted apply may continue.
  public struct Cut: Hashable, Sendable {
    /// How many bytes one takes in the list of cuts.
    static let encodedLength = 56
    /// The length of the shortest xz Stream, which holds nothing.
    static let minimumCompressedLength: UInt64 = 32

    /// The length of the xz Stream that ends with the section, in bytes; 0 if its Stream goes on in the
    /// next.
    public var compressedLength: UInt64
    /// The length of the section's part of the delta stream, in bytes.
    public var deltaLength: UInt64
    /// The length of the part of the plain stream that it stands for, in bytes.
    public var plainLength: UInt64
    /// The digest of that part of the plain stream.
    public var plainSHA256: SHA256Digest

    /// Whether its xz Stream ends with it.
    var endsStream: Bool { compressedLength > 0 }

    /// A section.
    public init(
      compressedLength: UInt64, deltaLength: UInt64, plainLength: UInt64, plainSHA256: SHA256Digest
    ) {
      self.compressedLength = compressedLength
      self.deltaLength = deltaLength
      self.plainLength = plainLength
      self.plainSHA256 = plainSHA256
    }
  }
}
