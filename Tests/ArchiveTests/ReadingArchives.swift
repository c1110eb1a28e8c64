import Bytes
import Linux
import TestSupport
import Tree

@testable import Archive

/// Bytes as a file that is read from the start.
func openFile(_ bytes: [UInt8]) throws -> Descriptor {
  let directory = try TemporaryDirectory()
  let file = try Descriptor.open(directory.path, [.unnamed, .readWrite], permissions: 0o600)
  try file.write(bytes.rawSpan, at: 0)
  return file
}

/// What an archive holds; its contents are removed with the catalog.
func catalog(_ bytes: [UInt8]) throws -> TreeCatalog {
  try TreeCatalog(archive: openFile(bytes))
}

/// What a member's name leads to.
func inode(_ path: String, in catalog: TreeCatalog) -> TreeInode? {
  catalog.entries.first { $0.path == Array(path.utf8) }.map { catalog.inodes[$0.inode] }
}

/// The bytes of a member.
func contents(_ path: String, in catalog: TreeCatalog) throws -> [UInt8] {
  try catalog.root.directory.open(beneath: path).readToEnd(limit: 1 << 20)
}

/// Why an archive is refused; `nil` if it is not.
func refusal(of bytes: [UInt8]) throws -> ArchiveError? {
  do {
    _ = try catalog(bytes)
    return nil
  } catch let error as ArchiveError {
    return error
  }
}
