import Btrfs
import Bytes
import Foundation
import Linux
import TestSupport
import Testing
import UpdateBuilder
import UpdateFile

@testable import UpdateInstaller

@Suite("The world changes while an update is applied", .btrfs)
struct InstallFaultTests {
  let bench: InstallBench

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    try bench.apply(bench.update(from: nil, to: 1))
  }

  /// An update from version 1 in several pieces.
  private func longUpdate() throws -> [UInt8] {
    try bench.release(3, "head -c 3000000 /dev/urandom >large")
    let update = try bench.update(from: 1, to: 3)
    #expect(update.count > 3_000_000)
    return update
  }

  /// What a source is refused with; `nil` if it is installed.
  ///
  /// - Parameter change: is called once, when a piece was read and was right.
  private func refusal(
    of source: borrowing Descriptor, meanwhile change: () throws -> Void
  ) throws -> InstallError? {
    var changing: Result<Void, any Error>?
    var refusal: InstallError?
    do throws(InstallError) {
      _ = try bench.device().apply(source, bench.options) { progress in
        if changing == nil, progress.phase == .receiving, progress.completed > 0 {
          changing = Result { try change() }
        }
        return true
      }
    } catch {
      refusal = error
    }
    try #require(changing).get()
    return refusal
  }

  @Test("A file that is changed after its head was verified is found out at the changed piece")
  func changedFile() throws {
    let update = try longUpdate()
    let source = try bench.file(of: update)
    let state = try bench.state()
    let refusal = try refusal(of: source) {
      let file = try bench.mount.open().open(beneath: "update", .writeOnly)
      try file.seek(to: UInt64(update.count - 1000))
      try file.write([~update[update.count - 1000]].rawSpan)
    }
    guard case .damagedPayload? = refusal else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    #expect(try bench.state() == state)
  }

  @Test("A stick that is pulled half-way is a read error, and nothing stays of the update")
  func pulledStick() throws {
    let update = try longUpdate()
    let directory = try TemporaryDirectory()
    let image = directory.path + "/stick"
    try Data(update).write(to: URL(filePath: image))
    try run("truncate", "-s", "%4096", image)
    let name = String(decoding: try run("losetup", "--find", "--show", image), as: UTF8.self)
    let loop = String(name.dropLast())
    defer { _ = try? run("losetup", "--detach", loop) }
    let state = try bench.state()
    let source = try Descriptor.open(loop)
    // What is behind the end of a loop device's file cannot be read.
    let refusal = try refusal(of: source) { try run("truncate", "-s", "1200000", image) }
    guard case .system(let error)? = refusal else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    #expect(error.errno == .inputOutput)
    #expect(try bench.state() == state)
  }

  @Test("A parent that is written to meanwhile gives no version but the one that was signed")
  func parentWrittenTo() async throws {
    let refusal = try await refusalOfBuilt {
      let parent = "\(bench.disk)/sys_root_v1"
      try run("btrfs", "property", "set", "-f", "-ts", parent, "ro", "false")
      try run("sh", "-c", "seq 100001 160000 >\(parent)/numbers; sync -f \(parent)")
    }
    #expect(refusal != nil)
    let status = try bench.device().status()
    #expect(status.versions.map(\.version) == [SystemVersion(1)] && status.leftovers.isEmpty)
  }

  @Test("A parent that is deleted meanwhile ends the installation, and nothing stays of it")
  func parentDeleted() async throws {
    let refusal = try await refusalOfBuilt {
      try Subvolume.delete("sys_root_v1", in: Descriptor.open(bench.disk, .directory))
    }
    #expect(refusal != nil)
    let status = try bench.device().status()
    #expect(status.versions.isEmpty && status.leftovers.isEmpty)
  }

  @Test("A parent that is renamed meanwhile is the same parent")
  func parentRenamed() async throws {
    let refusal = try await refusalOfBuilt {
      try run("mv", "\(bench.disk)/sys_root_v1", "\(bench.disk)/elsewhere")
    }
    #expect(refusal == nil)
    try bench.device().verify(SystemVersion(12))
  }

  /// Applies an update that reads old bytes of its parent, after something happened to that.
  private func refusalOfBuilt(meanwhile change: () throws -> Void) async throws -> InstallError? {
    try bench.release(11, "seq 1 60000 >numbers")
    try bench.release(12, "sed -i 's/^777/x/' numbers; echo more >>etc/version")
    try run("btrfs", "subvolume", "delete", "\(bench.disk)/sys_root_v1")
    let first = try bench.update(from: nil, to: 11)
    try bench.apply(first)
    try run("mv", "\(bench.disk)/sys_root_v11", "\(bench.disk)/sys_root_v1")
    var options = BuildOptions(
      parent: "\(bench.server)/sys_root_v11", child: "\(bench.server)/sys_root_v12",
      output: "\(bench.mount.path)/built", keys: [bench.key])
    options.product = "thermostat"
    options.plan = .send
    _ = try await UpdateBuilder.build(options)
    let file = try Descriptor.open("\(bench.mount.path)/built")
    var isChanged: Result<Void, any Error>?
    var refusal: InstallError?
    do throws(InstallError) {
      _ = try bench.device().apply(file, bench.options) { progress in
        // Staging is a snapshot of the parent already; not a byte of the payload was read.
        if isChanged == nil, progress.phase == .receiving { isChanged = Result { try change() } }
        return true
      }
    } catch {
      refusal = error
    }
    try #require(isChanged).get()
    return refusal
  }

  @Test("A parent that rotted on the disk is a read error, and nothing of it is published")
  func rottenParent() throws {
    let marker = "the-beginning-of-what-is-going-to-rot"
    try bench.release(3, "(echo \(marker); head -c 20000 /dev/zero) >rot")
    try bench.release(4, "echo four >etc/version")
    try bench.apply(bench.update(from: 1, to: 3))
    let update = try bench.update(from: 3, to: 4)
    try run("sync", "-f", bench.disk)
    let places = try run(
      "sh", "-c",
      """
      LC_ALL=C grep -obUaF \(marker) \(bench.mount.image) | cut -d: -f1 | while read place; do
        printf X | dd of=\(bench.mount.image) bs=1 seek=$place conv=notrunc 2>/dev/null; echo $place
      done
      """)
    #expect(!places.isEmpty)
    let state = try bench.state()
    let source = try bench.file(of: update)
    let error = #expect(throws: InstallError.self) {
      try bench.device().apply(source, bench.options)
    }
    guard case .system(let failure)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(failure.errno == .inputOutput)
    #expect(try bench.state() == state)
  }

  @Test("What stock tools left half-received is no version, no parent, and is not overwritten")
  func halfReceived() throws {
    let (stream, cut) = ("\(bench.mount.path)/stream", "\(bench.mount.path)/cut")
    let versions = [1, 2].map { "\(bench.server)/sys_root_v\($0)" }
    try run("btrfs", "send", "-q", "-p", versions[0], versions[1], "-f", stream)
    try run("sh", "-c", "head -c 100000 \(stream) >\(cut)")
    let receiving = try runProgram(["btrfs", "receive", "-f", cut, bench.disk])
    #expect(receiving.status != 0)
    let half = try #require(try bench.device().subvolume("sys_root_v2"))
    #expect(!half.isReadOnly && half.receivedUUID.isZero)
    let state = try bench.state()
    #expect(
      try bench.refusal(of: bench.update(from: 1, to: 2)) == "version 2 is already installed")
    let error = #expect(throws: InstallError.self) {
      try bench.device().activate(SystemVersion(2))
    }
    guard case .versionNotReadOnly? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try bench.release(3, "echo three >etc/version")
    let next = try bench.update(from: 2, to: 3)
    #expect(try bench.refusal(of: next) != nil)
    #expect(try bench.state() == state)
    // Out of the way, and all goes on.
    try run("btrfs", "subvolume", "delete", "\(bench.disk)/sys_root_v2")
    try bench.apply(bench.update(from: 1, to: 2))
    try bench.apply(next)
  }

  @Test("A second call during an installation is told who is at it, and harms nothing")
  func secondCall() throws {
    let source = try bench.file(of: longUpdate())
    let other = try bench.update(from: 1, to: 2)
    let refusal = try refusal(of: source) {
      try Data(other).write(to: URL(filePath: "\(bench.mount.path)/other"))
      let file = try Descriptor.open("\(bench.mount.path)/other")
      let errors = [
        #expect(throws: InstallError.self) { try bench.device().apply(file, bench.options) },
        #expect(throws: InstallError.self) { try bench.device().activate() },
        #expect(throws: InstallError.self) { try bench.device().recover() },
        #expect(throws: InstallError.self) { try bench.device().prune(keeping: 1) },
      ]
      for error in errors {
        guard case .busy(let holder?)? = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
        #expect(holder.command == "apply")
      }
    }
    #expect(refusal == nil)
    try bench.device().verify(SystemVersion(3))
  }

  @Test("Dates decide nothing: an update of 1970 and one of the year 9999 are installed alike")
  func dates() throws {
    try bench.apply(bench.update(from: 1, to: 2) { $0.buildDate = 0 })
    try bench.release(3, "echo three >etc/version")
    try bench.apply(bench.update(from: 2, to: 3) { $0.buildDate = 253_402_300_799 })
    try bench.device().verify(SystemVersion(3))
  }
}

@Suite("What time it is")
struct ClockTests {
  @Test("Only the stick's log asks: a device whose clock says 1970 does all the same")
  func readers() throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources").standardizedFileURL
    let files = try #require(
      FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    var readers: Set<String> = []
    var count = 0
    for case let file as URL in files where ["swift", "h", "c"].contains(file.pathExtension) {
      count += 1
      let text = try String(contentsOf: file, encoding: .utf8)
      let words = ["wallClockTime", "CLOCK_REALTIME", "gettimeofday", "time(nil)", "time(NULL)"]
      if words.contains(where: text.contains) { readers.insert(file.lastPathComponent) }
    }
    #expect(count > 100)
    #expect(readers == ["Machine.swift", "StickSession.swift"])
  }
}
