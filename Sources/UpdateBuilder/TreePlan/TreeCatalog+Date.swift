internal import Linux
internal import Tree

extension TreeCatalog {
  /// When an inode was last changed, in seconds since 1970; 0 if none was since.
  var newestChange: Int64 {
    inodes.reduce(0) { Swift.max($0, $1.modificationTime.seconds) }
  }
}
