internal import Bytes
internal import Tree

// How everything is called at the moment.
extension PlannedNames {
  func slot(ofOld entry: Int32) -> Slot {
    Slot(directory: old.directories[Int(entry)], name: old.name(entry))
  }

  func slot(ofNew entry: Int32) -> Slot {
    Slot(directory: node(new.directories[Int(entry)]), name: new.name(entry))
  }

  /// A name that the kernel's sender uses in the same way.
  func provisionalName(_ number: Int) -> [UInt8] { Array("o\(number)-0-0".utf8) }

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
  func holder(of directory: Int32) -> Int32 {
    switch movedDirectories[directory] {
    case .new(let entry)?: node(new.directories[Int(entry)])
    case .waiting?: 0
    case nil: old.directories[Int(old.firstEntries[Int(directory)])]
    }
  }

  /// The path of a name in a directory, as that is called now.
  func path(of directory: Int32, _ name: [UInt8]) throws(BuildError) -> [UInt8] {
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
  func path(ofOld entry: Int32) throws(BuildError) -> [UInt8] {
    if let number = waiting[entry] { return provisionalName(number) }
    return try path(of: old.directories[Int(entry)], Array(old.name(entry)))
  }

  /// The path of any name that an inode has now; the name `entry` is yet to be made.
  func existingPath(
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
}
