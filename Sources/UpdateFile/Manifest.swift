public import Bytes
public import Crypto

/// What an update is, which tree it starts from, what comes out, and what it takes.
///
/// A manifest has exactly one encoding: ``encoded()`` gives it, ``init(parsing:)`` takes no other.
public struct Manifest: Hashable, Sendable {
  /// The revision of the format that this library reads and writes.
  public static let formatRevision: UInt32 = 1
  /// The features that this library has, of those that an update may require: 1, patches that
  /// predict the fields of executables with version 1 of their parser; 2, patches that copy from
  /// files of the new tree; 3, patches of opened files.
  public static let supportedFeatures: Set<UInt16> = [1, 2, recompressionFeature]
  /// The longest product or builder, in bytes.
  public static let maximumTextLength = 255

  /// Numbers of features that whoever applies the update must have, ascending.
  public var requiredFeatures: [UInt16]
  /// The smallest version of the programs that can apply the update.
  public var minimumToolVersion: ToolVersion
  /// The version of the plain stream that the update stands for: 1 or 2.
  public var baseVersion: UInt32
  /// The kind of device that the update is for: 1 to 255 bytes without control characters.
  public var product: String?
  /// The tree that the update starts from; `nil` for a full update.
  public var parent: Parent?
  /// *N* of the `sys_root_vN` that comes out.
  public var toVersion: UInt64
  /// When the update was built, in seconds since 1970.
  public var buildDate: Int64
  /// The program and libraries that built it, with versions: 1 to 255 bytes.
  public var builder: String
  /// The tree that comes out.
  public var target: Target
  /// The plain stream that the update stands for.
  public var plain: PlainStream
  /// What applying the update takes.
  public var needs: Needs
  /// What opening compressed files takes; `nil` if none is opened.
  public var recompression: Recompression?
  /// Which keys the update brings and revokes.
  public var keyChanges: KeyChanges
  /// The compressed delta stream that follows the head.
  public var payload: Payload

  /// A manifest; whether it is consistent shows when it is encoded.
  public init(
    requiredFeatures: [UInt16] = [], minimumToolVersion: ToolVersion, baseVersion: UInt32,
    product: String?, parent: Parent?, toVersion: UInt64, buildDate: Int64, builder: String,
    target: Target, plain: PlainStream, needs: Needs, recompression: Recompression? = nil,
    keyChanges: KeyChanges = KeyChanges(), payload: Payload
  ) {
    self.requiredFeatures = requiredFeatures
    self.minimumToolVersion = minimumToolVersion
    self.baseVersion = baseVersion
    self.product = product
    self.parent = parent
    self.toVersion = toVersion
    self.buildDate = buildDate
    self.builder = builder
    self.target = target
    self.plain = plain
    self.needs = needs
    self.recompression = recompression
    self.keyChanges = keyChanges
    self.payload = payload
  }
}

extension Manifest {
  /// The tree that an update starts from.
  public struct Parent: Hashable, Sendable {
    /// *N* of its `sys_root_vN`.
    public var version: UInt64
    /// Its UUID as the stream names it: the received one if it has one.
    public var uuid: SubvolumeUUID
    /// Its own UUID on the build server; none if it is no subvolume there.
    public var ownUUID: SubvolumeUUID
    /// The transaction of its last change, as the stream names it.
    public var ctransid: UInt64
    /// The digest of its contents.
    public var contentDigest: SHA256Digest
    /// The digest of its contents and times.
    public var fullDigest: SHA256Digest

    /// A parent.
    public init(
      version: UInt64, uuid: SubvolumeUUID, ownUUID: SubvolumeUUID, ctransid: UInt64,
      contentDigest: SHA256Digest, fullDigest: SHA256Digest
    ) {
      self.version = version
      self.uuid = uuid
      self.ownUUID = ownUUID
      self.ctransid = ctransid
      self.contentDigest = contentDigest
      self.fullDigest = fullDigest
    }
  }

  /// The tree that comes out.
  public struct Target: Hashable, Sendable {
    /// The UUID that the stream gives it.
    public var uuid: SubvolumeUUID
    /// The ctransid that the stream gives it.
    public var ctransid: UInt64
    /// The digest of its contents.
    public var contentDigest: SHA256Digest
    /// The digest of its contents and times.
    public var fullDigest: SHA256Digest
    /// The sum of the sizes of its files, in bytes.
    public var dataSize: UInt64
    /// How many entries it has.
    public var entryCount: UInt64

    /// A target.
    public init(
      uuid: SubvolumeUUID, ctransid: UInt64, contentDigest: SHA256Digest, fullDigest: SHA256Digest,
      dataSize: UInt64, entryCount: UInt64
    ) {
      self.uuid = uuid
      self.ctransid = ctransid
      self.contentDigest = contentDigest
      self.fullDigest = fullDigest
      self.dataSize = dataSize
      self.entryCount = entryCount
    }
  }

  /// The plain stream that an update stands for.
  public struct PlainStream: Hashable, Sendable {
    /// Its length in bytes.
    public var length: UInt64
    /// The digest of all of it.
    public var sha256: SHA256Digest

    /// A plain stream.
    public init(length: UInt64, sha256: SHA256Digest) {
      self.length = length
      self.sha256 = sha256
    }
  }

  /// What applying an update takes, in bytes.
  public struct Needs: Hashable, Sendable {
    /// Memory.
    public var memory: UInt64
    /// Room for data on the disk.
    public var diskData: UInt64
    /// Room for metadata on the disk.
    public var diskMetadata: UInt64

    /// Needs.
    public init(memory: UInt64, diskData: UInt64, diskMetadata: UInt64) {
      self.memory = memory
      self.diskData = diskData
      self.diskMetadata = diskMetadata
    }
  }
}
