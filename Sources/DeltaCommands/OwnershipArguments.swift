internal import ArgumentParser
internal import UpdateBuilder

/// Files that say to whom what is in a tree belongs.
struct OwnershipArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A device table: owners, permissions and device nodes of the tree; may be given several times.",
      valueName: "file"))
  var ownerMap: [String] = []
  @Option(
    help: ArgumentHelp(
      "What fakeroot -s saved when the tree was made; may be given several times.",
      valueName: "file"))
  var fakeroot: [String] = []

  /// The files in the order in which they count: a table says more than what was saved.
  var files: [TreeOwnership] {
    fakeroot.map { .fakeroot(path: $0) } + ownerMap.map { .deviceTable(path: $0) }
  }
}

/// The same of the tree that another is compared with.
struct ParentOwnershipArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The same of the parent.", valueName: "file"))
  var parentOwnerMap: [String] = []
  @Option(help: ArgumentHelp("The same of the parent.", valueName: "file"))
  var parentFakeroot: [String] = []

  /// The files in the order in which they count.
  var files: [TreeOwnership] {
    parentFakeroot.map { .fakeroot(path: $0) } + parentOwnerMap.map { .deviceTable(path: $0) }
  }
}
