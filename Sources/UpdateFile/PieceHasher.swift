internal import Bytes
public import Crypto

/// Computes the digests of the pieces of a payload.
public struct PieceHasher: ~Copyable {
  private let pieceSize: Int
  private var hasher = SHA256()
  private var filled = 0
  private var digests: [SHA256Digest] = []

  /// A hasher of nothing yet.
  ///
  /// - Parameter pieceSize: The length of each piece but the last, in bytes: at least one.
  /// - Throws: ``UpdateFileError/invalidValue(_:value:)``.
  public init(pieceSize: UInt32) throws(UpdateFileError) {
    guard pieceSize > 0 else { throw .invalidValue(.pieceSize, value: 0) }
    self.pieceSize = Int(pieceSize)
  }

  /// Takes the next bytes of the payload.
  public mutating func append(_ bytes: RawSpan) {
    var at = 0
    while at < bytes.byteCount {
      let count = min(pieceSize - filled, bytes.byteCount - at)
      hasher.update(bytes.extracting(at..<(at + count)))
      at += count
      filled += count
      if filled == pieceSize { endPiece() }
    }
  }

  /// The digests of all pieces; then the hasher starts anew.
  public mutating func finish() -> [SHA256Digest] {
    if filled > 0 { endPiece() }
    defer { digests = [] }
    return digests
  }

  private mutating func endPiece() {
    digests.append(hasher.finalize())
    filled = 0
  }
}
