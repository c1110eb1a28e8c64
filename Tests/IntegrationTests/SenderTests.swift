import Btrfs
import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@Suite("Sending", .btrfs)
final class SenderTests {
  let mount = BtrfsFixture.current
  let top: Descriptor

  init() throws { top = try mount.open() }

  /// Two read-only snapshots, some megabytes apart.
  private func makeSnapshots() throws {
    var generator = SeededGenerator.ofTest("makeSnapshots")
    try Subvolume.create("work", in: top)
    let work = try top.open(beneath: "work")
    for index in 0..<20 {
      let file = try work.open(beneath: "file\(index)", [.writeOnly, .create])
      let bytes = generator.bytes(200_000)
      try file.write(bytes.rawSpan)
    }
    try Subvolume.snapshot(of: work, as: "v1", in: top, readOnly: true)
    let file = try work.open(beneath: "file3", [.readWrite])
    let bytes = generator.bytes(5000)
    try file.write(bytes.rawSpan, at: 70_000)
    let clone = try work.open(beneath: "clone", [.readWrite, .create])
    let source = try work.open(beneath: "file5")
    try clone.cloneRange(from: source, at: 0, count: 65536, to: 0)
    try work.rename("file7", to: "renamed")
    try work.unlink("file8")
    try Subvolume.snapshot(of: work, as: "v2", in: top, readOnly: true)
    // btrfs send does so, too: delayed allocations are not seen otherwise.
    try FileSystem.commit(top)
  }

  private func send(
    _ name: String, parent: String? = nil, cloneSourceIDs: [UInt64] = [],
    _ options: SendOptions = SendOptions()
  ) throws -> [UInt8] {
    let subvolume = try top.open(beneath: name)
    var parentID: UInt64?
    if let parent {
      let parent = try top.open(beneath: parent)
      parentID = try Subvolume.info(of: parent).id
    }
    var sender = try Sender(
      subvolume, parentID: parentID, cloneSourceIDs: cloneSourceIDs, options)
    var stream: [UInt8] = []
    while true {
      let part = try read(&sender, 65536)
      if part.isEmpty { break }
      stream += part
    }
    try sender.finish()
    return stream
  }

  private func read(_ sender: inout Sender, _ room: Int) throws -> [UInt8] {
    try [UInt8].reading(capacity: room) { (out) throws(SystemError) in
      try sender.read(into: &out)
    }
  }

  /// Interrupts every thread of this process all the time while a closure runs.
  private func interrupted(_ body: () throws -> Void) throws {
    signal(SIGUSR2) { _ in }
    let done = DispatchSemaphore(value: 0)
    let gone = DispatchSemaphore(value: 0)
    let thread = Thread {
      while done.wait(timeout: .now()) == .timedOut {
        // Sent to a thread's own number, a signal goes to that thread if it does not block it.
        let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
        for thread in (threads ?? []).compactMap({ pid_t($0) }) { kill(thread, SIGUSR2) }
      }
      gone.signal()
    }
    thread.start()
    defer {
      done.signal()
      gone.wait()
    }
    try body()
  }

  @Test("The stream is what btrfs send writes, byte for byte, while signals arrive")
  func equalsProgram() throws {
    try makeSnapshots()
    let (v1, v2) = (mount.path + "/v1", mount.path + "/v2")
    let full = try run("btrfs", "send", "-q", v1)
    let incremental = try run("btrfs", "send", "-q", "-p", v1, v2)
    let second = try run("btrfs", "send", "-q", "--proto", "2", "-p", v1, v2)
    let compressed = try run("btrfs", "send", "-q", "--compressed-data", v2)
    let empty = try run("btrfs", "send", "-q", "--no-data", "-p", v1, v2)
    #expect(full.count > 4_000_000 && incremental.count < 1_000_000)
    #expect(incremental != second)
    try interrupted { () throws in
      #expect(try firstDifference(send("v1"), full) == nil)
      #expect(try firstDifference(send("v2", parent: "v1"), incremental) == nil)
      #expect(try firstDifference(send("v2", parent: "v1", SendOptions(version: 2)), second) == nil)
      let options = SendOptions(version: 2, keepsCompressedExtents: true)
      #expect(try firstDifference(send("v2", options), compressed) == nil)
      #expect(
        try firstDifference(send("v2", parent: "v1", SendOptions(omitsFileData: true)), empty)
          == nil)
    }
  }

  @Test("Header and end are left out where several subvolumes make one stream")
  func joinsStreams() throws {
    try makeSnapshots()
    let (v1, v2) = (mount.path + "/v1", mount.path + "/v2")
    let both = try run("btrfs", "send", "-q", "-e", v1, v2)
    let first = try send("v1", SendOptions(omitsEndCommand: true))
    let second = try send("v2", SendOptions(omitsStreamHeader: true))
    #expect(firstDifference(first + second, both) == nil)
  }

  @Test("Ranges are cloned from further sources that the receiver has")
  func usesCloneSources() throws {
    try makeSnapshots()
    let (v1, v2) = (mount.path + "/v1", mount.path + "/v2")
    let expected = try run("btrfs", "send", "-q", "-c", v1, v2)
    // The program takes the only clone source for the parent as well.
    let id = try Subvolume.info(of: top.open(beneath: "v1")).id
    #expect(try firstDifference(send("v2", parent: "v1", cloneSourceIDs: [id]), expected) == nil)
    let cloned = try send("v2", cloneSourceIDs: [id])
    #expect(try cloned.count < send("v2").count / 10)
  }

  @Test("What the ioctl fails with is thrown, and not taken for the end")
  func throwsErrors() throws {
    try Subvolume.create("writable", in: top)
    let error = #expect(throws: SystemError.self) { _ = try send("writable") }
    #expect(error?.operation == "BTRFS_IOC_SEND")
    #expect(error?.errno == .notPermitted)
    #expect(error?.path == mount.path + "/writable")
  }

  @Test("Ending early cancels, without waiting for anybody to read")
  func cancels() throws {
    try makeSnapshots()
    let subvolume = try top.open(beneath: "v1")
    let error = #expect(throws: SystemError.self) {
      var sender = try Sender(subvolume)
      #expect(try read(&sender, 17).count == 17)
      try sender.finish()
    }
    #expect(error?.errno == .canceled)
    for _ in 0..<20 { _ = try Sender(subvolume) }
  }
}
