import Bytes
import Linux
import TestSupport
import Testing

@Suite("Opening files")
final class OpeningTests {
  let directory: TemporaryDirectory
  let root: Descriptor

  init() throws {
    directory = try TemporaryDirectory()
    root = try directory.open()
    try root.makeDirectory("inside", permissions: 0o755)
    _ = try root.open(beneath: "inside/file", [.writeOnly, .create])
    try root.makeSymbolicLink("to-inside", to: "inside")
    try root.makeSymbolicLink("to-host", to: "/etc")
    try root.makeSymbolicLink("inside/never", to: "x", expecting: .invalidArgument)
    try root.makeSymbolicLink("to-file", to: "inside/file")
  }

  private func refusal(_ path: some PathBytes & ~Escapable, _ flags: OpenFlags = []) -> Errno? {
    do throws(SystemError) {
      _ = try root.open(beneath: path, flags)
      return nil
    } catch {
      return error.errno
    }
  }

  @Test("A path beneath the directory opens, and the empty one is the directory")
  func opens() throws {
    #expect(refusal("inside/file") == nil)
    #expect(refusal("") == nil)
    let same = try root.open(beneath: "")
    #expect(try same.status().inode == root.status().inode)
  }

  @Test(
    "A path that could lead out is refused before the kernel is asked",
    arguments: [
      "..", "../etc", "inside/..", "inside/../../etc", "/etc", "/", "inside//file", "inside/",
      "./inside", "inside/.", "inside\0/file", "\0",
    ])
  func refusesShapes(_ path: String) {
    let calls = FaultInjection.calls(counting: .all) {
      #expect(refusal(path) == .invalidArgument)
    }
    #expect(calls == 0)
  }

  @Test("Names of 255 bytes are tried, longer ones and paths of 4096 bytes are refused")
  func refusesLength() {
    #expect(refusal([UInt8](repeating: 97, count: 255)) == .noSuchFile)
    #expect(refusal([UInt8](repeating: 97, count: 256)) == .nameTooLong)
    let path = Array(repeatElement(Array("a/".utf8), count: 2047).joined())
    #expect(refusal(path + [97]) == .noSuchFile)
    #expect(refusal(path + [97, 97]) == .nameTooLong)
  }

  @Test("A planted symbolic link is not followed, at the end of a path or inside it")
  func refusesLinks() {
    #expect(refusal("to-host") == .tooManySymbolicLinks)
    #expect(refusal("to-host/passwd") == .tooManySymbolicLinks)
    #expect(refusal("to-inside/file") == .tooManySymbolicLinks)
    #expect(refusal("to-file") == .tooManySymbolicLinks)
    #expect(refusal("to-file", [.writeOnly, .create]) == .tooManySymbolicLinks)
  }

  @Test("A symbolic link itself opens as a path only")
  func opensLinkItself() throws {
    let link = try root.open(beneath: "to-host", [.path, .noFollow])
    #expect(try link.status().type == .symbolicLink)
    #expect(try link.symbolicLinkTarget() == Array("/etc".utf8))
  }

  @Test("A mount point is not crossed, and another device is refused where one is asked for")
  func refusesMounts() throws {
    let top = try Descriptor.open("/", .directory)
    let error = #expect(throws: SystemError.self) { _ = try top.open(beneath: "proc/self") }
    #expect(error?.errno == .crossDevice)
    let device = try root.status().device
    #expect(refusal("inside") == nil)
    _ = try root.open(beneath: "inside", device: device)
    let other = #expect(throws: SystemError.self) {
      _ = try root.open(beneath: "inside", device: device &+ 1)
    }
    #expect(other?.errno == .crossDevice)
  }

  @Test("Calls that take a name refuse paths", arguments: ["", ".", "..", "a/b", "/a", "a\0b"])
  func refusesNames(_ name: String) throws {
    let expected: Errno = name.isEmpty ? .noSuchFile : .invalidArgument
    let root = try directory.open()
    func expectRefusal(_ call: () throws -> Void) {
      let error = #expect(throws: SystemError.self) { try call() }
      #expect(error?.errno == expected)
    }
    let calls = FaultInjection.calls(counting: .all) {
      expectRefusal { try root.makeDirectory(name) }
      expectRefusal { try root.makeNode(name, type: .fifo) }
      expectRefusal { try root.makeSymbolicLink(name, to: "x") }
      expectRefusal { try root.makeLink(name, to: "inside", in: root) }
      expectRefusal { try root.makeLink("new", to: name, in: root) }
      expectRefusal { try root.unlink(name) }
      expectRefusal { try root.removeDirectory(name) }
      expectRefusal { try root.rename(name, to: "new") }
      expectRefusal { try root.rename("inside", to: name) }
      expectRefusal { _ = try root.status(of: name) }
      expectRefusal { _ = try root.symbolicLinkTarget(of: name) }
      expectRefusal { try root.setOwner(of: name, user: 0, group: 0) }
      expectRefusal { try root.setTimes(of: name) }
    }
    #expect(calls == 0)
  }

  @Test("An error names the call, the path and the reason on one line")
  func describesErrors() throws {
    let error = #expect(throws: SystemError.self) { _ = try Descriptor.open("/nowhere/x") }
    #expect(error?.description == "open \"/nowhere/x\": No such file or directory")
    let strange = #expect(throws: SystemError.self) { _ = try Descriptor.open("/a\n\"\u{1B}[31m") }
    #expect(
      strange?.description
        == "open \"/a\\u{a}\\\"\\u{1b}[31m\": No such file or directory")
    let below = #expect(throws: SystemError.self) { _ = try root.status(of: "gone") }
    #expect(below?.path == directory.path + "/gone")
  }
}

extension Descriptor {
  /// A call that must be refused.
  fileprivate func makeSymbolicLink(
    _ name: String, to target: String, expecting errno: Errno
  ) throws {
    let error = #expect(throws: SystemError.self) { try makeSymbolicLink(name, to: target) }
    #expect(error?.errno == errno)
  }
}
