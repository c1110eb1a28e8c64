internal import Linux
internal import Tree

/// A tree to build from or to, as a user names it.
struct TreeSource {
  /// What the user wrote.
  let text: String

  /// Reads what the tree holds, but for the contents of its files.
  func catalog(_ progress: BuildProgress) throws(BuildError) -> TreeCatalog {
    do throws(SystemError) {
      let root = TreeRoot(try Descriptor.open(text, [.readOnly, .directory]))
      return try TreeCatalog(of: root) { totals in
        progress.goesOn(.reading, done: totals.entries)
      }
    } catch { throw error.errno == .canceled ? .cancelled : .system(error) }
  }
}
