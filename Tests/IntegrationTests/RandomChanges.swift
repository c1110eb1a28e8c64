import Bytes
import Linux
import TestSupport

/// A place in a tree that is changed at random.
struct RandomPlace: ~Copyable {
  let directory: Descriptor
  let name: [UInt8]

  init(_ path: [[UInt8]], in root: borrowing Descriptor) throws(SystemError) {
    directory = try root.open(
      beneath: [[UInt8]](path.dropLast()).joined(with: "/"), .directory)
    name = path.last ?? []
  }

  func file(_ flags: OpenFlags = []) throws(SystemError) -> Descriptor {
    try directory.open(beneath: name, flags.union([.readWrite, .nonBlocking]))
  }

  func named() throws(SystemError) -> Descriptor {
    try directory.open(beneath: name, [.path, .noFollow])
  }
}

/// Changes a tree at random: few names, so that they meet often.
struct RandomChanges {
  var generator: SeededGenerator
  /// What the names of attributes that any inode can have begin with.
  var attributes = "trusted."
  /// Whether what `chattr` sets is changed as well.
  var changesFlags = false

  /// Mostly short names; now and then one that is odd.
  static let names: [[UInt8]] =
    ["a", "b", "c"].map(\.bytes) + [
      "line\nbreak".bytes, "-x".bytes, " ".bytes, [0xff, 0xfe, 0x80], "..a".bytes,
      "o257-7-0".bytes, [UInt8](repeating: UInt8(ascii: "n"), count: 255),
    ]

  private mutating func random(_ limit: UInt64) -> UInt64 {
    UInt64.random(in: 0..<limit, using: &generator)
  }

  private mutating func randomPath() -> [[UInt8]] {
    (0...random(5)).map { _ in
      Self.names[Int(random(8) > 0 ? random(3) : random(UInt64(Self.names.count)))]
    }
  }

  /// Makes a change, or none if this one is not possible.
  ///
  /// - Returns: whether it was made.
  mutating func change(_ root: borrowing Descriptor) -> Bool {
    let (path, other) = (randomPath(), randomPath())
    do throws(SystemError) {
      let place = try RandomPlace(path, in: root)
      if changesFlags, random(6) == 0 {
        try changeFlags(place)
        return true
      }
      switch random(8) {
      case 0, 1, 2: try changeNames(place, other, root)
      case 3: try replace(place, other, root)
      case 4, 5: try changeData(place, other, root)
      default: try changeMetadata(place)
      }
    } catch {
      return false
    }
    return true
  }

  private mutating func changeNames(
    _ place: borrowing RandomPlace, _ other: [[UInt8]], _ root: borrowing Descriptor
  ) throws(SystemError) {
    switch random(8) {
    case 0: try place.directory.unlink(place.name)
    case 1: try place.directory.removeDirectory(place.name)
    case 2, 3:
      let from = try RandomPlace(other, in: root)
      try place.directory.makeLink(place.name, to: from.name, in: from.directory)
    default:
      let from = try RandomPlace(other, in: root)
      let mode: RenameMode = random(3) == 0 ? .exchanging : .replacing
      try from.directory.rename(from.name, to: place.name, in: place.directory, mode)
    }
  }

  /// Makes an inode of any kind, maybe in the place of one of another kind.
  private mutating func replace(
    _ place: borrowing RandomPlace, _ other: [[UInt8]], _ root: borrowing Descriptor
  ) throws(SystemError) {
    if random(4) == 0 {
      do throws(SystemError) { try place.directory.unlink(place.name) } catch {
        try place.directory.removeDirectory(place.name)
      }
    }
    switch random(9) {
    case 0, 1, 2, 3: try place.directory.makeDirectory(place.name, permissions: 0o755)
    case 4: _ = try place.file([.create, .exclusive])
    case 5:
      let target = random(4) == 0 ? [UInt8](repeating: 0x2e, count: 4000) : other.joined(with: "/")
      try place.directory.makeSymbolicLink(place.name, to: target)
    case 6: try place.directory.makeNode(place.name, type: .fifo)
    case 7: try place.directory.makeNode(place.name, type: .socket)
    default:
      let type: FileType = random(2) == 0 ? .characterDevice : .blockDevice
      try place.directory.makeNode(place.name, type: type, device: random(1 << 32))
    }
  }

  private mutating func changeData(
    _ place: borrowing RandomPlace, _ other: [[UInt8]], _ root: borrowing Descriptor
  ) throws(SystemError) {
    let offset = random(64) * 4096
    switch random(10) {
    case 0, 1, 2:
      let bytes = randomData(Int(1 + random(20_000)))
      try place.file([.create]).write(bytes.rawSpan, at: offset + random(4096))
    case 3:
      let bytes = randomData(100)
      try place.file([.create]).write(bytes.rawSpan, at: 0)
    case 4: try place.file().truncate(to: random(300_000))
    case 5: try place.file().allocate(at: offset, count: 8192, [.keepSize, .punchHole])
    case 6: try place.file().allocate(at: offset, count: 16384)
    case 7: try place.file().allocate(at: offset, count: 8192, [.zeroRange])
    default:
      let source = try RandomPlace(other, in: root).file()
      let from = random(4) * 4096
      try place.file().cloneRange(from: source, at: from, count: 8192, to: offset)
    }
  }

  private mutating func randomData(_ count: Int) -> [UInt8] {
    // Half of it can be compressed.
    let unit = generator.bytes(random(2) == 0 ? 16 : 512)
    var data: [UInt8] = []
    while data.count < count { data += unit }
    return Array(data.prefix(count))
  }

  private mutating func changeMetadata(
    _ place: borrowing RandomPlace
  ) throws(SystemError) {
    let named = try place.named()
    switch random(9) {
    case 0:
      try named.setOwner(user: UInt32(random(3)) * 1000, group: UInt32(random(5)))
      try named.setPermissions(UInt32(random(0o10000)))
    case 1: try named.setPermissions(UInt32(random(0o10000)))
    case 2, 3:
      // Before 1970, too, and far from now.
      let seconds = Int64(random(1 << 34)) - (1 << 33)
      try named.setTimes(
        access: FileTime(seconds: Int64(random(1 << 30)), nanoseconds: UInt32(random(1 << 29))),
        modification: FileTime(seconds: seconds, nanoseconds: UInt32(random(1_000_000_000))))
    case 4:
      let value = generator.bytes(Int(random(50)))
      try named.setAttribute("\(attributes)\(random(3))", to: value.rawSpan)
    case 5: try named.removeAttribute("\(attributes)\(random(3))")
    case 6:
      let capability = ReceiveRecipe.capability
      try named.setAttribute("security.capability", to: capability.rawSpan)
    case 7:
      let kind = random(2) == 0 ? "access" : "default"
      if random(3) == 0 { return try named.removeAttribute("system.posix_acl_\(kind)") }
      let acl = ReceiveRecipe.acl
      try named.setAttribute("system.posix_acl_\(kind)", to: acl.rawSpan)
    default:
      let method = ["zstd", "zlib", "lzo", "none"][Int(random(4))].bytes
      try named.setAttribute("btrfs.compression", to: method.rawSpan)
    }
  }
}

extension RandomChanges {
  /// Sets or takes away one of the flags that keep nobody from changing the inode.
  fileprivate mutating func changeFlags(_ place: borrowing RandomPlace) throws(SystemError) {
    let type = try place.named().status().type
    guard type == .regular || type == .directory else {
      throw SystemError(operation: "chattr", path: "", errno: .invalidArgument)
    }
    let flags: [InodeFlags] = [
      .noCopyOnWrite, .noDump, .noAccessTime, .synchronous, .synchronousDirectory,
    ]
    let flag = flags[Int(generator.next() % UInt64(flags.count))]
    let inode = try place.directory.open(beneath: place.name, [.noFollow, .nonBlocking])
    let before = try inode.inodeFlags()
    // Else the compression property would be set as well, to what the file system compresses with.
    if !before.isDisjoint(with: [.compressed, .notCompressed]) { return }
    try inode.setInodeFlags(before.symmetricDifference(flag))
  }
}

extension [[UInt8]] {
  fileprivate func joined(with separator: String) -> [UInt8] {
    [UInt8](joined(separator: Array<UInt8>(separator.utf8)))
  }
}
