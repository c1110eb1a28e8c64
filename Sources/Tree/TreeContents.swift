internal import Bytes
public import Crypto

/// What the files of a ``TreeCatalog`` hold, by their SHA-256.
///
/// Memory: 32 bytes an inode.
public struct TreeContents: Sendable {
  /// The SHA-256 of a file, without memory of its own.
  public struct Identity: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// That of what is no regular file.
    static let none = Identity()

    private init() { words = (0, 0, 0, 0) }

    /// The identity that a digest stands for.
    public init(_ digest: SHA256Digest) {
      var cursor = ByteCursor(digest.rawSpan)
      let first = cursor.read(UInt64.self) ?? 0
      let second = cursor.read(UInt64.self) ?? 0
      let third = cursor.read(UInt64.self) ?? 0
      words = (first, second, third, cursor.read(UInt64.self) ?? 0)
    }

    /// The digest.
    public var digest: SHA256Digest {
      var bytes: [UInt8] = []
      for word in [words.0, words.1, words.2, words.3] { bytes.append(littleEndian: word) }
      // Of four words there are always 32 bytes.
      return SHA256Digest(copying: bytes.rawSpan) ?? SHA256.hash(bytes.rawSpan)
    }

    /// Whether both are of the same bytes.
    public static func == (one: Identity, other: Identity) -> Bool { one.words == other.words }

    /// Feeds the digest to a hasher: of a digest, a part is as good as all of it.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
  }

  private var identities: [Identity]

  /// Of a tree with so many inodes, of none of which anything is known yet.
  public init(inodeCount: Int) {
    identities = [Identity](repeating: .none, count: inodeCount)
  }

  /// The identity of a regular file's contents, by its inode.
  public subscript(inode: Int) -> Identity { identities[inode] }

  /// Notes what was read of some files.
  public mutating func add(_ part: TreeContentsPart) {
    for (inode, identity) in part.identities { identities[inode] = identity }
  }
}

/// What some files of a tree hold.
public struct TreeContentsPart: Sendable {
  var identities: [(inode: Int, identity: TreeContents.Identity)] = []
  /// How many bytes they have.
  public internal(set) var dataBytes: UInt64 = 0
}
