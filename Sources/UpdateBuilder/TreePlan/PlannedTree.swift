internal import Bytes
internal import Linux
internal import Tree

/// A tree that is planned from or to, all of whose files were read once.
struct PlannedTree: Sendable {
  let shape: TreeShape
  let contents: TreeContents
  let summary: TreeSummary

  var catalog: TreeCatalog { shape.catalog }

  /// A tree whose files were read.
  init(_ catalog: TreeCatalog, _ contents: TreeContents) throws(BuildError) {
    shape = try TreeShape(catalog)
    self.contents = contents
    summary = TreeSummary(of: catalog, contents)
  }

  /// Reads the files of a catalog, several at a time; what comes out does not depend on how many.
  init(
    reading catalog: TreeCatalog, jobs: Int, _ progress: BuildProgress
  ) async throws(BuildError) {
    var contents = TreeContents(inodeCount: catalog.inodes.count)
    var done: UInt64 = 0
    do {
      try await withThrowingTaskGroup(of: TreeContentsPart.self) { group in
        func take(_ part: TreeContentsPart) throws(BuildError) {
          contents.add(part)
          done += part.dataBytes
          try progress.report(.digesting, done: done)
        }
        for (index, batch) in Self.batches(of: catalog).enumerated() {
          if index >= jobs, let part = try await group.next() { try take(part) }
          group.addTask {
            do throws(SystemError) {
              return try catalog.contents(of: batch) { _ in !Task.isCancelled }
            } catch { throw error.errno == .canceled ? BuildError.cancelled : .system(error) }
          }
        }
        while let part = try await group.next() { try take(part) }
      }
    } catch let error as BuildError {
      throw error
    } catch {
      // Only the task's own cancellation is no BuildError.
      throw .cancelled
    }
    try self.init(catalog, contents)
  }

  /// The most files, and about the most bytes, that one job reads before it tells of them.
  private static let batchCount = 1024
  private static let batchLength: UInt64 = 16 << 20

  private static func batches(of catalog: TreeCatalog) -> [ArraySlice<TreeCatalog.Entry>] {
    var batches: [ArraySlice<TreeCatalog.Entry>] = []
    let files = catalog.regularFiles
    var (start, length): (Int, UInt64) = (0, 0)
    for (index, file) in files.enumerated() {
      length += catalog.inodes[file.inode].size
      guard length >= batchLength || index + 1 - start >= batchCount || index + 1 == files.count
      else { continue }
      batches.append(files[start...index])
      (start, length) = (index + 1, 0)
    }
    return batches
  }

  /// Whether an inode of this tree and one of another are the same but for owner, permissions,
  /// times, attributes, and flags that it can be given.
  func isSame(_ inode: Int32, as other: Int32, of tree: PlannedTree) -> Bool {
    let (mine, theirs) = (shape[inode], tree.shape[other])
    guard mine.type == theirs.type else { return false }
    switch mine.type {
    case .regular:
      return mine.size == theirs.size && contents[Int(inode)] == tree.contents[Int(other)]
        && mine.isWritten(as: theirs)
    case .symbolicLink: return mine.target == theirs.target
    case .characterDevice, .blockDevice: return mine.specialDevice == theirs.specialDevice
    case .directory, .fifo, .socket: return true
    }
  }
}
