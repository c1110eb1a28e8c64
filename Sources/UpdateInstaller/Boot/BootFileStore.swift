internal import Btrfs
internal import Bytes
internal import Crypto
internal import Linux

/// The systems' kernels and initrds on a boot partition, each content once, whichever systems have it.
///
///     TOKEN/SHA256.linux     a kernel, named after its content
///     TOKEN/SHA256.initrd    an initrd
///     TOKEN/UUID.SUFFIX      what a system boots, in the loader's language
///     TOKEN/….new            one of these while it is being written
///
/// A file appears under its name when it is whole and on disk, and is never written again; so a power
/// cut leaves files more at most, which the next cleaning removes.
struct BootFileStore: ~Copyable {
  /// The boot partition's top.
  let partition: Descriptor
  /// The directory of the systems' files.
  let directory: Descriptor
  let files: BootFiles
  /// The suffix of the systems' descriptions.
  let suffix: String

  static let temporarySuffix = ".new"
  /// A description is not longer than this, in bytes.
  static let descriptionLimit = 64 << 10

  /// Opens it.
  ///
  /// - Throws: ``BootError/unusable(path:_:)`` if the boot partition is not mounted, or not set up.
  init(_ files: BootFiles, suffix: String) throws(BootError) {
    let partition = try Self.partition(files.directory)
    let directory = try Self.directory(files.token, on: partition)
    self.init(partition, directory, files, suffix)
  }

  private init(
    _ partition: consuming Descriptor, _ directory: consuming Descriptor, _ files: BootFiles,
    _ suffix: String
  ) {
    self.partition = partition
    self.directory = directory
    (self.files, self.suffix) = (files, suffix)
  }

  private static func partition(_ path: String) throws(BootError) -> Descriptor {
    let partition = try attemptBoot { () throws(SystemError) in
      try Descriptor.open(path, [.readOnly, .directory])
    }
    guard try !FileSystem.isOnBtrfs(partition) else {
      throw .unusable(path: path, "it is on btrfs; the boot partition has to be mounted there")
    }
    return partition
  }

  private static func directory(
    _ token: String, on partition: borrowing Descriptor
  ) throws(BootError) -> Descriptor {
    do throws(SystemError) {
      return try partition.open(beneath: token, [.readOnly, .directory, .noFollow])
    } catch {
      guard error.errno == .noSuchFile else { throw .system(error) }
      throw .unusable(
        path: partition.path, "there is no \"\(token)\" in it; is the boot partition mounted?")
    }
  }

  /// The name of a system's description.
  func descriptionName(_ uuid: SubvolumeUUID) -> String { "\(uuid).\(suffix)" }

  /// A system's description; `nil` if there is none.
  func description(_ uuid: SubvolumeUUID) throws(BootError) -> String? {
    try directory.bootContents(descriptionName(uuid), limit: Self.descriptionLimit)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// Writes a file of the directory as a whole, and waits until it is on disk.
  func write(_ name: String, _ text: String) throws(BootError) {
    let temporary = name + Self.temporarySuffix
    try noticingFull(needed: UInt64(text.utf8.count)) { () throws(SystemError) in
      let file = try directory.open(
        beneath: temporary, [.writeOnly, .create, .truncate, .noFollow])
      let bytes = Array(text.utf8)
      try file.write(bytes.rawSpan)
      try file.sync()
      try directory.rename(temporary, to: name)
      try directory.sync()
    }
  }

  /// Makes system calls that write; a full partition is told apart.
  func noticingFull(
    needed: UInt64, _ body: () throws(SystemError) -> Void
  ) throws(BootError) {
    do throws(SystemError) { try body() } catch {
      guard error.errno == .noSpace || error.errno == .quotaExceeded else {
        throw .system(error)
      }
      throw .full(path: files.directory, needed: needed, available: try available())
    }
  }

  /// Free space, in bytes.
  func available() throws(BootError) -> UInt64 {
    try attemptBoot { () throws(SystemError) in
      try directory.fileSystemStatus().availableBytes
    }
  }
}

extension FileSystem {
  static func isOnBtrfs(_ descriptor: borrowing Descriptor) throws(BootError) -> Bool {
    try attemptBoot { () throws(SystemError) in try isBtrfs(descriptor) }
  }
}
