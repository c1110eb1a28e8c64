internal import Bytes
internal import DeltaStream
internal import Linux
internal import Tree

/// The trees of a build, and by which plans one can come from the other.
struct BuildTrees {
  /// What the kernel may send; `nil` if it cannot, or is not to.
  let sent: SentTrees?
  /// What is planned from names and contents; `nil` if only the kernel is to plan.
  let compared: (parent: TreeCatalog?, child: TreeCatalog)?

  /// Opens the trees, and reads their names.
  init(_ options: BuildOptions, _ progress: BuildProgress) throws(BuildError) {
    switch options.plan {
    case .send:
      guard !options.needsTreePlan else { throw .needsTreePlan }
      sent = try SentTrees(child: options.child, parent: options.parent)
    case .tree: sent = nil
    case .auto: sent = options.needsTreePlan ? nil : try Self.related(options)
    }
    // A full update compares nothing: the kernel's plan is as good.
    if options.plan == .send || options.plan == .auto && sent != nil && options.parent == nil {
      compared = nil
      return
    }
    let catalogs = try BuildCatalogs(options, progress)
    compared = (catalogs.parent, catalogs.child)
    try checkNotSame(options)
  }

  /// The trees, if they are what the kernel can send to good effect.
  private static func related(_ options: BuildOptions) throws(BuildError) -> SentTrees? {
    guard Machine.isRoot else { return nil }
    do throws(BuildError) {
      let trees = try SentTrees(child: options.child, parent: options.parent)
      return try trees.areRelated() ? trees : nil
    } catch {
      switch error {
      case .notSubvolume, .notReadOnly, .differentFileSystems, .system: return nil
      default: throw error
      }
    }
  }

  private func checkNotSame(_ options: BuildOptions) throws(BuildError) {
    guard let compared, let parent = compared.parent else { return }
    let isSame: Bool
    do throws(SystemError) {
      let one = try parent.root.directory.status()
      let other = try compared.child.root.directory.status()
      isSame = (one.device, one.inode) == (other.device, other.inode)
    } catch { throw .system(error) }
    if isSame { throw .sameTree(path: options.child) }
  }

  /// The parent's files; in a full build the child's own, of which nobody asks.
  func oldTree() throws(BuildError) -> ParentTree {
    if let sent { return try sent.oldTree() }
    guard let compared else { throw .planFailedCheck("no trees") }
    let root = (compared.parent ?? compared.child).root
    do throws(SystemError) { return try ParentTree(root: root.directory.duplicate()) } catch {
      throw .system(error)
    }
  }
}
