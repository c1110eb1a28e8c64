internal import Bytes
internal import Linux

/// Files that are believed because only root can have written them, as the configuration is: trusted
/// keys, and what the device is.
///
/// Each file, directory and symbolic link on the way must belong to root, and be writable by root
/// alone. Then nobody else changes afterwards what was found.
public struct TrustedFiles: Hashable, Sendable {
  private let trusted: TrustedPath
  /// A directory with more entries is refused.
  public static let maximumCount = 10_000

  /// Files below a directory that counts as `/`.
  public init(_ directories: ConfigurationDirectories = .system) {
    trusted = TrustedPath(root: directories.root)
  }

  /// Where the file of an absolute path is, without symbolic links.
  ///
  /// - Returns: `nil` if there is nothing, or a link to `/dev/null`.
  public func file(_ path: String) throws(ConfigurationError) -> String? {
    guard case .file(let found, let status) = try trusted.resolve(path) else { return nil }
    guard status.type == .regular else { throw .notTrusted(.notRegular(path: found)) }
    return found
  }

  /// Where the files of a directory are whose names end so, by name; those masked by a link to
  /// `/dev/null` are none.
  ///
  /// - Returns: `nil` if there is no such directory.
  public func files(
    in directory: String, suffix: String
  ) throws(ConfigurationError) -> [String]? {
    guard case .file(let path, let status) = try trusted.resolve(directory),
      status.type == .directory
    else { return nil }
    let entries = try configured { () throws(SystemError) in
      try Descriptor.open(path, [.readOnly, .directory]).entries()
    }
    guard entries.count <= Self.maximumCount else {
      throw .tooManyFiles(path: path, limit: Self.maximumCount)
    }
    let names = entries.map { String(decoding: $0.name, as: UTF8.self) }
      .filter { $0.hasSuffix(suffix) && $0.utf8.count > suffix.utf8.count }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var files: [String] = []
    for name in names {
      let path = "\(directory)/\(name)"
      switch try trusted.resolve(path) {
      case .masked: continue
      case .file(let found, let status):
        guard status.type == .regular else { throw .notTrusted(.notRegular(path: found)) }
        files.append(found)
      // A link that leads nowhere, or a name that is no text: somebody meant something by it.
      case nil: throw .system(SystemError(operation: "open", path: path, errno: .noSuchFile))
      }
    }
    return files
  }
}
