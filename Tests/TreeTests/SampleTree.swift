import Bytes
import Linux
import TestSupport

/// A small tree with one of everything that needs no privilege to make.
final class SampleTree {
  private let directory: TemporaryDirectory
  let root: Descriptor

  /// The modification time of every inode.
  static let time = FileTime(seconds: 1_600_000_000, nanoseconds: 123_456_789)

  static let strangeName: [UInt8] = Array("new\nline ".utf8) + [0xFF, 0xFE]

  init() throws {
    directory = try TemporaryDirectory()
    root = try directory.open()
    try root.makeDirectory("a")
    let a = try root.open(beneath: "a")
    try makeFile("x", "one", in: a)
    try makeFile("a!", "comes after a/x", in: root)
    try makeFile(Self.strangeName, "", in: root)
    try makeFile("first", "linked", in: root)
    try root.makeLink("second", to: "first", in: root)
    try makeFile("copy", "linked", in: root)
    try root.makeSymbolicLink("link", to: "a/nowhere")
    try root.makeNode("pipe", type: .fifo)
    try root.makeNode("socket", type: .socket)
    try root.makeDirectory("empty")
    for name in try root.entries().map(\.name) {
      let node = try root.open(beneath: name, [.path, .noFollow])
      let type = try node.status().type
      if type != .symbolicLink { try node.setPermissions(type == .directory ? 0o750 : 0o640) }
    }
    let x = try a.open(beneath: "x")
    try x.setPermissions(0o4711)
    for (name, value) in [("user.b", "2"), ("user.a", ""), ("user.aa", "1")] {
      let bytes = Array(value.utf8)
      try x.setAttribute(name, to: bytes.rawSpan)
    }
    try root.setPermissions(0o755)
    try setTimes()
  }

  func makeFile(
    _ name: some PathBytes, _ text: String, in directory: borrowing Descriptor
  ) throws {
    let file = try directory.open(beneath: name, [.writeOnly, .create, .truncate])
    let bytes = Array(text.utf8)
    try file.write(bytes.rawSpan)
  }

  /// Gives every inode the same modification time, the directories last.
  func setTimes() throws {
    try setTimes(below: root)
    try root.setTimes(modification: Self.time)
  }

  private func setTimes(below directory: borrowing Descriptor) throws {
    for name in try directory.entries().map(\.name) {
      if try directory.status(of: name).type == .directory {
        let inner = try directory.open(beneath: name)
        try setTimes(below: inner)
      }
      try directory.setTimes(of: name, modification: Self.time)
    }
  }
}
