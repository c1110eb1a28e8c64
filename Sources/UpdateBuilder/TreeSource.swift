internal import Linux
internal import Tree
internal import UpdateFile

/// A tree to build from or to, as a user names it.
struct TreeSource {
  /// What the user wrote.
  let text: String

  /// Reads what the tree holds, but for the contents of its files.
  ///
  /// - Parameter context: what a chain of updates needs.
  func catalog(
    _ progress: BuildProgress, _ context: ChainContext = ChainContext()
  ) throws(BuildError) -> TreeCatalog {
    if let chain = try chain(context.trust) {
      return try chain.catalog(from: context.parent, in: context.place, progress)
    }
    do throws(SystemError) {
      let root = TreeRoot(try Descriptor.open(text, [.readOnly, .directory]))
      return try TreeCatalog(of: root) { totals in
        progress.goesOn(.reading, done: totals.entries)
      }
    } catch { throw error.errno == .canceled ? .cancelled : .system(error) }
  }
}
