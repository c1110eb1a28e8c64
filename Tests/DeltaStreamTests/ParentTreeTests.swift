import Bytes
import DeltaStream
import Linux
import TestSupport
import Testing

@Suite("Reading old files of the parent")
struct ParentTreeTests {
  /// Makes files of every kind, and opens the tree.
  private func tree(in directory: borrowing TemporaryDirectory) throws -> ParentTree {
    try run(
      "sh", "-c",
      """
      cd '\(directory.path)' && mkdir d && printf 0123456789 >d/f && ln -s f d/link && \
      ln -s d dlink && ln -s /etc/passwd out && mkfifo fifo && : >empty
      """)
    return try ParentTree(root: directory.open())
  }

  private func errno(_ path: String, _ tree: ParentTree) -> Errno? {
    do throws(SystemError) {
      _ = try tree.open(Array(path.utf8))
      return nil
    } catch { return error.errno }
  }

  @Test("A file is read at any place, less only where it ends")
  func reading() throws {
    let directory = try TemporaryDirectory()
    let tree = try tree(in: directory)
    let file = try tree.open(Array("d/f".utf8))
    #expect(file.length == 10)
    for (offset, count, expected) in [
      (0, 10, "0123456789"), (3, 4, "3456"), (8, 5, "89"), (10, 5, ""), (99, 5, ""), (3, 0, ""),
    ] as [(UInt64, Int, String)] {
      var bytes: [UInt8] = []
      try bytes.append(upTo: count) { (out) throws(SystemError) in
        try file.read(at: offset, into: &out)
      }
      #expect(bytes == Array(expected.utf8))
    }
    #expect(try tree.open(Array("empty".utf8)).length == 0)
  }

  @Test("Only regular files are opened, and none through a symbolic link")
  func kinds() throws {
    let directory = try TemporaryDirectory()
    let tree = try tree(in: directory)
    #expect(errno("d/f", tree) == nil)
    for path in ["d/link", "dlink/f", "out"] {
      #expect(errno(path, tree) == .tooManySymbolicLinks, "\(path)")
    }
    // A pipe that nobody writes to would wait for ever.
    for path in ["d", "fifo"] { #expect(errno(path, tree) == .invalidArgument, "\(path)") }
    for path in ["none", "d/none"] { #expect(errno(path, tree) == .noSuchFile, "\(path)") }
  }

  @Test("No path leads out of the tree")
  func confined() throws {
    let directory = try TemporaryDirectory()
    let tree = try tree(in: directory)
    for path in ["..", "../x", "d/../../x", "/etc/passwd", "d/..", "", ".", "d/f\0"] {
      #expect(errno(path, tree) != nil, "\(path)")
    }
  }
}
