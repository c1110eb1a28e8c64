import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@Suite("Files and their metadata")
final class FileTests {
  let directory: TemporaryDirectory
  let root: Descriptor

  init() throws {
    directory = try TemporaryDirectory()
    root = try directory.open()
  }

  private func makeFile(_ name: String, _ bytes: [UInt8] = []) throws -> Descriptor {
    let file = try root.open(beneath: name, [.readWrite, .create, .exclusive])
    try file.write(bytes.rawSpan)
    return file
  }

  @Test("What is written is read back, whole or in part")
  func readsAndWrites() throws {
    var generator = SeededGenerator.ofTest("readsAndWrites")
    let bytes = generator.bytes(300_000)
    let file = try makeFile("f", bytes)
    #expect(try file.bytes(at: 0, count: 300_001) == bytes)
    #expect(try file.bytes(at: 299_990, count: 100) == Array(bytes[299_990...]))
    #expect(try file.bytes(at: 300_000, count: 100).isEmpty)
    try file.write([1, 2, 3].rawSpan, at: 299_999)
    #expect(try file.status().size == 300_002)
    try file.seek(to: 299_999)
    #expect(try file.readToEnd(limit: 3) == [1, 2, 3])
    try file.seek(to: 299_998)
    let error = #expect(throws: SystemError.self) { _ = try file.readToEnd(limit: 3) }
    #expect(error?.errno == .fileTooLarge)
    try file.truncate(to: 5)
    #expect(try file.bytes(at: 0, count: 9) == Array(bytes[..<5]))
  }

  @Test("An offset past what the kernel counts is an error")
  func refusesOffsets() throws {
    let file = try makeFile("f")
    for offset in [UInt64.max, 1 << 63] {
      let read = #expect(throws: SystemError.self) { _ = try file.bytes(at: offset, count: 1) }
      #expect(read?.errno == .overflow)
      let write = #expect(throws: SystemError.self) { try file.write([1].rawSpan, at: offset) }
      #expect(write?.errno == .overflow)
    }
  }

  @Test("A pipe gives what was written, and then the end")
  func pipes() throws {
    let pipe = try Linux.Pipe()
    try pipe.writing.write([1, 2, 3].rawSpan)
    let reading = try pipe.reading.duplicate()
    _ = consume pipe
    #expect(try reading.readToEnd(limit: 10) == [1, 2, 3])
  }

  @Test("A list has every name once, whatever its bytes are")
  func lists() throws {
    var names: [[UInt8]] = [Array("a\nb".utf8), [0xFF, 0xFE], [UInt8](repeating: 120, count: 255)]
    names += (0..<700).map { Array("entry number \($0) with a long name".utf8) }
    for name in names { try root.makeDirectory(name) }
    try root.makeNode("fifo", type: .fifo)
    for _ in 0..<2 {
      let entries = try root.entries()
      #expect(entries.count == names.count + 1)
      #expect(Set(entries.map(\.name)) == Set(names + [Array("fifo".utf8)]))
      #expect(entries.first { $0.name == Array("fifo".utf8) }?.type == .fifo)
      #expect(entries.first { $0.name == names[1] }?.type == .directory)
    }
  }

  @Test("A rename replaces, refuses to, or exchanges, as asked")
  func renames() throws {
    _ = try makeFile("a", [1])
    _ = try makeFile("b", [2])
    let error = #expect(throws: SystemError.self) { try root.rename("a", to: "b", .notReplacing) }
    #expect(error?.errno == .fileExists)
    #expect(error?.operation == "renameat2")
    try root.rename("a", to: "b", .exchanging)
    let a = try root.open(beneath: "a")
    #expect(try a.bytes(at: 0, count: 9) == [2])
    try root.makeDirectory("d")
    let d = try root.open(beneath: "d")
    try root.rename("a", to: "c", in: d)
    try d.makeLink("hard", to: "c", in: d)
    #expect(try d.status(of: "hard").linkCount == 2)
    try root.rename("b", to: "b2")
    #expect(try root.hasEntry("b2"))
    #expect(try !root.hasEntry("b"))
    try root.unlink("b2")
    let busy = #expect(throws: SystemError.self) { try root.removeDirectory("d") }
    #expect(busy?.errno == .directoryNotEmpty)
  }

  @Test("Holes are found, punched and counted as zeros")
  func holes() throws {
    let file = try makeFile("f", [UInt8](repeating: 1, count: 1 << 16))
    try file.truncate(to: 1 << 20)
    #expect(try file.nextData(from: 0) == 0)
    #expect(try file.nextHole(from: 0) == 1 << 16)
    #expect(try file.nextData(from: 1 << 17) == nil)
    try file.allocate(at: 0, count: 1 << 12, [.punchHole, .keepSize])
    #expect(try file.bytes(at: 0, count: 4097) == [UInt8](repeating: 0, count: 4096) + [1])
    file.advise(.dontNeed)
  }

  @Test("A lock is held by one open file at a time")
  func locks() throws {
    let one = try makeFile("f")
    let other = try root.open(beneath: "f")
    #expect(try one.lock(waits: false))
    #expect(try !other.lock(waits: false))
    _ = consume one
    #expect(try other.lock(waits: false))
  }

  @Test("Available memory is read from the kernel's text, and clocks run")
  func machine() throws {
    let memory = try #require(Machine.availableMemory())
    #expect(memory > 1 << 20)
    let start = Machine.monotonicTime()
    #expect(Machine.monotonicTime() >= start)
    #expect(Machine.wallClockTime().seconds > 1_700_000_000)
  }
}
