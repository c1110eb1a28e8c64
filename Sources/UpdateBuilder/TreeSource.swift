internal import Archive
internal import Linux
public import Tree

/// A tree to build from or to, as a user names it: a directory, a tar archive, or `update:FILE,FILE`.
public struct TreeSource: Sendable {
  /// What the user wrote.
  public let text: String
  /// Files that say to whom what is in it belongs, in the order in which they count.
  public var ownership: [TreeOwnership]
  /// What a chain of updates needs.
  public var context: ChainContext

  /// A tree of that name.
  public init(
    text: String, ownership: [TreeOwnership] = [], context: ChainContext = ChainContext()
  ) {
    self.text = text
    self.ownership = ownership
    self.context = context
  }

  /// Reads what the tree holds; of a directory, but for the contents of its files.
  ///
  /// The files of an archive, and those of what updates make, go into a temporary directory, which is
  /// removed with the catalog.
  ///
  /// - Throws: ``BuildError``.
  public func catalog(_ progress: BuildProgress) throws(BuildError) -> TreeCatalog {
    var catalog = try stored(progress)
    do throws(OwnershipError) {
      for file in ownership { catalog = try file.apply(to: catalog) }
    } catch { throw .ownership(error) }
    return catalog
  }

  /// What the tree holds, in two numbers.
  ///
  /// - Throws: ``BuildError``.
  public func summary(_ progress: BuildProgress) throws(BuildError) -> TreeSummary {
    let digesting: TreeProgress = { progress.goesOn(.digesting, done: $0.dataBytes) }
    do throws(SystemError) {
      // A directory as it is takes one pass, and no memory for its names.
      if ownership.isEmpty, let directory = try? Descriptor.open(text, .directory) {
        return try TreeSummary(of: directory, progress: digesting)
      }
    } catch { throw error.errno == .canceled ? .cancelled : .system(error) }
    let catalog = try catalog(progress)
    do throws(SystemError) {
      return try TreeSummary(of: catalog, progress: digesting)
    } catch { throw error.errno == .canceled ? .cancelled : .system(error) }
  }

  /// The directory that has the contents of its files: of an archive, a temporary one.
  ///
  /// - Throws: ``BuildError``.
  public func root(_ progress: BuildProgress) throws(BuildError) -> TreeRoot {
    if let directory = try? Descriptor.open(text, [.readOnly, .directory]) {
      return TreeRoot(directory)
    }
    return try catalog(progress).root
  }

  /// Whether it is a directory, or begins like an archive. Not for a FIFO: what was read is gone.
  ///
  /// - Throws: ``BuildError`` if it cannot be opened.
  public func isTree() throws(BuildError) -> Bool {
    if isChain { return true }
    let opened = try open()
    do throws(SystemError) {
      switch try opened.status().type {
      case .directory: return true
      case .regular: return TreeCatalog.isArchive(opened)
      default: return false
      }
    } catch { throw .system(error) }
  }

  /// The tree as it is stored.
  private func stored(_ progress: BuildProgress) throws(BuildError) -> TreeCatalog {
    if let chain = try chain(context.trust) {
      return try chain.catalog(from: context.parent, in: context.place, progress)
    }
    let reading: TreeProgress = { progress.goesOn(.reading, done: $0.entries) }
    let opened = try open()
    do throws(SystemError) {
      if try opened.status().type == .directory {
        return try TreeCatalog(of: TreeRoot(opened), progress: reading)
      }
    } catch { throw error.errno == .canceled ? .cancelled : .system(error) }
    return try archive(opened, reading)
  }

  private func open() throws(BuildError) -> Descriptor {
    do throws(SystemError) {
      // Who opens a FIFO only to look what it is must not wait.
      let opened = try Descriptor.open(text, [.readOnly, .nonBlocking])
      switch try opened.status().type {
      case .directory, .regular: return opened
      case .fifo: return try opened.reopened(.readOnly)
      default: throw SystemError(operation: "open", path: text, errno: .notDirectory)
      }
    } catch { throw .system(error) }
  }

  private func archive(
    _ file: consuming Descriptor, _ progress: TreeProgress
  ) throws(BuildError) -> TreeCatalog {
    do throws(ArchiveError) { return try TreeCatalog(archive: file, progress: progress) } catch {
      if case .system(let error) = error.reason, error.errno == .canceled { throw .cancelled }
      throw .archive(path: text, error)
    }
  }
}
