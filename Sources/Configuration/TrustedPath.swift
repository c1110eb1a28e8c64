internal import Bytes
internal import Linux

/// Why a file is not one that the device goes by.
public enum TrustFlaw: Hashable, Sendable {
  /// It, or a directory or link on the way to it, belongs to another user than root.
  case owner(path: String, user: UInt32)
  /// Others than its owner may write to it, or to a directory on the way to it.
  case writable(path: String, permissions: UInt32)
  /// It is no regular file.
  case notRegular(path: String)
  /// Nobody may execute it.
  case notExecutable(path: String)
  /// Too many symbolic links on the way, or links in a circle.
  case tooManyLinks(path: String)
}

extension TrustFlaw: CustomStringConvertible {
  /// What is wrong, for people.
  public var description: String {
    switch self {
    case .owner(let path, let user):
      "\(QuotedText.quoted(path)) belongs to user \(user), not to root"
    case .writable(let path, let permissions):
      "others than root may write to \(QuotedText.quoted(path)) (mode \(String(permissions, radix: 8)))"
    case .notRegular(let path): "\(QuotedText.quoted(path)) is not a regular file"
    case .notExecutable(let path): "\(QuotedText.quoted(path)) is not executable"
    case .tooManyLinks(let path): "too many symbolic links on the way to \(QuotedText.quoted(path))"
    }
  }
}

/// Finds the file behind a path of which nobody but root can say what it leads to.
///
/// Each directory and symbolic link on the way, and the file, must belong to root and be writable
/// by root alone. Then nobody else can change the answer afterwards either, and the path may be
/// used again. Symbolic links are followed as inside `root`.
struct TrustedPath: Hashable, Sendable {
  /// The directory that counts as `/`: empty for the system's own.
  let root: String

  /// More links on the way are refused.
  static let maximumLinks = 40

  /// A file or directory that was found.
  enum Found: Hashable {
    /// Its path without symbolic links, and its metadata.
    case file(path: String, FileStatus)
    /// A link to `/dev/null`: it stands for nothing, on purpose.
    case masked
  }

  /// What is behind a path of components, from the root; `nil` if there is nothing.
  func resolve(_ path: String) throws(ConfigurationError) -> Found? {
    var pending = Self.components(path)
    var (done, links) = ([String](), 0)
    try check(at: [], try status(at: []))
    while let name = pending.popLast() {
      if name == ".." {
        _ = done.popLast()
        continue
      }
      done.append(name)
      guard let status = try existing(at: done) else { return nil }
      guard status.type == .symbolicLink else {
        try check(at: done, status)
        if !pending.isEmpty, status.type != .directory { return nil }
        continue
      }
      links += 1
      guard links <= Self.maximumLinks else { throw .notTrusted(.tooManyLinks(path: text(done))) }
      try checkOwner(at: done, status)
      let target = try target(of: done)
      if target == "/dev/null", pending.isEmpty { return .masked }
      done = target.hasPrefix("/") ? [] : Array(done.dropLast())
      pending += Self.components(target)
    }
    return .file(path: text(done), try status(at: done))
  }

  /// The components, the first one last.
  private static func components(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
  }

  private func text(_ components: [String]) -> String {
    components.isEmpty
      ? (root.isEmpty ? "/" : root) : root + components.map { "/\($0)" }.joined()
  }

  private func existing(at components: [String]) throws(ConfigurationError) -> FileStatus? {
    do throws(ConfigurationError) { return try status(at: components) } catch {
      if case .system(let error) = error, error.errno == .noSuchFile { return nil }
      throw error
    }
  }

  private func status(at components: [String]) throws(ConfigurationError) -> FileStatus {
    try configured { () throws(SystemError) in
      try Descriptor.open(text(components), [.path, .noFollow]).status()
    }
  }

  private func target(of components: [String]) throws(ConfigurationError) -> String {
    let bytes = try configured { () throws(SystemError) in
      try Descriptor.open(text(components), [.path, .noFollow]).symbolicLinkTarget()
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func check(
    at components: [String], _ status: FileStatus
  ) throws(ConfigurationError) {
    try checkOwner(at: components, status)
    guard status.permissions & 0o022 == 0 else {
      throw .notTrusted(.writable(path: text(components), permissions: status.permissions))
    }
  }

  /// Who runs the program may do all that it does.
  private func checkOwner(
    at components: [String], _ status: FileStatus
  ) throws(ConfigurationError) {
    guard status.user == 0 || status.user == Machine.userID else {
      throw .notTrusted(.owner(path: text(components), user: status.user))
    }
  }
}
