internal import Bytes
internal import Tree

// What goes: names that nothing needs, and directories once they are empty.
extension PlannedNames {
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
  mutating func leave(_ directory: Int32) {
    isTouched[Int(directory)] = true
    if isOld(directory), let count = remaining[directory] { remaining[directory] = count - 1 }
  }

  /// Removes a directory, and those that hold it, if there is nothing left in them.
  mutating func removeEmpty(
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
}
