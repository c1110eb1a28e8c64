import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Deleting old versions", .btrfs)
struct PruneTests {
  let disk = InstallDisk()

  private func versions() throws -> [UInt64] {
    try disk.device().installedVersions().map(\.version.number)
  }

  /// Versions 1 to `count`; `current` and `last` are made of those.
  private func prepare(_ count: UInt64, current: UInt64, last: UInt64) throws {
    for number in 1...count { try disk.makeVersion(number) }
    try disk.device().activate(SystemVersion(last))
    try disk.device().activate(SystemVersion(current))
  }

  private func keepManifests() throws {
    let device = try LockedDevice(disk.device(), for: "test")
    for version in try disk.device().installedVersions() {
      try device.state.keep(manifest: [1], of: version.version)
    }
  }

  private func manifests() throws -> [String] {
    let top = try disk.mount.open()
    return try top.open(beneath: ".btrfs-update/manifests", .directory).entries()
      .map { String(decoding: $0.name, as: UTF8.self) }.sorted()
  }

  @Test("The newest stay, and what current and last were made of; the rest goes, oldest first")
  func keeps() throws {
    try prepare(6, current: 4, last: 2)
    try keepManifests()
    let report = try disk.device().prune()
    #expect(report.deleted.map(\.version.number) == [1, 3])
    #expect(
      report.kept.map { "\($0.version) \($0.reason)" } == [
        "2 sys_root_last was made of it", "4 sys_root_current was made of it",
        "5 it is one of the newest", "6 it is one of the newest",
      ])
    #expect(try versions() == [2, 4, 5, 6])
    #expect(try manifests() == ["v2", "v4", "v5", "v6"])
    #expect(try disk.device().prune().deleted.isEmpty)
    #expect(try disk.device().prune(keeping: 0).deleted.map(\.version.number) == [5, 6])
    #expect(try disk.contents(of: "sys_root_current") == 4)
    #expect(try disk.contents(of: "sys_root_last") == 2)
  }

  @Test("Where no record says so, the kernel knows what current was made of")
  func withoutRecord() throws {
    try prepare(4, current: 1, last: 2)
    try run("rm", "\(disk.mount.path)/.btrfs-update/origins")
    #expect(try disk.device().prune(keeping: 0).deleted.map(\.version.number) == [3, 4])
  }

  @Test("What runs stays, and what it is a snapshot of, wherever it is and however it is known")
  func running() throws {
    try prepare(5, current: 5, last: 5)
    let top = try disk.mount.open()
    try run(
      "btrfs", "subvolume", "snapshot", "\(disk.mount.path)/sys_root_v2",
      "\(disk.mount.path)/elsewhere")
    let elsewhere = try Subvolume.info(of: top.open(beneath: "elsewhere", .directory))
    let third = try #require(try disk.device().subvolume("sys_root_v3"))
    func kept(_ running: RunningSystem) throws -> [UInt64] {
      var device = try disk.device()
      device.running = running
      return try device.prune(keeping: 1, isRehearsal: true).kept
        .filter { $0.reason == .running }.map(\.version.number)
    }
    #expect(try kept(RunningSystem(uuid: nil, bootID: nil)) == [])
    #expect(
      try kept(
        RunningSystem(uuid: elsewhere.uuid, parentUUID: elsewhere.parentUUID, bootID: nil)) == [2])
    #expect(try kept(RunningSystem(uuid: third.uuid, bootID: nil)) == [3])
    #expect(try kept(RunningSystem(uuid: nil, namedID: elsewhere.id, bootID: nil)) == [2])
    // An id says nothing where it is known better: another file system has the same ones.
    #expect(try kept(RunningSystem(uuid: SubvolumeUUID.none, namedID: third.id, bootID: nil)) == [])
  }

  @Test("A rehearsal changes nothing, not even a leftover")
  func rehearsal() throws {
    try prepare(4, current: 2, last: 1)
    let top = try disk.mount.open()
    try Subvolume.create(".sys_root_v9.staging", in: top)
    let before = try disk.names()
    let report = try disk.device().prune(keeping: 1, isRehearsal: true)
    #expect(report.deleted.map(\.version.number) == [3])
    #expect(try disk.names() == before)
  }

  @Test("What is mounted or the default subvolume stays, under its name")
  func inUse() throws {
    try prepare(5, current: 5, last: 5)
    let directory = try TemporaryDirectory()
    try run("mount", "-o", "subvol=sys_root_v1", try disk.loop(), directory.path)
    try run("btrfs", "subvolume", "set-default", "\(disk.mount.path)/sys_root_v2")
    do {
      defer { try? unmount(directory.path) }
      let report = try disk.device().prune(keeping: 1)
      #expect(report.deleted.map(\.version.number) == [3, 4])
      #expect(
        report.kept.map(\.reason) == [.kept(.mounted), .kept(.refused), .madeCurrent])
    }
    #expect(try versions() == [1, 2, 5])
    try run("btrfs", "subvolume", "set-default", "5", disk.mount.path)
    #expect(try disk.device().prune(keeping: 1).deleted.map(\.version.number) == [1, 2])
  }

  @Test("With quotas on, it is known what comes back")
  func quotas() throws {
    try run("btrfs", "quota", "enable", disk.mount.path)
    try prepare(3, current: 3, last: 3)
    try run(
      "sh", "-ec",
      """
      cd \(disk.mount.path); btrfs property set sys_root_v1 ro false
      head -c 3000000 /dev/urandom >sys_root_v1/more; btrfs property set sys_root_v1 ro true
      sync; btrfs quota rescan -w .
      """)
    let report = try disk.device().prune(keeping: 1)
    let bytes = try report.deleted.map { try #require($0.bytes) }
    #expect(bytes.count == 2 && bytes[0] > 3_000_000 && bytes[1] < 1_000_000)
  }

  @Test("A kill in place of any call leaves each version whole or gone")
  func killed() throws {
    var ends: Set<[UInt64]> = []
    for call in 1... {
      try disk.clear()
      try prepare(4, current: 4, last: 3)
      try keepManifests()
      let isDone = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in
        (try? disk.device().prune(keeping: 1))?.kept.count == 2
      }
      let left = try versions()
      ends.insert(left)
      for version in left {
        #expect(try disk.contents(of: "sys_root_v\(version)") == version, "call \(call)")
      }
      try disk.device().recover()
      #expect(try manifests() == left.map { "v\($0)" }, "call \(call)")
      #expect(try disk.device().prune(keeping: 1).kept.count == 2, "call \(call)")
      #expect(try versions() == [3, 4] && manifests() == ["v3", "v4"], "call \(call)")
      if isDone { break }
    }
    #expect(ends == [[1, 2, 3, 4], [2, 3, 4], [3, 4]])
  }

  @Test("Any one failing call is told, or its version is kept")
  func failing() throws {
    for call in 1... {
      try disk.clear()
      try prepare(4, current: 4, last: 3)
      var wasReached = true
      var report: PruneReport?
      FaultInjection.with(.fail(at: call, .inputOutput), counting: .all) { injection in
        report = try? disk.device().prune(keeping: 1)
        wasReached = injection.count >= call
      }
      if let report {
        let all = Set(report.deleted.map(\.version.number) + report.kept.map(\.version.number))
        #expect(all == [1, 2, 3, 4], "call \(call)")
        #expect(try versions() == report.kept.map(\.version.number), "call \(call)")
      }
      #expect(try disk.device().prune(keeping: 1).kept.count == 2, "call \(call)")
      if !wasReached { break }
    }
  }
}
