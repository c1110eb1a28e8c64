internal import Bytes
public import Linux

/// The directories that say how a device is to be updated, the one that wins first.
///
/// What the administrator wrote (`/etc`) hides what holds until the next boot (`/run`), which hides
/// what came with the system (`/usr/lib`), file name by file name: systemd's rules.
public struct ConfigurationDirectories: Hashable, Sendable {
  /// The directory that counts as `/`: empty for the system's own.
  public let root: String

  /// Below the root, the one that wins first.
  public static let layers = [
    "/etc/btrfs-update", "/run/btrfs-update", "/usr/lib/btrfs-update",
  ]
  /// A directory with more entries is refused.
  public static let maximumFiles = 256

  /// The running system's.
  public static let system = ConfigurationDirectories(root: "")

  /// Those below a directory.
  ///
  /// - Parameter root: an absolute path; empty for the system's own root.
  public init(root: String) {
    self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
  }

  /// A file that was found.
  public struct File: Hashable, Sendable {
    /// Its name in its directory.
    public var name: String
    /// Its path without symbolic links.
    public var path: String
    /// Its metadata.
    public var status: FileStatus
  }

  /// The file of a name in the first directory that has one; `nil` if none has, or it is masked.
  public func file(_ name: String) throws(ConfigurationError) -> File? {
    for layer in Self.layers {
      switch try trusted.resolve("\(layer)/\(name)") {
      case nil: continue
      case .masked: return nil
      case .file(let path, let status): return try regular(name, path, status)
      }
    }
    return nil
  }

  /// The files of a subdirectory of all the directories, by name: of one name only the first, and
  /// none that is masked. Hidden ones, and those that editors and package managers leave (`~`,
  /// `.dpkg-*`, `.rpmnew`, `.rpmsave`), are none.
  ///
  /// - Parameter suffix: what a name must end with to count.
  public func files(
    in subdirectory: String, suffix: String = ""
  ) throws(ConfigurationError) -> [File] {
    var found: [String: TrustedPath.Found] = [:]
    for layer in Self.layers {
      let directory = "\(layer)/\(subdirectory)"
      guard case .file(let path, let status) = try trusted.resolve(directory),
        status.type == .directory
      else { continue }
      for name in try names(in: path) where Self.counts(name, suffix) && found[name] == nil {
        found[name] = try trusted.resolve("\(directory)/\(name)")
      }
    }
    var files: [File] = []
    for name in found.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      guard case .file(let path, let status) = found[name] else { continue }
      files.append(try regular(name, path, status))
    }
    return files
  }

  private var trusted: TrustedPath { TrustedPath(root: root) }

  private func regular(
    _ name: String, _ path: String, _ status: FileStatus
  ) throws(ConfigurationError) -> File {
    guard status.type == .regular else { throw .notTrusted(.notRegular(path: path)) }
    return File(name: name, path: path, status: status)
  }

  private func names(in path: String) throws(ConfigurationError) -> [String] {
    let entries = try configured { () throws(SystemError) in
      try Descriptor.open(path, [.readOnly, .directory]).entries()
    }
    guard entries.count <= Self.maximumFiles else {
      throw .tooManyFiles(path: path, limit: Self.maximumFiles)
    }
    // A name that is not UTF-8 cannot be told to anybody.
    return entries.compactMap { String(validating: $0.name, as: UTF8.self) }
  }

  private static func counts(_ name: String, _ suffix: String) -> Bool {
    let leftovers = ["~", ".rpmnew", ".rpmsave", ".rpmorig"]
    return name.hasSuffix(suffix) && !name.hasPrefix(".") && !name.contains(".dpkg-")
      && !leftovers.contains { name.hasSuffix($0) }
  }
}

extension ConfigurationDirectories {
  /// The executables of a subdirectory, in the order of their names, masked ones left out.
  ///
  /// - Throws: also where one is there that nobody may execute: it is meant to do something.
  public func executables(
    in subdirectory: String
  ) throws(ConfigurationError) -> [File] {
    let files = try files(in: subdirectory)
    for file in files where file.status.permissions & 0o111 == 0 {
      throw .notTrusted(.notExecutable(path: file.path))
    }
    return files
  }
}
