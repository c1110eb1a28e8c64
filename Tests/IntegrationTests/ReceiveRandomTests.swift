import Bytes
import Foundation
import Linux
import TestSupport
import Testing

/// A place in a tree that is changed at random.
private struct RandomPlace: ~Copyable {
  let directory: Descriptor
  let name: String

  init(_ path: String, in root: borrowing Descriptor) throws(SystemError) {
    let parts = path.split(separator: "/").map(String.init)
    directory = try root.open(beneath: parts.dropLast().joined(separator: "/"), .directory)
    name = parts.last ?? ""
  }

  func file(_ flags: OpenFlags = []) throws(SystemError) -> Descriptor {
    try directory.open(beneath: name, flags.union([.readWrite, .nonBlocking]))
  }
}

/// Changes a tree at random: few names, so that they meet often.
private struct RandomChanges {
  var generator: SeededGenerator

  private mutating func random(_ limit: UInt64) -> UInt64 {
    UInt64.random(in: 0..<limit, using: &generator)
  }

  private mutating func randomPath() -> String {
    (0...random(4)).map { _ in ["a", "b", "c"][Int(random(3))] }.joined(separator: "/")
  }

  /// Makes a change, or none if this one is not possible.
  ///
  /// - Returns: whether it was made.
  mutating func change(_ root: borrowing Descriptor) -> Bool {
    let (path, other) = (randomPath(), randomPath())
    do throws(SystemError) {
      let place = try RandomPlace(path, in: root)
      if random(2) == 0 {
        try changeNames(place, other, root)
      } else {
        try changeInode(place, other, root)
      }
    } catch {
      return false
    }
    return true
  }

  private mutating func changeNames(
    _ place: borrowing RandomPlace, _ other: String, _ root: borrowing Descriptor
  ) throws(SystemError) {
    switch random(10) {
    case 0, 1: try place.directory.makeDirectory(place.name, permissions: 0o755)
    case 2: try place.directory.makeSymbolicLink(place.name, to: other)
    case 3: try place.directory.makeNode(place.name, type: .fifo)
    case 4: try place.directory.unlink(place.name)
    case 5: try place.directory.removeDirectory(place.name)
    case 6:
      let from = try RandomPlace(other, in: root)
      try place.directory.makeLink(place.name, to: from.name, in: from.directory)
    default:
      let from = try RandomPlace(other, in: root)
      let mode: RenameMode = random(3) == 0 ? .exchanging : .replacing
      try from.directory.rename(from.name, to: place.name, in: place.directory, mode)
    }
  }

  private mutating func changeInode(
    _ place: borrowing RandomPlace, _ other: String, _ root: borrowing Descriptor
  ) throws(SystemError) {
    let offset = random(64) * 4096
    switch random(9) {
    case 0, 1, 2:
      let file = try place.file([.create])
      let bytes = generator.bytes(Int(1 + random(20_000)))
      try file.write(bytes.rawSpan, at: offset + random(4096))
    case 3: try place.file().truncate(to: random(300_000))
    case 4: try place.file().allocate(at: offset, count: 8192, [.keepSize, .punchHole])
    case 5:
      let source = try RandomPlace(other, in: root).file()
      try place.file().cloneRange(from: source, at: 0, count: 8192, to: offset)
    case 6:
      try place.directory.setOwner(of: place.name, user: 1000, group: UInt32(random(5)))
      let named = try place.directory.open(beneath: place.name, [.path, .noFollow])
      try named.setPermissions(UInt32(random(0o10000)))
    case 7:
      let named = try place.directory.open(beneath: place.name, [.path, .noFollow])
      let value = generator.bytes(Int(random(50)))
      try named.setAttribute("trusted.\(random(3))", to: value.rawSpan)
    default:
      let named = try place.directory.open(beneath: place.name, [.path, .noFollow])
      try named.removeAttribute("trusted.\(random(3))")
    }
  }
}

@Suite("Receiving random changes", .btrfs)
struct ReceiveRandomTests {
  @Test(
    "Each of several increments gives the tree that was sent, as btrfs receive does",
    arguments: [1, 2])
  func increments(version: Int) throws {
    let bench = try ReceiveBench()
    let generator = SeededGenerator.fresh("increments")
    var changes = RandomChanges(generator: generator)
    var parent: String?
    var compared = 0
    for round in 1...8 {
      let work = try bench.open("work")
      var made = 0
      for _ in 0..<1000 where changes.change(work) { made += 1 }
      #expect(made > 50)
      let name = "v\(round)"
      let stream = try bench.snapshot(name, version: version, parent: parent)
      try bench.receiveByStock(name)
      try bench.receive(stream, as: name, parent: parent)
      // What was sent is the judge. Stock keeps the file that it wrote to last open by its path, also
      // when another file has got that path: where it went wrong itself, it is no witness.
      try bench.expectSame("ours/\(name)", name)
      if try bench.differences("stock/\(name)", name).isEmpty {
        try bench.expectSame("ours/\(name)", "stock/\(name)", asSent: true)
        compared += 1
      }
      parent = name
    }
    #expect(compared > 0)
  }
}
