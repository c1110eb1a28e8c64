internal import Tree

/// Finds which directory of the new tree is which of the old one, where its files tell.
///
/// Every file that is the same in both trees speaks for its directories: by its path, or, where that
/// is another now, by contents that only one file has. A directory that is found speaks for those that
/// hold it. Most voices win, and a directory moves only if more of its files moved there than stayed.
struct DirectoryMatching {
  private let old: PlannedTree
  private let new: PlannedTree
  /// The directory with the same path in the other tree, or -1.
  private var oldAtPath: [Int32]
  private var newAtPath: [Int32]
  /// How many voices say of a new directory that it is the one with the same path.
  private var staying: [Int32]
  /// How many say that it is another.
  private var moving: [Int32: [Int32: Int32]] = [:]

  init(old: PlannedTree, new: PlannedTree) {
    self.old = old
    self.new = new
    oldAtPath = [Int32](repeating: -1, count: new.catalog.inodes.count)
    newAtPath = [Int32](repeating: -1, count: old.catalog.inodes.count)
    staying = [Int32](repeating: 0, count: new.catalog.inodes.count)
    oldAtPath[0] = 0
    newAtPath[0] = 0
    hear(exactFiles())
  }

  /// The directories that files speak for, as pairs of an old and a new one; the root is none of them.
  consuming func pairs() -> [(old: Int32, new: Int32)] {
    var pairs: [(old: Int32, new: Int32)] = []
    var isTaken = [Bool](repeating: false, count: old.catalog.inodes.count)
    isTaken[0] = true
    // Deepest first.
    for entry in new.catalog.entries.indices.dropFirst().reversed() {
      let directory = new.shape.inode(of: Int32(entry))
      guard new.shape.isDirectory(directory) else { continue }
      let holder = new.shape.directories[entry]
      let same = oldAtPath[Int(directory)]
      if let other = best(for: directory, isTaken) {
        isTaken[Int(other)] = true
        pairs.append((other, directory))
        let oldHolder = old.shape.directories[Int(old.shape.firstEntries[Int(other)])]
        // What both trees have goes elsewhere only if files say so.
        if oldAtPath[Int(holder)] < 0, newAtPath[Int(oldHolder)] < 0 {
          speak(of: oldHolder, as: holder)
        }
      } else if same >= 0, !isTaken[Int(same)], staying[Int(directory)] > 0 {
        isTaken[Int(same)] = true
        pairs.append((same, directory))
        staying[Int(holder)] += 1
      }
    }
    return pairs
  }

  /// The old directory of another path that a new one is.
  private func best(for directory: Int32, _ isTaken: [Bool]) -> Int32? {
    guard let candidates = moving[directory] else { return nil }
    var best: (directory: Int32, voices: Int32)?
    for (other, voices) in candidates where !isTaken[Int(other)] {
      let stays = newAtPath[Int(other)]
      guard voices > staying[Int(directory)], stays < 0 || voices > staying[Int(stays)] else {
        continue
      }
      if let known = best, (known.voices, other) > (voices, known.directory) { continue }
      best = (other, voices)
    }
    return best?.directory
  }

  private mutating func speak(of old: Int32, as new: Int32) {
    if old == 0 || new == 0 { return }
    if oldAtPath[Int(new)] == old {
      staying[Int(new)] += 1
    } else {
      moving[new, default: [:]][old, default: 0] += 1
    }
  }

  /// Finds which paths both trees have, and which files are the same under these.
  ///
  /// - Returns: whether each old, and each new inode is among them.
  private mutating func exactFiles() -> (old: [Bool], new: [Bool]) {
    var exactOld = [Bool](repeating: false, count: old.catalog.inodes.count)
    var exactNew = [Bool](repeating: false, count: new.catalog.inodes.count)
    for entry in new.catalog.entries.indices {
      let directory = new.shape.inode(of: Int32(entry))
      let was = oldAtPath[Int(directory)]
      guard was >= 0, new.shape.isDirectory(directory) else { continue }
      for pair in old.shape.commonNames(of: was, with: directory, in: new.shape) {
        let (mine, theirs) = (old.shape.inode(of: pair.mine), new.shape.inode(of: pair.theirs))
        guard old.isSame(mine, as: theirs, of: new) else { continue }
        if new.shape.isDirectory(theirs) {
          (oldAtPath[Int(theirs)], newAtPath[Int(mine)]) = (mine, theirs)
        } else if new.shape[theirs].isFileWithData {
          (exactOld[Int(mine)], exactNew[Int(theirs)]) = (true, true)
          staying[Int(directory)] += 1
        }
      }
    }
    return (exactOld, exactNew)
  }

  /// Has the files speak that have other paths now, and contents that no other file has.
  private mutating func hear(_ exact: (old: [Bool], new: [Bool])) {
    // -1 for what several have.
    var files: [TreeContents.Identity: Int32] = [:]
    for inode in old.catalog.inodes.indices
    where !exact.old[inode] && old.catalog.inodes[inode].isFileWithData {
      let identity = old.contents[inode]
      files[identity] = files[identity] == nil ? Int32(inode) : -1
    }
    var found: [Int32: Int32] = [:]
    for inode in new.catalog.inodes.indices
    where !exact.new[inode] && new.catalog.inodes[inode].isFileWithData {
      guard let was = files[new.contents[inode]], was >= 0 else { continue }
      found[was] = found[was] == nil ? Int32(inode) : -1
    }
    for (was, inode) in found where inode >= 0 {
      let oldHolder = old.shape.directories[Int(old.shape.firstEntries[Int(was)])]
      let holder = new.shape.directories[Int(new.shape.firstEntries[Int(inode)])]
      speak(of: oldHolder, as: holder)
    }
  }
}
