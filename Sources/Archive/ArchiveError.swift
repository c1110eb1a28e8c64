internal import Bytes
public import Compression
public import Linux
public import XZ
public import Zstd

/// Why a tar archive is no tree: what is wrong, with which member, and where.
public struct ArchiveError: Error {
  /// What is wrong.
  public var reason: Reason
  /// The name of the member that it is about, as the archive has it; `nil` where there is none yet.
  public var member: [UInt8]?
  /// Where the member's header, or what else is wrong, begins in the decompressed archive, in bytes.
  public var offset: UInt64

  /// An error.
  public init(_ reason: Reason, member: [UInt8]? = nil, offset: UInt64) {
    self.reason = reason
    self.member = member
    self.offset = offset
  }

  /// What can be wrong.
  public enum Reason: Error {
    /// It does not begin with a tar header, nor with one that gzip, xz or zstd has compressed.
    case notAnArchive
    /// It ends before its end is marked.
    case truncated
    /// There is more behind the end that is marked.
    case dataAfterEnd
    /// The gzip file is wrong.
    case gzip(CompressionError)
    /// The xz file is wrong, or needs more memory than ``ArchiveLimits/decoderMemory``.
    case xz(XZError)
    /// The zstd file is wrong, or its window is larger than ``ArchiveLimits/windowLog``.
    case zstd(ZstdError)
    /// A header's checksum is wrong.
    case checksum
    /// A field of a header is no number, or one that cannot be.
    case number(TarField)
    /// An extended header is not made of `length key=value` records: noticed at that byte of it.
    case extendedHeader(at: Int)
    /// The value of a key of an extended header is not what the key needs.
    case extendedValue(key: [UInt8])
    /// An extended header, or a long name, is longer than the limit, both in bytes.
    case headerTooLong(length: UInt64, limit: UInt64)
    /// An extended header has no member behind it.
    case lonelyHeader
    /// A kind of member that trees do not have: its type flag.
    case unsupportedType(UInt8)
    /// A hard link that comes with data of its own.
    case linkWithData
    /// The map of a sparse file has parts out of order, beyond the file, or of other length than its
    /// data.
    case sparseMap
    /// The name is empty.
    case emptyName
    /// The name begins with a slash.
    case absoluteName
    /// The name has a component `..`.
    case dotDot
    /// The name, or a link's target, has a NUL.
    case nulInName
    /// The name, one of its components, or a symbolic link's target is longer than the kernel takes.
    case nameTooLong
    /// The member is below this, which is no directory: it may be a symbolic link.
    case notADirectory([UInt8])
    /// The member would replace a directory that is not empty, or the root.
    case replacesDirectory
    /// The hard link is to this name, which no member before it has.
    case missingLinkTarget([UInt8])
    /// The hard link is to this directory.
    case linkToDirectory([UInt8])
    /// A symbolic link without a target.
    case emptyTarget
    /// An extended attribute of this name cannot be: no name space of Linux, or too long.
    case attributeName([UInt8])
    /// The value of this extended attribute is longer than the kernel takes.
    case attributeTooLong([UInt8])
    /// An access control list is not one.
    case accessControlList
    /// An access control list has this user or group only by name: whose number it is, depends on
    /// the machine.
    case accessControlName([UInt8])
    /// More members than the limit.
    case tooManyMembers(limit: Int)
    /// Names, targets of links and extended attributes take more than the limit together, in bytes.
    case tooMuchMetadata(limit: Int)
    /// A system call failed.
    case system(SystemError)
  }
}

/// A field of a tar header that holds a number.
public enum TarField: String, Sendable {
  case mode, user, group, size, modificationTime, checksum, deviceMajor, deviceMinor
}

/// What an archive may make its reader allocate.
public enum ArchiveLimits {
  /// The most names, and the most inodes, those that were replaced included.
  public static let members = 1 << 24
  /// What the names, the targets of links and the extended attributes of all may take, in bytes: a short
  /// header can say two thousand directories, each below the one before it.
  public static let metadata = 1 << 30
  /// The longest extended header, in bytes.
  public static let extendedHeader: UInt64 = 16 << 20
  /// What all global extended headers may say together, in bytes.
  public static let globalHeaders: UInt64 = 64 << 10
  /// The most parts of a sparse file.
  public static let sparseParts = 1 << 20
  /// What decompressing xz may take, in bytes: `xz -9` takes 65 MiB.
  public static let decoderMemory: UInt64 = 512 << 20
  /// The largest window of zstd as a power of two: what its own program takes unasked.
  public static let windowLog: Int32 = 27
  /// The longest name of an extended attribute, in bytes: `XATTR_NAME_MAX`.
  public static let attributeName = 255
  /// The longest value of an extended attribute, in bytes: `XATTR_SIZE_MAX`.
  public static let attributeValue = 64 << 10
}

extension ArchiveError: CustomStringConvertible {
  /// What is wrong, with which member, and where: one line.
  public var description: String {
    if case .system(let error) = reason, member == nil { return error.description }
    if case .notAnArchive = reason { return reason.description }
    let place = "at byte \(offset) of the archive"
    guard let member else { return "\(reason), \(place)" }
    return "member \(QuotedText.quoted(member)): \(reason), \(place)"
  }
}

extension ArchiveError.Reason {
  /// Whether decompressing needs more memory than there is, or than it may take.
  public var isLackOfMemory: Bool {
    switch self {
    case .gzip(.outOfMemory), .xz(.outOfMemory), .xz(.memoryLimitReached): true
    // ZSTD_error_frameParameter_windowTooLarge, ZSTD_error_memory_allocation
    case .zstd(let error): error.code == 16 || error.code == 64
    default: false
    }
  }
}

extension ArchiveError.Reason: CustomStringConvertible {
  /// What is wrong.
  public var description: String {
    switch self {
    case .notAnArchive: "not a tar archive, plain or compressed by gzip, xz or zstd"
    case .truncated: "the archive ends too early"
    case .dataAfterEnd: "there is more behind the archive's end"
    case .gzip(let error): error.description
    case .xz(let error): error.description
    case .zstd(let error): "zstd: \(error)"
    case .checksum: "the header is damaged"
    case .number(let field): "the header's \(field.rawValue) is wrong"
    case .extendedHeader(let at): "the extended header is damaged at its byte \(at)"
    case .extendedValue(let key): "the extended header's \(QuotedText.quoted(key)) is wrong"
    case .headerTooLong(let length, let limit):
      "an extended header of \(length) bytes is longer than the limit of \(limit)"
    case .lonelyHeader: "an extended header has no member behind it"
    case .unsupportedType(let flag):
      "its type \(QuotedText.quoted([flag])) is of no file that a tree has"
    case .linkWithData: "a hard link has data of its own"
    case .sparseMap: "the map of a sparse file is wrong"
    case .emptyName: "a name is empty"
    case .absoluteName: "the name is absolute"
    case .dotDot: "the name leads out of the tree"
    case .nulInName: "a name has a NUL"
    case .nameTooLong: "a name is too long"
    case .notADirectory(let path): "\(QuotedText.quoted(path)) is not a directory in the archive"
    case .replacesDirectory: "it would replace a directory that is not empty"
    case .missingLinkTarget(let path):
      "a hard link to \(QuotedText.quoted(path)), which the archive does not have before it"
    case .linkToDirectory(let path): "a hard link to the directory \(QuotedText.quoted(path))"
    case .emptyTarget: "a symbolic link without a target"
    case .attributeName(let name):
      "the extended attribute \(QuotedText.quoted(name)) cannot be on Linux"
    case .attributeTooLong(let name):
      "the value of the extended attribute \(QuotedText.quoted(name)) is too long"
    case .accessControlList: "the access control list is wrong"
    case .accessControlName(let name):
      "the access control list names \(QuotedText.quoted(name)), whose number is not known here: "
        + "archive with --xattrs --xattrs-include='*'"
    case .tooManyMembers(let limit): "the archive has more than \(limit) members"
    case .tooMuchMetadata(let limit):
      "the archive's names and attributes take more than \(limit) bytes"
    case .system(let error): error.description
    }
  }
}
