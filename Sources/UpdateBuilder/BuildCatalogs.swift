internal import Linux
internal import Tree

/// What the trees of a build hold, with the owners and times that the options give them.
struct BuildCatalogs {
  let parent: TreeCatalog?
  let child: TreeCatalog

  /// Reads both trees.
  init(_ options: BuildOptions, _ progress: BuildProgress) throws(BuildError) {
    var context = ChainContext(
      trust: options.chainTrust, place: TemporaryFile.directory(of: options.output))
    parent =
      if let path = options.parent {
        try TreeSource(text: path, ownership: options.ownership.parent, context: context)
          .catalog(progress)
      } else { nil }
    context.parent = parent
    let child = try TreeSource(
      text: options.child, ownership: options.ownership.child, context: context
    ).catalog(progress)
    do throws(SystemError) {
      self.child = try child.with(options.times, parent: parent) {
        progress.goesOn(.reading, done: $0.entries)
      }
    } catch { throw error.errno == .canceled ? .cancelled : .system(error) }
  }
}
