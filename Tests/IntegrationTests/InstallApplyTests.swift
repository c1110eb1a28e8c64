import Btrfs
import Bytes
import Crypto
import Linux
import Signing
import TestSupport
import Testing
import Tree
import UpdateBuilder
import UpdateFile

@testable import UpdateInstaller

@Suite("Installing updates", .btrfs)
struct InstallApplyTests {
  let bench: InstallBench

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
  }

  @Test("A full update makes an empty device one with a first version")
  func full() throws {
    let installation = try bench.apply(bench.update(from: nil, to: 1))
    #expect(installation.version == SystemVersion(1))
    #expect(installation.signers == [bench.key.verificationKey.keyID])
    #expect(installation.hasSignedTimes && installation.changes.isEmpty)
    #expect(
      try bench.tree("\(bench.disk)/sys_root_v1") == bench.tree("\(bench.server)/sys_root_v1"))
    let status = try bench.device().status()
    let version = try #require(status.versions.first)
    #expect(version.isReadOnly && version.isUntouched == true)
    #expect(version.uuid == installation.uuid)
    let source = try Subvolume.info(of: Descriptor.open("\(bench.server)/sys_root_v1", .directory))
    #expect(version.receivedUUID == source.uuid)
    #expect(status.leftovers.isEmpty && status.floor == nil)
    try bench.device().verify(SystemVersion(1))
    try bench.device().activate()
    #expect(try bench.device().status().current?.version == SystemVersion(1))
  }

  @Test("An update starts from what was installed, and the kernel's own receive agrees")
  func incremental() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    try bench.apply(bench.update(from: 1, to: 2))
    #expect(
      try bench.tree("\(bench.disk)/sys_root_v2") == bench.tree("\(bench.server)/sys_root_v2"))
    let difference = try run(
      "rsync", "-naHAXc", "--delete", "--itemize-changes", "\(bench.server)/sys_root_v2/",
      "\(bench.disk)/sys_root_v2/")
    #expect(String(decoding: difference, as: UTF8.self) == "")
    try bench.device().verify(SystemVersion(1))
    try bench.device().verify(SystemVersion(2))
  }

  @Test("A pipe will do")
  func pipe() throws {
    let fifo = "\(bench.mount.path)/fifo"
    let update = try bench.update(from: nil, to: 1)
    try run("mkfifo", fifo)
    let writer = try SignalBlockedThread {
      do throws(SystemError) {
        let end = try Descriptor.open(fifo, .writeOnly)
        try end.write(update.rawSpan)
      } catch {
        Issue.record("\(error)")
      }
    }
    _ = try bench.device().apply(Descriptor.open(fifo), bench.options)
    writer.join()
    try bench.device().verify(SystemVersion(1))
  }

  @Test("The original snapshot itself may be the parent: a device flashed with the server's image")
  func original() throws {
    let update = try bench.update(from: 1, to: 2)
    // A read-only subvolume cannot change directory.
    let version = try Descriptor.open("\(bench.server)/sys_root_v1", .directory)
    try Subvolume.setReadOnly(false, version)
    try run("mv", "\(bench.server)/sys_root_v1", "\(bench.disk)/sys_root_v1")
    try Subvolume.setReadOnly(true, version)
    let installation = try bench.apply(update)
    #expect(installation.hasSignedTimes)
    try bench.device().verify(SystemVersion(2))
  }

  @Test("A tree that came another way is adopted by its name, if its contents are right")
  func adopted() throws {
    try run("btrfs", "subvolume", "create", "\(bench.disk)/sys_root_v1")
    try run("cp", "-a", "\(bench.server)/sys_root_v1/.", "\(bench.disk)/sys_root_v1/")
    let installation = try bench.apply(bench.update(from: 1, to: 2))
    #expect(installation.hasSignedTimes)
    try bench.device().verify(SystemVersion(2))
    let error = #expect(throws: InstallError.self) {
      try bench.device().verify(SystemVersion(1))
    }
    #expect(error?.description == "there is no record of what sys_root_v1 should be")
  }

  @Test("An adopted tree without nanoseconds is good for all updates to come, only not for times")
  func adoptedWithoutTimes() throws {
    try run("btrfs", "subvolume", "create", "\(bench.disk)/sys_root_v1")
    try run("cp", "-a", "\(bench.server)/sys_root_v1/.", "\(bench.disk)/sys_root_v1/")
    try run(
      "sh", "-ec",
      "cd \(bench.disk)/sys_root_v1; find . | while read f; do "
        + "touch -h -d @$(stat -c %Y \"$f\") \"$f\"; done")
    #expect(try !bench.apply(bench.update(from: 1, to: 2)).hasSignedTimes)
    try bench.release(3, "echo three >etc/version")
    #expect(try !bench.apply(bench.update(from: 2, to: 3)).hasSignedTimes)
    for version: UInt64 in 2...3 { try bench.device().verify(SystemVersion(version)) }
    #expect(
      try bench.tree("\(bench.disk)/sys_root_v3").content
        == bench.tree("\(bench.server)/sys_root_v3").content)
    // Full updates do not depend on it.
    try bench.release(4, "echo four >etc/version")
    #expect(try bench.apply(bench.update(from: nil, to: 4)).hasSignedTimes)
  }

  @Test("Of two subvolumes with the parent's received UUID, the one that is untouched is taken")
  func duplicates() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    let disk = try Descriptor.open(bench.disk, .directory)
    let version = try disk.open(beneath: "sys_root_v1", .directory)
    try Subvolume.snapshot(of: version, as: "a_copy", in: disk, readOnly: true)
    // One has the name, and then is modified; then the other way round.
    for modified in ["sys_root_v1", "a_copy"] {
      let other = try disk.open(beneath: modified, .directory)
      try Subvolume.setReadOnly(false, other)
      try run("sh", "-c", "echo bad >\(bench.disk)/\(modified)/etc/version")
      try Subvolume.setReadOnly(true, other)
      if modified == "a_copy" {
        try Subvolume.delete("sys_root_v1", in: disk)
        try Subvolume.delete("sys_root_v2", in: disk)
        try bench.apply(bench.update(from: nil, to: 1))
      }
      try bench.apply(bench.update(from: 1, to: 2))
      try bench.device().verify(SystemVersion(2))
    }
  }

  @Test("A parent that was written to is looked at: taken if it is still the same, else refused")
  func modified() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    let update = try bench.update(from: 1, to: 2)
    let version = try Descriptor.open("\(bench.disk)/sys_root_v1", .directory)
    func write(_ script: String) throws {
      try Subvolume.setReadOnly(false, version)
      try run("sh", "-ec", "cd \(bench.disk)/sys_root_v1; \(script)")
      try Subvolume.setReadOnly(true, version)
    }
    try write("echo bad >>etc/keep")
    try FileSystem.commit(version)
    #expect(try bench.device().status().versions.first?.isUntouched == false)
    let state = try bench.state()
    #expect(
      try bench.refusal(of: update)
        == "sys_root_v1 was modified: it is not what the update starts from")
    let error = #expect(throws: InstallError.self) {
      try bench.device().verify(SystemVersion(1))
    }
    #expect(error?.description == "sys_root_v1 is not what was signed any more")
    #expect(try bench.state() == state)
    try write("echo keep >etc/keep; touch -r \(bench.server)/sys_root_v1/etc/keep etc/keep")
    #expect(try bench.apply(update).hasSignedTimes)
    try bench.device().verify(SystemVersion(1))
    try bench.device().verify(SystemVersion(2))
  }

  @Test("Progress comes phase after phase, and a no at any moment ends it without a trace")
  func cancel() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    let version = try Descriptor.open("\(bench.disk)/sys_root_v1", .directory)
    try Subvolume.setReadOnly(false, version)
    let update = try bench.update(from: 1, to: 2)
    let state = try bench.state()
    var phases: [InstallProgress.Phase] = []
    for count in 0... {
      phases = []
      let error: InstallError?
      do throws(InstallError) {
        try bench.apply(update) { progress in
          phases.append(progress.phase)
          return phases.count <= count
        }
        error = nil
      } catch let caught { error = caught }
      guard let error else { break }
      try #require(error.description == "stopped on request")
      #expect(try bench.state() == state)
    }
    let order = InstallProgress.Phase.allCases
    let indices = phases.compactMap { order.firstIndex(of: $0) }
    #expect(indices == indices.sorted() && Set(indices) == [0, 1, 2, 3])
  }

  @Test("What the builder makes installs, patches and all")
  func built() async throws {
    var options = BuildOptions(
      parent: "\(bench.server)/sys_root_v1", child: "\(bench.server)/sys_root_v2",
      output: "\(bench.mount.path)/built", keys: [bench.key])
    options.product = "thermostat"
    options.plan = .send
    _ = try await UpdateBuilder.build(options)
    try bench.apply(bench.update(from: nil, to: 1))
    let file = try Descriptor.open("\(bench.mount.path)/built")
    _ = try bench.device().apply(file, bench.options)
    #expect(
      try bench.tree("\(bench.disk)/sys_root_v2") == bench.tree("\(bench.server)/sys_root_v2"))
  }
}
