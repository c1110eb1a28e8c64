internal import Bytes
internal import Tree

// What comes: each name of the new tree, and before it whatever is in its way.
extension PlannedNames {
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
  mutating func move(_ entry: Int32, _ sink: inout PlanSink) throws(BuildError) {
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
}
