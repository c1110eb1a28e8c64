import Btrfs
import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Factory resets", .btrfs)
struct FactoryResetTests {
  let disk = InstallDisk()

  private func shell(_ script: String) throws {
    try run("bash", "-ec", "cd \(disk.mount.path); \(script)")
  }

  /// Version 2 is current and 1 is last, both with what a user left in them; `home` beside them.
  private func prepare() throws {
    try disk.makeTypical()
    try shell(
      """
      echo mine >sys_root_current/mine; echo mine >sys_root_last/mine; echo key >sys_root_current/key
      btrfs subvolume create home; mkdir home/me; echo mine >home/me/diary; chmod 751 home
      chown 3:4 home; setfattr -n user.a -v b home; btrfs subvolume create data; echo 1 >data/x
      """)
  }

  @Test("The fresh system is as it was delivered, and nothing of the user stays")
  func fresh() throws {
    try prepare()
    let changes = try disk.device().factoryReset(
      keeping: PersistList(texts: ["key"]), wiping: ["home"])
    #expect(changes.contains(.wiped(name: "home")))
    #expect(try disk.contents(of: "sys_root_current") == 2)
    #expect(try disk.uuid("sys_root_last") == nil)
    try shell(
      """
      test ! -e sys_root_current/mine; test $(cat sys_root_current/key) = key
      test -z "$(ls -A home)"; test "$(stat -c '%a %u %g' home)" = "751 3 4"
      test $(getfattr --only-values -n user.a home) = b; test $(cat data/x) = 1
      """)
    #expect(
      try disk.names() == [
        ".btrfs-update", "backend", "data", "floor", "home", "lock", "origins", "sys_root_current",
        "sys_root_v1", "sys_root_v2", "sys_root_v3", "verdicts",
      ])
    #expect(try disk.device().status().current?.version == SystemVersion(2))
    #expect(try disk.device().recover() == [])
  }

  @Test("Another version, and with what was current kept as last")
  func otherVersion() throws {
    try prepare()
    let current = try disk.uuid("sys_root_current")
    try disk.device().factoryReset(to: SystemVersion(1), keepsLast: true)
    #expect(try disk.contents(of: "sys_root_current") == 1)
    #expect(try disk.uuid("sys_root_last") == current)
    try shell("test ! -e sys_root_current/mine; test -e sys_root_last/mine; test -e home/me/diary")
  }

  @Test("What has not proved itself, or is not to be wiped, is refused, and nothing changes")
  func refused() throws {
    try prepare()
    try run("mkdir", "\(disk.mount.path)/plain")
    let (before, current) = (try disk.names(), try disk.uuid("sys_root_current"))
    func refusal(_ version: UInt64?, _ names: [String]) throws -> String? {
      let device = try disk.device()
      do throws(InstallError) {
        try device.factoryReset(to: version.map { SystemVersion($0) }, wiping: names)
        return nil
      } catch { return error.description }
    }
    #expect(try refusal(3, [])?.hasPrefix("version 3 was never found good") == true)
    #expect(try refusal(0, []) == "version 0 is not installed")
    for name in [
      "plain", "none", "sys_root_v1", "sys_root_last", ".btrfs-update", "", "a/b", "..", ".",
    ] {
      #expect(try refusal(nil, ["home", name])?.contains("cannot be wiped") == true, "\(name)")
    }
    #expect(try disk.names() == before)
    #expect(try disk.uuid("sys_root_current") == current)
  }

  @Test("What was never good is no ground for a reset, also below the floor; nor what failed later")
  func proven() throws {
    try disk.makeTypical()
    func isProven(_ version: UInt64) throws -> Bool {
      let device = try disk.device()
      do throws(InstallError) {
        try device.factoryReset(to: SystemVersion(version), wiping: ["none"])
      } catch {
        switch error {
        case .notProven: return false
        case .notWipeable: return true
        default: throw error
        }
      }
      return true
    }
    #expect(try isProven(1) && isProven(2))
    try disk.activateForGood(3)
    // It comes later, from below the floor.
    try disk.makeVersion(0)
    #expect(try isProven(3) && !isProven(0))
    try disk.device().activate(SystemVersion(2))
    try disk.device().markBad(SystemVersion(2), reason: "worse than before")
    #expect(try !isProven(2) && isProven(1))
    try disk.activateForGood(2)
    #expect(try isProven(2))
    // Another one of the same name has proved nothing.
    try run("btrfs", "subvolume", "delete", "\(disk.mount.path)/sys_root_v1")
    try disk.makeVersion(1)
    #expect(try !isProven(1))
    // What is damaged proves nothing; marking good begins afresh, and going back does not mind.
    try run("sh", "-c", "echo garbage >\(disk.mount.path)/.btrfs-update/verdicts")
    #expect(throws: InstallError.self) { try isProven(2) }
    try disk.device().activate(SystemVersion(1))
    try disk.device().rollBack()
    try disk.activateForGood(3)
    #expect(try isProven(3) && !isProven(2))
  }

  /// A reset that was cut off when its system was current, and nothing was wiped.
  private func prepareUnfinished() throws {
    try disk.clear()
    try prepare()
    let device = try LockedDevice(disk.device(), for: "test")
    var wipes: [PendingReset.Wipe] = []
    for name in ["home", "data"] { wipes.append(try device.wipe(of: name)) }
    _ = try device.activate(SystemVersion(2)) { next in
      PendingReset(system: next, keepsLast: false, wipes: wipes)
    }
    #expect(try disk.device().status().leftOfReset == ["home", "data", "sys_root_last"])
  }

  @Test("One that cannot go on says so, and keeps only from what would undo it")
  func stuck() throws {
    try prepareUnfinished()
    // As long as this has the name, no empty subvolume can be made.
    let obstacle = "\(disk.mount.path)/.sys_root_emptied"
    try run("mkdir", obstacle)
    func refusal(_ body: () throws(InstallError) -> Void) -> SystemError? {
      do throws(InstallError) { try body() } catch {
        if case .resetUnfinished(let cause) = error { return cause }
        Issue.record("\(error)")
      }
      return nil
    }
    let device = try disk.device()
    let changes = try device.recover()
    #expect(changes.isResetUnfinished)
    #expect(changes.contains { "\($0)".hasPrefix("the factory reset is not finished: ") })
    #expect(try device.status().leftOfReset == ["home", "data"])
    let current = try disk.uuid("sys_root_current")
    for _ in 0..<2 {
      #expect(refusal { () throws(InstallError) in try device.activate() }?.errno == .fileExists)
      #expect(refusal { () throws(InstallError) in try device.rollBack() } != nil)
      #expect(refusal { () throws(InstallError) in try device.factoryReset() } != nil)
    }
    #expect(try disk.uuid("sys_root_current") == current)
    #expect(try device.markGood().wasOnTrial == false)
    #expect(device.checkBoot().outcome == .noTrial)
    #expect(try device.prune(keeping: 0).deleted.map(\.version.number) == [1, 3])
    try shell("test -e home/me/diary; test -e data/x")
    try run("rmdir", obstacle)
    #expect(try device.recover().contains(.wiped(name: "data")))
    #expect(try device.status().leftOfReset.isEmpty)
    try shell("test ! -e home/me; test ! -e data/x")
    #expect(try device.recover() == [])
  }

  @Test(
    "Where there was no room, deleting old versions makes some, and it goes on in the same call")
  func noRoom() throws {
    var hasGoneOn = false
    for call in 1... {
      try prepareUnfinished()
      var wasReached = true
      let report = FaultInjection.with(.fail(at: call, .noSpace)) { injection in
        defer { wasReached = injection.count >= call }
        return try? disk.device().prune(keeping: 0)
      }
      if let report, report.changes.isResetUnfinished, !report.deleted.isEmpty {
        hasGoneOn = true
        #expect(try disk.device().status().leftOfReset.isEmpty, "call \(call)")
      }
      try disk.device().recover()
      #expect(try disk.device().status().leftOfReset.isEmpty, "call \(call)")
      try shell("test -z \"$(ls -A home data | grep -v :)\"")
      guard wasReached, !hasGoneOn else { break }
    }
    #expect(hasGoneOn)
  }

  @Test("What is mounted is set aside, and deleted once it is not mounted any more")
  func mounted() throws {
    try prepare()
    let directory = try TemporaryDirectory()
    try run("mount", "-o", "subvol=sys_root_current", try disk.loop(), directory.path)
    let name = DeviceNames.dropped(
      id: try #require(try disk.device().subvolume("sys_root_current")).id)
    do {
      defer { try? unmount(directory.path) }
      #expect(try disk.device().factoryReset().contains(.kept(name: name, .mounted)))
      #expect(try disk.uuid("sys_root_last") == nil)
      // A version that is activated now takes nothing over from what runs no more.
      try run("cat", directory.path + "/mine")
    }
    #expect(try disk.device().recover() == [.deleted(name: name)])
  }

  @Test("A kill in place of any call, or one failing, leaves the old state, or is finished")
  func interrupted() throws {
    for isKill in [true, false] {
      for call in 1... {
        try disk.clear()
        try prepare()
        let current = try disk.uuid("sys_root_current")
        let fault: FaultInjection.Fault =
          isKill ? .failFrom(call, .inputOutput) : .fail(at: call, .inputOutput)
        var wasReached = true
        FaultInjection.with(fault, counting: isKill ? .changes : .all) { injection in
          _ = try? disk.device().factoryReset(wiping: ["home", "data"])
          wasReached = injection.count >= call
        }
        try disk.device().recover()
        #expect(try disk.device().recover() == [], "call \(call)")
        let isNew = try disk.uuid("sys_root_current") != current
        #expect(try disk.contents(of: "sys_root_current") == 2, "call \(call)")
        #expect(try disk.uuid("sys_root_last") == nil ? isNew : !isNew, "call \(call)")
        try shell(
          isNew
            ? "test ! -e sys_root_current/mine; test -z \"$(ls -A home data | grep -v :)\""
            : "test -e sys_root_current/mine; test -e home/me/diary; test -e data/x")
        let names = try disk.names()
        #expect(
          names.filter { $0.hasPrefix(".sys") || ["journal", "reset"].contains($0) }.isEmpty,
          "call \(call): \(names)")
        if !wasReached { break }
      }
    }
  }
}

@Suite("The record of a factory reset")
struct PendingResetTests {
  @Test("It comes back as it was written, whatever the names hold")
  func roundTrip() throws {
    let bytes: [UInt8] = Array(1...16)
    let made = SubvolumeUUID(bytes.rawSpan)
    let uuid = try #require(made)
    let reset = PendingReset(
      system: uuid, keepsLast: true,
      wipes: ["home", "@ä b", "100%", "x:y"].map { PendingReset.Wipe(name: $0, uuid: uuid) })
    #expect(try PendingReset(Record("reset", parsing: reset.record.bytes)) == reset)
    for (key, value) in [
      ("wipe", "home"), ("wipe", "\(uuid):a%2"), ("wipe", "\(uuid):%61"), ("other", "x"),
      ("wipe", "\(uuid):%ff"),
    ] {
      var record = reset.record
      record.append(key, value)
      #expect(throws: RecordFlaw.badField(key)) { try PendingReset(record) }
    }
  }
}
