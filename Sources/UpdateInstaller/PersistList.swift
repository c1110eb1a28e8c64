internal import Linux

/// Files and directories that every new system takes over from the one before it, such as
/// `/etc/machine-id`.
///
/// Paths are bytes, relative to a system's root; a slash at their beginning or end means nothing. A
/// path inside another one of the list is left out: it comes along anyway.
public struct PersistList: Hashable, Sendable {
  /// The paths without slashes at their ends, in the order of their bytes.
  public let paths: [[UInt8]]

  /// The empty list.
  public static let none = PersistList()

  /// No list has more paths.
  public static let maximumCount = 4096

  private init() { paths = [] }

  /// Checks paths.
  ///
  /// - Throws: ``PersistListError``
  public init(_ paths: [[UInt8]]) throws(PersistListError) {
    guard paths.count <= Self.maximumCount else { throw .tooMany(paths.count) }
    var kept: [[UInt8]] = []
    var all: [[UInt8]] = []
    for path in paths { all.append(try Self.normalized(path)) }
    for path in all.sorted(by: { $0.count < $1.count }) {
      let isInside = kept.contains { path == $0 || path.starts(with: $0 + [slash]) }
      if !isInside { kept.append(path) }
    }
    self.paths = kept.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Checks paths that are text.
  public init(texts: [String]) throws(PersistListError) {
    try self.init(texts.map { Array($0.utf8) })
  }

  /// Whether nothing is carried over.
  public var isEmpty: Bool { paths.isEmpty }

  private static func normalized(_ path: [UInt8]) throws(PersistListError) -> [UInt8] {
    var rest = path[...]
    while rest.first == slash { rest = rest.dropFirst() }
    while rest.last == slash { rest = rest.dropLast() }
    guard !rest.isEmpty else { throw .wholeSystem }
    guard rest.count < PathLimit.path else { throw .badPath(path) }
    for name in rest.split(separator: slash, omittingEmptySubsequences: false) {
      let isRelative = name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)
      if name.isEmpty || isRelative || name.contains(0) || name.count > PathLimit.name {
        throw .badPath(path)
      }
    }
    return Array(rest)
  }
}

private let slash = UInt8(ascii: "/")

/// Why a list of paths to carry over is refused.
public enum PersistListError: Error, Hashable, Sendable {
  /// A path is that of the root, or empty.
  case wholeSystem
  /// A path has a component that is empty, `.`, `..`, too long, or holds NUL; or is too long itself.
  case badPath([UInt8])
  /// There are more than ``PersistList/maximumCount``.
  case tooMany(Int)
}

extension PersistListError: CustomStringConvertible {
  /// What is wrong, for people.
  public var description: String {
    switch self {
    case .wholeSystem: "a system cannot be carried over as a whole"
    case .badPath(let path):
      "\"\(String(decoding: path, as: UTF8.self))\" is no path inside a system: it must not have "
        + "empty components, \".\" or \"..\""
    case .tooMany(let count):
      "\(count) paths are too many: at most \(PersistList.maximumCount) can be carried over"
    }
  }
}
