public import Linux

/// Which modification times a tree is given.
public enum TreeTimes: Hashable, Sendable {
  /// Those that it has.
  case keep
  /// Those that it has, but none later than this.
  case clamp(to: FileTime)
  /// The parent's, where nothing but times is different: programs that build images stamp everything
  /// anew.
  case content
}

extension TreeCatalog {
  /// The same tree with other times.
  ///
  /// Access times follow modification times where these change.
  ///
  /// - Parameters:
  ///   - parent: the tree before; without one, ``TreeTimes/content`` is ``TreeTimes/keep``.
  ///   - progress: is told how many names were compared, and how many bytes: contents are read only
  ///     of files of which the times are different, and nothing else is.
  /// - Throws: `ECANCELED` if `progress` says so, besides what reading gives.
  public func with(
    _ times: TreeTimes, parent: TreeCatalog?, progress: TreeProgress = { _ in true }
  ) throws(SystemError) -> TreeCatalog {
    switch times {
    case .keep: return self
    case .clamp(let limit): return clamped(to: limit)
    case .content:
      guard let parent else { return self }
      return try keepingTimes(of: parent, progress)
    }
  }

  private func clamped(to limit: FileTime) -> TreeCatalog {
    var result = self
    for index in inodes.indices where inodes[index].modificationTime > limit {
      result.inodes[index].modificationTime = limit
      result.inodes[index].accessTime = limit
    }
    return result
  }

  private func keepingTimes(
    of parent: TreeCatalog, _ progress: TreeProgress
  ) throws(SystemError) -> TreeCatalog {
    var result = self
    var totals = TreeTotals()
    let links = InodePairs(of: parent, and: self)
    for (index, pair) in links.pairs.enumerated() {
      totals.entries += 1
      try CatalogFile.report(totals, root.directory.path, to: progress)
      guard let pair else { continue }
      let (old, new) = (parent.inodes[pair.old], inodes[index])
      guard old.modificationTime != new.modificationTime, old.isSameButForTimes(as: new) else {
        continue
      }
      switch new.type {
      case .regular:
        let (oldEntry, newEntry) = (parent.entries[pair.oldEntry], entries[pair.newEntry])
        guard
          try parent.hasSameContents(oldEntry, as: newEntry, of: self, &totals, progress)
        else { continue }
      case .directory:
        // A name that came or went is a change of the directory.
        if links.changedDirectories.contains(entries[pair.newEntry].path) { continue }
      default: break
      }
      result.inodes[index].modificationTime = old.modificationTime
      result.inodes[index].accessTime = old.accessTime
    }
    return result
  }

  /// Whether two regular files have the same bytes.
  func hasSameContents(
    _ entry: Entry, as other: Entry, of catalog: TreeCatalog, _ totals: inout TreeTotals,
    _ progress: TreeProgress
  ) throws(SystemError) -> Bool {
    guard inodes[entry.inode].size == catalog.inodes[other.inode].size else { return false }
    let mine = try CatalogFile(of: entry, in: self)
    let theirs = try CatalogFile(of: other, in: catalog)
    while true {
      let (my, their) = (try mine.nextChunk(), try theirs.nextChunk())
      if my != their { return false }
      if my.isEmpty { return true }
      totals.dataBytes += UInt64(my.count)
      try CatalogFile.report(totals, mine.path, to: progress)
    }
  }
}

extension TreeInode {
  /// Whether two inodes are the same but for their times and contents.
  func isSameButForTimes(as other: TreeInode) -> Bool {
    var other = other
    other.modificationTime = modificationTime
    other.accessTime = accessTime
    return self == other
  }
}
