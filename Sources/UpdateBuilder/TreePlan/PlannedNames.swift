internal import Bytes
internal import Tree

/// Turns the names of the old tree into those of the new one, and knows at every moment what is called
/// how.
///
/// First goes what is not wanted any more. Then ``place(_:_:)`` is called for every name of the new
/// tree, each directory before what it holds: so whatever leads to a name is where it will be in the
/// end. What has the name then is wanted elsewhere: it moves there, if that place is free or can be
/// freed in the same way; else, in a cycle, it waits under a provisional name in the root.
///
/// Inodes are nodes here: old ones have their own numbers, new ones come after them.
struct PlannedNames {
  let old: TreeShape
  let new: TreeShape
  let matching: TreeMatching
  private let oldCount: Int32

  /// Of old names: kept as they are; gone; what they become; and what has to be empty first.
  enum Fate: UInt8 { case removed, kept, moves, removedWhenEmpty }
  var fates: [Fate]
  /// The new name that an old one becomes.
  var targets: [Int32: Int32] = [:]
  /// The old name that a new one was; -1 for none, and for those that are kept.
  var origins: [Int32: Int32] = [:]
  /// Whether a new name is in its place.
  var isPlaced: [Bool]
  /// Whether a new name was there from the start.
  var isKept: [Bool]

  /// Old names that are in the way of new ones: names of old directories that are to change.
  var occupants: [Slot: Int32] = [:]
  /// Old names that wait, and under which number.
  var waiting: [Int32: Int] = [:]
  var provisionalCount = 0
  /// Where directories are that are not where they were: in the new tree's place, or waiting.
  var movedDirectories: [Int32: Place] = [:]
  /// How many names old directories hold that are to go.
  var remaining: [Int32: Int] = [:]
  /// The other names of inodes with several.
  let namesOfNew: [Int32: [Int32]]
  let rootNames: Set<[UInt8]>

  /// Directories whose times receiving changes.
  var isTouched: [Bool]

  /// No directory is as deep; one that seems so is inside itself.
  static let maximumDepth = 1 << 20

  enum Place {
    case new(entry: Int32)
    case waiting(old: Int32)
  }

  struct Slot: Hashable {
    var directory: Int32
    var name: ArraySlice<UInt8>
  }

  init(_ matching: TreeMatching) {
    self.matching = matching
    old = matching.old.shape
    new = matching.new.shape
    oldCount = Int32(truncatingIfNeeded: old.catalog.inodes.count)
    fates = [Fate](repeating: .removed, count: old.catalog.entries.count)
    isPlaced = [Bool](repeating: false, count: new.catalog.entries.count)
    isKept = isPlaced
    isTouched = [Bool](
      repeating: false, count: old.catalog.inodes.count + new.catalog.inodes.count)
    namesOfNew = new.namesOfLinkedInodes()
    let roots = old.children(of: 0).map(old.name) + new.children(of: 0).map(new.name)
    rootNames = Set(roots.filter { $0.first == UInt8(ascii: "o") }.map(Array.init))
    keep()
    pairMoves()
  }

  /// The node of a new inode.
  func node(_ inode: Int32) -> Int32 {
    let was = matching.oldOfNew[Int(inode)]
    return was >= 0 ? was : oldCount + inode
  }

  func isOld(_ node: Int32) -> Bool { node < oldCount }

  /// Finds the names that stay.
  private mutating func keep() {
    (fates[0], isKept[0]) = (.kept, true)
    for entry in new.catalog.entries.indices {
      let directory = new.inode(of: Int32(entry))
      let was = matching.oldOfNew[Int(directory)]
      guard was >= 0, new.isDirectory(directory) else { continue }
      for pair in old.commonNames(of: was, with: directory, in: new)
      where matching.oldOfNew[Int(new.inode(of: pair.theirs))] == old.inode(of: pair.mine) {
        (fates[Int(pair.mine)], isKept[Int(pair.theirs)]) = (.kept, true)
      }
    }
  }

  /// Decides which of the names that an inode loses becomes which that it gets.
  private mutating func pairMoves() {
    var lost: [Int32: [Int32]] = [:]
    for entry in old.catalog.entries.indices.reversed() where fates[entry] != .kept {
      let inode = old.inode(of: Int32(entry))
      if matching.newOfOld[Int(inode)] >= 0 {
        lost[inode, default: []].append(Int32(entry))
      } else if old.isDirectory(inode) {
        fates[entry] = .removedWhenEmpty
        remaining[inode] = old.children(of: inode).count
      }
    }
    for entry in new.catalog.entries.indices where !isKept[entry] {
      let was = matching.oldOfNew[new.catalog.entries[entry].inode]
      guard was >= 0, let origin = lost[was]?.popLast() else { continue }
      fates[Int(origin)] = .moves
      targets[origin] = Int32(entry)
      origins[Int32(entry)] = origin
    }
  }

  /// Checks that every name is where it belongs, and nothing is left.
  func check() throws(BuildError) {
    guard occupants.isEmpty, waiting.isEmpty, remaining.isEmpty else {
      throw .planFailedCheck("names are left over")
    }
    for entry in new.catalog.entries.indices.dropFirst() {
      guard isKept[entry] || isPlaced[entry] else { throw .planFailedCheck("a name is missing") }
      let inode = new.inode(of: Int32(entry))
      guard new.isDirectory(inode), movedDirectories[node(inode)] != nil else { continue }
      let name = Array(new.name(Int32(entry)))
      guard try path(of: node(new.directories[entry]), name) == new.path(Int32(entry)) else {
        throw .planFailedCheck("a directory is in the wrong place")
      }
    }
  }
}

extension TreeShape {
  /// The names of each inode that has several.
  func namesOfLinkedInodes() -> [Int32: [Int32]] {
    var names: [Int32: [Int32]] = [:]
    for (index, entry) in catalog.entries.enumerated()
    where catalog.inodes[entry.inode].linkCount > 1 {
      names[Int32(truncatingIfNeeded: entry.inode), default: []].append(Int32(index))
    }
    return names
  }
}
