import Linux
import TestSupport

@testable import Tree

/// A directory that a shell script fills, and its catalog.
final class ScriptTree {
  private let directory: TemporaryDirectory
  let path: String

  init(_ script: String) throws {
    directory = try TemporaryDirectory()
    path = directory.path
    let stamp = "find . -exec touch -h -d @1000 {} +"
    try run("sh", "-ec", "cd \"$1\"; umask 022; \(stamp); \(script)", "sh", path)
  }

  /// A copy of another, changed by a script; times are kept where it says nothing.
  init(copying other: ScriptTree, _ script: String) throws {
    directory = try TemporaryDirectory()
    path = directory.path
    try run("cp", "-a", other.path + "/.", path)
    try run("sh", "-ec", "cd \"$1\"; umask 022; \(script)", "sh", path)
  }

  func catalog() throws -> TreeCatalog {
    try TreeCatalog(of: TreeRoot(Descriptor.open(path, .directory)))
  }
}

extension TreeCatalog {
  /// What a path leads to.
  func inode(_ path: String) -> TreeInode? {
    entries.first { $0.path == Array(path.utf8) }.map { inodes[$0.inode] }
  }
}
