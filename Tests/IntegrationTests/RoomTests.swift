import Bytes
import Linux
import Signing
import TestSupport
import Testing
import UpdateFile

@testable import Btrfs
@testable import UpdateInstaller

@Suite("How much room there is")
struct SpaceInfoTests {
  private static let mebibyte: UInt64 = 1 << 20

  private func space(
    _ data: BlockGroupProfile, _ metadata: BlockGroupProfile, unallocated: [UInt64]
  ) -> SpaceInfo {
    var info = SpaceInfo(availableData: 0)
    (info.totalData, info.usedData) = (100, 40)
    (info.totalMetadata, info.usedMetadata, info.reservedMetadata) = (100, 50, 20)
    (info.dataProfile, info.metadataProfile) = (data, metadata)
    info.unallocated = unallocated
    return info
  }

  @Test("Each kind has its own block groups, and metadata takes the first of what is unallocated")
  func kinds() {
    let info = space(.single, .dup, unallocated: [100])
    #expect(info.shortage(data: 160, metadata: 30) == nil)
    #expect(info.shortage(data: 161, metadata: 30) == .data(needed: 161, available: 160))
    #expect(info.shortage(data: 60, metadata: 80) == nil)
    #expect(info.shortage(data: 0, metadata: 81) == .metadata(needed: 81, available: 80))
    #expect(info.shortage(data: 61, metadata: 80) == .data(needed: 61, available: 60))
    #expect(info.shortage(data: 110, metadata: 55) == nil)
    #expect(info.shortage(data: 111, metadata: 55) == .data(needed: 111, available: 110))
    #expect(info.shortage(data: .max, metadata: 0) == .data(needed: .max, available: 160))
  }

  @Test("Mixed block groups hold both")
  func mixed() {
    var info = space(.single, .single, unallocated: [50])
    info.isMixed = true
    #expect(info.shortage(data: 40, metadata: 40) == nil)
    #expect(info.shortage(data: 40, metadata: 41) == .data(needed: 81, available: 80))
    #expect(info.shortage(data: .max, metadata: 1) == .data(needed: .max, available: 80))
  }

  @Test("Copies must be on different devices; a large one does not help a small one")
  func profiles() {
    let sizes: [UInt64] = [1000, 100, 60]
    let expected: [BlockGroupProfile: UInt64] = [
      .single: 1160, .dup: 580, .raid1: 160, .raid1c3: 60, .raid1c4: 0, .raid5: 160, .raid6: 60,
    ]
    for (profile, capacity) in expected {
      #expect(profile.capacity(of: sizes) == capacity, "\(profile)")
      #expect(profile.capacity(of: []) == 0)
    }
    #expect(BlockGroupProfile.raid1.capacity(of: [70, 80, 90]) == 120)
    #expect(BlockGroupProfile.single.capacity(of: [.max, .max]) == .max)
    #expect(BlockGroupProfile.allCases.sorted() == BlockGroupProfile.allCases)
  }
}

@Suite("Applying where there is little room", .btrfs(megabytes: 256))
struct RoomTests {
  let bench: InstallBench

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    try bench.apply(bench.update(from: nil, to: 1))
  }

  private func shell(_ script: String) throws {
    try run("bash", "-ec", "cd \(bench.mount.path); \(script)")
  }

  /// An update that says that it needs next to nothing.
  private func modest(_ parent: UInt64?, _ version: UInt64) throws -> [UInt8] {
    try bench.update(from: parent, to: version) {
      ($0.needs.diskData, $0.needs.diskMetadata) = (0, 0)
    }
  }

  /// What an update is refused with that lies on another disk.
  private func refusal(of update: [UInt8]) throws -> InstallError? {
    let directory = try TemporaryDirectory()
    let file = try directory.open().open(beneath: "update", [.readWrite, .create])
    try file.write(update.rawSpan)
    try file.seek(to: 0)
    do throws(InstallError) {
      _ = try bench.device().apply(file, bench.options)
      return nil
    } catch { return error }
  }

  private func expectFull(_ update: [UInt8]) throws {
    let state = try bench.state()
    let error = try refusal(of: update)
    guard case .spaceExhausted = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try bench.state() == state)
  }

  /// All that is not allocated becomes a file's.
  private let fillData = "sync; if dd if=/dev/zero of=full bs=1M 2>/dev/null; then exit 1; fi; sync"

  @Test("A disk without room for data: refused by the promise, else while applying")
  func data() throws {
    let honest = try bench.update(from: 1, to: 2) { $0.needs.diskData = 32 << 20 }
    let update = try modest(1, 2)
    try shell(fillData)
    try expectFull(update)
    #expect(
      try refusal(of: honest)?.description.hasPrefix(
        "the update needs 33554432 bytes of disk space, ")
        == true)
    try shell("rm full; sync")
    try bench.apply(update)
  }

  @Test("A disk without room for metadata, while data has room")
  func metadata() throws {
    let update = try modest(1, 2)
    let promise = try bench.update(from: 1, to: 2) { $0.needs.diskMetadata = 16 << 20 }
    try shell(
      """
      python3 - <<'END'
      import os
      os.mkdir("full")
      try:
        for i in range(1000):
          with open("full/%d" % i, "wb") as f: f.write(bytes(1 << 20))
          if i % 16 == 0: os.sync()
      except OSError: pass
      os.sync()
      for i in range(0, 1000, 4):
        if os.path.exists("full/%d" % i): os.unlink("full/%d" % i)
      os.sync()
      os.mkdir("small")
      try:
        for i in range(200000):
          with open("small/%d" % i, "wb") as f: f.write(bytes(2000))
      except OSError: pass
      END
      sync
      """)
    let top = try bench.mount.open()
    let space = try FileSystem.space(in: top)
    #expect(space.totalData - space.usedData > 20 << 20)
    #expect(
      try refusal(of: promise)?.description.hasPrefix(
        "the update needs 16777216 bytes of disk space for metadata, ") == true)
    try expectFull(update)
    try run("rm", "-r", "\(bench.mount.path)/small", "\(bench.mount.path)/full")
    try run("sync", "-f", bench.mount.path)
    try bench.apply(update)
  }

  @Test(
    "With simple quotas, the groups around count the new version: refused at once, or while applying"
  )
  func simpleQuota() throws {
    let (update, modest) = (try bench.update(from: 1, to: 2), try modest(1, 2))
    try shell(
      """
      python3 - <<'END'
      import fcntl, os, struct
      # BTRFS_IOC_QUOTA_CTL, BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA
      fcntl.ioctl(os.open(".", os.O_RDONLY), 0xc0109428, struct.pack("QQ", 4, 0))
      END
      btrfs qgroup create 1/0 .; btrfs qgroup assign --no-rescan 0/5 1/0 .
      btrfs qgroup limit 1M 1/0 .; sync
      """)
    let state = try bench.state()
    let refusal = try bench.refusal(of: update)
    #expect(
      refusal?.hasPrefix("the update needs 2097152 bytes of disk space, quota group 1/0 leaves ")
        == true, "\(refusal ?? "applied")")
    #expect(try bench.state() == state)
    let top = try bench.mount.open()
    let quotas = try #require(try FileSystem.quotas(in: top))
    #expect(quotas.isSimple && quotas.ancestors(of: 5) == [1 << 48])
    // What is reached only while applying is a full disk.
    try shell("btrfs qgroup limit 100K 1/0 .; sync")
    try expectFull(modest)
  }

  @Test("A read-only file system refuses without a word about the update")
  func readOnly() throws {
    let source = try bench.file(of: bench.update(from: 1, to: 2))
    try source.sync()
    _ = consume source
    let update = try Descriptor.open("\(bench.mount.path)/update")
    let state = try bench.state()
    try run("mount", "-o", "remount,ro", bench.mount.path)
    let error = #expect(throws: InstallError.self) {
      _ = try bench.device().apply(update, bench.options)
    }
    guard case .system(let system) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(system.errno == .readOnlyFileSystem)
    try run("mount", "-o", "remount,rw", bench.mount.path)
    #expect(try bench.state() == state)
  }

  @Test("Old versions make room, as few as it takes, and never the parent")
  func pruning() throws {
    for version: UInt64 in 3...6 {
      try bench.release(
        version, "head -c 3000000 /dev/urandom >big\(version); rm -f big\(version - 1)")
      try bench.apply(bench.update(from: version == 3 ? 1 : version - 1, to: version))
    }
    try bench.release(7, "echo seven >etc/version")
    let top = try bench.mount.open()
    func free() throws -> UInt64 {
      let space = try FileSystem.space(in: top)
      return try #require(
        {
          if case .data(_, let free)? = space.shortage(data: 1 << 50, metadata: 0) {
            free
          } else {
            nil
          }
        }())
    }
    let needed = try free() + (1 << 20)
    let update = try bench.update(from: 1, to: 7) { $0.needs.diskData = needed }
    #expect(try bench.refusal(of: update)?.contains("bytes of disk space") == true)
    var options = bench.options
    options.pruning = .whenShort(keeping: 2)
    let installation = try bench.apply(update, options)
    // The parent is the oldest, and stays; one more is enough.
    #expect(installation.changes == [.deleted(name: "sys_root_v3")])
    #expect(try bench.device().installedVersions().map(\.version.number) == [1, 4, 5, 6, 7])
    options.pruning = .always(keeping: 1)
    try bench.release(8, "echo eight >etc/version")
    try bench.apply(bench.update(from: 7, to: 8), options)
    #expect(try bench.device().installedVersions().map(\.version.number) == [7, 8])
  }

  @Test("Nothing is deleted where that would not help")
  func pruningInVain() throws {
    try bench.apply(bench.update(from: 1, to: 2))
    try bench.release(3, "echo three >etc/version")
    var options = bench.options
    options.pruning = .whenShort(keeping: 0)
    options.product = "oven"
    let update = try bench.update(from: 2, to: 3) { $0.needs.diskData = 1 << 40 }
    #expect(try bench.refusal(of: update, options)?.hasPrefix("the update is for") == true)
    options.product = bench.options.product
    #expect(try bench.refusal(of: update, options)?.contains("bytes of disk space") == true)
    #expect(try bench.device().installedVersions().map(\.version.number) == [1, 2])
  }

  @Test("What was written is told")
  func written() throws {
    let installation = try bench.apply(bench.update(from: 1, to: 2))
    let written = try #require(installation.bytesWritten)
    #expect(written > 200_000 && written < 64 << 20, "\(written)")
    var options = bench.options
    options.minimumFree = 1 << 40
    try bench.release(3, "echo three >etc/version")
    #expect(
      try bench.refusal(of: bench.update(from: 2, to: 3), options)?.contains("of disk space")
        == true)
  }
}
