import Bytes
import Linux
import TestSupport
import Testing

@Suite("Metadata of inodes", .btrfs)
final class MetadataTests {
  let root: Descriptor

  init() throws { root = try BtrfsFixture.current.open() }

  private func makeFile(_ name: String) throws -> Descriptor {
    try root.open(beneath: name, [.readWrite, .create, .exclusive])
  }

  @Test("Every kind of inode has its type, and metadata is set without following links")
  func setsMetadata() throws {
    _ = try makeFile("regular")
    try root.makeDirectory("directory")
    try root.makeSymbolicLink("link", to: "regular")
    try root.makeNode("fifo", type: .fifo)
    try root.makeNode("socket", type: .socket)
    try root.makeNode("null", type: .characterDevice, device: 0x103)
    try root.makeNode("loop", type: .blockDevice, device: 0x700)
    let before = try root.status(of: "regular")
    let kinds: [(String, FileType)] = [
      ("regular", .regular), ("directory", .directory), ("link", .symbolicLink), ("fifo", .fifo),
      ("socket", .socket), ("null", .characterDevice), ("loop", .blockDevice),
    ]
    for (name, type) in kinds {
      let inode = try root.open(beneath: name, [.path, .noFollow])
      try inode.setOwner(user: 12, group: 345)
      if type != .symbolicLink { try inode.setPermissions(0o4751) }
      let time = FileTime(seconds: -5, nanoseconds: 123_456_789)
      try inode.setTimes(modification: time)
      let status = try root.status(of: name)
      #expect(try inode.status() == status)
      #expect(status.type == type)
      #expect(status.user == 12 && status.group == 345)
      #expect(status.modificationTime == time)
      #expect(status.permissions == (type == .symbolicLink ? 0o777 : 0o4751))
      try root.setOwner(of: name, user: 1, group: 2)
      try root.setTimes(of: name, access: FileTime(seconds: 9))
      #expect(try root.status(of: name).user == 1)
      #expect(try root.status(of: name).accessTime == FileTime(seconds: 9))
      #expect(try root.status(of: name).modificationTime == time)
    }
    #expect(try root.status(of: "null").specialDevice == 0x103)
    #expect(try root.status(of: "regular").inode == before.inode)
    let link = try root.open(beneath: "link", [.path, .noFollow])
    let error = #expect(throws: SystemError.self) { try link.setPermissions(0o600) }
    #expect(error?.errno == .notSupported)
  }

  @Test("Extended attributes are those of the inode, also of a symbolic link")
  func setsAttributes() throws {
    let file = try makeFile("file")
    try root.makeSymbolicLink("link", to: "file")
    let link = try root.open(beneath: "link", [.path, .noFollow])
    let long = [UInt8](repeating: 7, count: 3000)
    try link.setAttribute("trusted.of-link", to: long.rawSpan)
    #expect(try link.attribute("trusted.of-link") == long)
    #expect(try link.attributeNames() == [Array("trusted.of-link".utf8)])
    #expect(try file.attributeNames().isEmpty)
    try file.setAttribute("user.empty", to: RawSpan())
    #expect(try file.attribute("user.empty") == [])
    #expect(try file.attribute("user.other") == nil)
    let again = #expect(throws: SystemError.self) {
      try file.setAttribute("user.empty", to: RawSpan(), .creating)
    }
    #expect(again?.errno == .fileExists)
    try file.removeAttribute("user.empty")
    let gone = #expect(throws: SystemError.self) { try file.removeAttribute("user.empty") }
    #expect(gone?.errno == .noData)
  }
}
