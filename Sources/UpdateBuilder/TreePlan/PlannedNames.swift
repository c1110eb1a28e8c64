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
  private let old: TreeShape
  private let new: TreeShape
  private let matching: TreeMatching
  private let oldCount: Int32

  /// Of old names: kept as they are; gone; what they become; and what has to be empty first.
  private enum Fate: UInt8 { case removed, kept, moves, removedWhenEmpty }
  private var fates: [Fate]
  /// The new name that an old one becomes.
  private var targets: [Int32: Int32] = [:]
  /// The old name that a new one was; -1 for none, and for those that are kept.
  private var origins: [Int32: Int32] = [:]
  /// Whether a new name is in its place.
  private var isPlaced: [Bool]
  /// Whether a new name was there from the start.
  private var isKept: [Bool]

  /// Old names that are in the way of new ones: names of old directories that are to change.
  private var occupants: [Slot: Int32] = [:]
  /// Old names that wait, and under which number.
  private var waiting: [Int32: Int] = [:]
  private var provisionalCount = 0
  /// Where directories are that are not where they were: in the new tree's place, or waiting.
  private var movedDirectories: [Int32: Place] = [:]
  /// How many names old directories hold that are to go.
  private var remaining: [Int32: Int] = [:]
  /// The other names of inodes with several.
  private let namesOfNew: [Int32: [Int32]]
  private let rootNames: Set<[UInt8]>

  /// Directories whose times receiving changes.
  private(set) var isTouched: [Bool]

  /// No directory is as deep; one that seems so is inside itself.
  private static let maximumDepth = 1 << 20

  private enum Place {
    case new(entry: Int32)
    case waiting(old: Int32)
  }

  private struct Slot: Hashable {
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

  private func isOld(_ node: Int32) -> Bool { node < oldCount }

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

  // MARK: Removing

  /// Removes what can be removed at once.
  mutating func removeUnwanted(_ sink: inout PlanSink) throws(BuildError) {
    for index in old.catalog.entries.indices.reversed() {
      let entry = Int32(index)
      switch fates[index] {
      case .kept: continue
      case .moves: occupants[slot(ofOld: entry)] = entry
      case .removed:
        try sink.unlink(old.path(entry))
        leave(old.directories[index])
      case .removedWhenEmpty:
        if remaining[old.inode(of: entry)] == 0 {
          try sink.removeDirectory(old.path(entry))
          remaining[old.inode(of: entry)] = nil
          leave(old.directories[index])
        } else {
          occupants[slot(ofOld: entry)] = entry
        }
      }
    }
  }

  /// Notes that a directory has a name less.
  private mutating func leave(_ directory: Int32) {
    isTouched[Int(directory)] = true
    if isOld(directory), let count = remaining[directory] { remaining[directory] = count - 1 }
  }

  /// Removes a directory, and those that hold it, if there is nothing left in them.
  private mutating func removeEmpty(
    _ directory: Int32, _ sink: inout PlanSink
  ) throws(BuildError) {
    var directory = directory
    while isOld(directory), remaining[directory] == 0 {
      let entry = old.firstEntries[Int(directory)]
      try sink.removeDirectory(try path(ofOld: entry))
      remaining[directory] = nil
      let isWaiting = waiting.removeValue(forKey: entry) != nil
      if !isWaiting { occupants[slot(ofOld: entry)] = nil }
      directory = isWaiting ? 0 : old.directories[Int(entry)]
      leave(directory)
    }
  }

  // MARK: Placing

  /// Puts a name of the new tree in its place.
  ///
  /// - Parameter make: makes the inode, under its path, if there is none yet.
  mutating func place(
    _ entry: Int32, _ sink: inout PlanSink,
    make: (inout PlanSink) throws(BuildError) -> Void
  ) throws(BuildError) {
    if isKept[Int(entry)] || isPlaced[Int(entry)] { return }
    try free(slot(ofNew: entry), &sink)
    let inode = new.inode(of: entry)
    if let origin = origins[entry] {
      try move(origin, &sink)
    } else {
      if matching.oldOfNew[Int(inode)] < 0, new.firstEntries[Int(inode)] == entry {
        try make(&sink)
        if new.isDirectory(inode) { movedDirectories[node(inode)] = .new(entry: entry) }
      } else {
        try sink.link(new.path(entry), to: try existingPath(of: inode, before: entry))
      }
      isTouched[Int(node(new.directories[Int(entry)]))] = true
    }
    isPlaced[Int(entry)] = true
  }

  /// Frees a name of a directory.
  private mutating func free(_ slot: Slot, _ sink: inout PlanSink) throws(BuildError) {
    guard let first = occupants[slot] else { return }
    // Each is in the way of the one before.
    var chain = [first]
    var inChain: Set<Int32> = [first]
    while let entry = chain.last {
      if let next = try step(entry, &sink) {
        if inChain.insert(next).inserted {
          chain.append(next)
          continue
        }
        try wait(entry, &sink)
      }
      chain.removeLast()
    }
  }

  /// Moves what has an old name to its place, or out of the way.
  ///
  /// - Returns: what is in the way there; nothing was done then.
  private mutating func step(
    _ entry: Int32, _ sink: inout PlanSink
  ) throws(BuildError) -> Int32? {
    guard fates[Int(entry)] == .moves else {
      if try !empty(entry, &sink) { try wait(entry, &sink) }
      return nil
    }
    guard let target = targets[entry], canReach(target, entry) else {
      try wait(entry, &sink)
      return nil
    }
    if let next = occupants[slot(ofNew: target)] { return next }
    try move(entry, &sink)
    return nil
  }

  /// Whether the directory of a new name is there, and not inside what is to get that name.
  private func canReach(_ target: Int32, _ entry: Int32) -> Bool {
    let moved = old.inode(of: entry)
    var directory = node(new.directories[Int(target)])
    if !isOld(directory), movedDirectories[directory] == nil { return false }
    guard old.isDirectory(moved) else { return true }
    while directory > 0 {
      if directory == moved { return false }
      directory = holder(of: directory)
    }
    return true
  }

  /// Moves what a directory holds that is to go to its places, if all of these are free, so that the
  /// directory goes.
  private mutating func empty(
    _ entry: Int32, _ sink: inout PlanSink
  ) throws(BuildError) -> Bool {
    var directories = [old.inode(of: entry)]
    var moving: [Int32] = []
    while let directory = directories.popLast() {
      for child in old.children(of: directory) where occupants[slot(ofOld: child)] == child {
        switch fates[Int(child)] {
        case .removedWhenEmpty: directories.append(old.inode(of: child))
        case .moves:
          guard let target = targets[child], canReach(target, child),
            occupants[slot(ofNew: target)] == nil
          else { return false }
          moving.append(child)
        case .removed, .kept: break
        }
      }
    }
    // One may be inside the place of another.
    for child in moving {
      guard let target = targets[child], canReach(target, child) else { return false }
      try move(child, &sink)
    }
    return remaining[old.inode(of: entry)] == nil
  }

  /// Has what has an old name wait under a provisional one.
  private mutating func wait(_ entry: Int32, _ sink: inout PlanSink) throws(BuildError) {
    let path = try path(ofOld: entry)
    let name = newProvisionalName()
    try sink.rename(path, to: name)
    occupants[slot(ofOld: entry)] = nil
    waiting[entry] = provisionalCount - 1
    let inode = old.inode(of: entry)
    if old.isDirectory(inode) { movedDirectories[inode] = .waiting(old: entry) }
    let directory = old.directories[Int(entry)]
    leave(directory)
    try removeEmpty(directory, &sink)
  }

  /// Moves what has an old name to its place, which is free.
  private mutating func move(_ entry: Int32, _ sink: inout PlanSink) throws(BuildError) {
    guard let target = targets[entry] else { throw .planFailedCheck("a move to nowhere") }
    let directory = node(new.directories[Int(target)])
    let name = Array(new.name(target))
    try sink.rename(try path(ofOld: entry), to: try path(of: directory, name))
    let isWaiting = waiting.removeValue(forKey: entry) != nil
    if !isWaiting { occupants[slot(ofOld: entry)] = nil }
    isPlaced[Int(target)] = true
    isTouched[Int(directory)] = true
    let inode = old.inode(of: entry)
    if old.isDirectory(inode) { movedDirectories[inode] = .new(entry: target) }
    let left = isWaiting ? 0 : old.directories[Int(entry)]
    leave(left)
    try removeEmpty(left, &sink)
  }

  // MARK: Paths

  private func slot(ofOld entry: Int32) -> Slot {
    Slot(directory: old.directories[Int(entry)], name: old.name(entry))
  }

  private func slot(ofNew entry: Int32) -> Slot {
    Slot(directory: node(new.directories[Int(entry)]), name: new.name(entry))
  }

  /// A name that the kernel's sender uses in the same way.
  private func provisionalName(_ number: Int) -> [UInt8] { Array("o\(number)-0-0".utf8) }

  /// A provisional name that nothing else has, in the root.
  mutating func newProvisionalName() -> [UInt8] {
    var name: [UInt8]
    repeat {
      name = provisionalName(provisionalCount)
      provisionalCount += 1
    } while rootNames.contains(name)
    isTouched[0] = true
    return name
  }

  /// The directory that holds a directory now.
  private func holder(of directory: Int32) -> Int32 {
    switch movedDirectories[directory] {
    case .new(let entry)?: node(new.directories[Int(entry)])
    case .waiting?: 0
    case nil: old.directories[Int(old.firstEntries[Int(directory)])]
    }
  }

  /// The path of a name in a directory, as that is called now.
  private func path(of directory: Int32, _ name: [UInt8]) throws(BuildError) -> [UInt8] {
    var names = [name]
    var at = directory
    while at != 0 {
      guard names.count <= Self.maximumDepth else {
        throw .planFailedCheck("a directory inside itself")
      }
      switch movedDirectories[at] {
      case .new(let entry)?: names.append(Array(new.name(entry)))
      case .waiting(let entry)?: names.append(provisionalName(waiting[entry] ?? 0))
      case nil: names.append(Array(old.name(old.firstEntries[Int(at)])))
      }
      at = holder(of: at)
    }
    return Array(names.reversed().joined(separator: [UInt8(ascii: "/")]))
  }

  /// The path that an old name has now.
  private func path(ofOld entry: Int32) throws(BuildError) -> [UInt8] {
    if let number = waiting[entry] { return provisionalName(number) }
    return try path(of: old.directories[Int(entry)], Array(old.name(entry)))
  }

  /// The path of any name that an inode has now; the name `entry` is yet to be made.
  private func existingPath(
    of inode: Int32, before entry: Int32
  ) throws(BuildError) -> [UInt8] {
    for name in namesOfNew[inode] ?? [] where name != entry {
      if isKept[Int(name)] || isPlaced[Int(name)] {
        return try path(of: node(new.directories[Int(name)]), Array(new.name(name)))
      }
      if let origin = origins[name] { return try path(ofOld: origin) }
    }
    throw .planFailedCheck("a link to nothing")
  }

  // MARK: Checking

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
