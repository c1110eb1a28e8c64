import Btrfs
import Bytes
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Records below .btrfs-update")
struct InstallRecordTests {
  private func uuid(_ seed: UInt8) throws -> SubvolumeUUID {
    let bytes = (0..<16).map { seed &* 16 &+ $0 }
    let parsed = SubvolumeUUID(bytes.rawSpan)
    return try #require(parsed)
  }

  private func failure(_ reason: String) throws -> TrialFailure {
    let trial = Trial(of: try uuid(9), SystemVersion(7), tries: 3, in: nil)
    return TrialFailure(trial, reason: reason, after: nil)
  }

  @Test("Trials come back as they were written; a bad number or order does not")
  func trials() throws {
    var seen = Trial(of: try uuid(2), nil, tries: 99, in: nil)
    seen.triesLeft = 0
    seen.lastBoot = "6bb8fbd9-1df3-4dc5-86c8-9b1bbe42cd53"
    let trials = [Trial(of: try uuid(1), SystemVersion(7), tries: 3, in: "x"), seen]
    let record = try Record("trial", parsing: Trial.record(trials).bytes)
    #expect(try Trial.trials(record) == trials)
    for (index, value) in [(2, "0"), (2, "100"), (3, "4"), (3, "-1"), (1, "01"), (0, "none")] {
      var damaged = record
      damaged.fields[index].value = value
      #expect(throws: RecordFlaw.badField(record.fields[index].key)) {
        try Trial.trials(damaged)
      }
    }
    var twice = record
    twice.fields += record.fields
    #expect(throws: RecordFlaw.badField("system")) { try Trial.trials(twice) }
    for count in 1..<6 {
      var short = record
      short.fields = Array(record.fields.prefix(count))
      #expect(throws: RecordFlaw.self) { try Trial.trials(short) }
    }
  }

  @Test("A reason is one bounded, printable line")
  func reasons() throws {
    #expect(try failure("a\nb\u{1b}[31m\u{202e}").reason == "a b [31m ")
    #expect(try failure(String(repeating: "ü", count: 5000)).reason.unicodeScalars.count == 200)
    var record = Record("failure")
    try failure("x y").append(to: &record)
    for value in ["x%2", "x%zz", "x%41", "%ff", "%0a", "x%2By"] {
      var damaged = record
      damaged.fields[3].value = value
      #expect(throws: RecordFlaw.badField("reason"), "\(value)") { try TrialFailure(damaged) }
    }
    #expect(record.fields[3].value == "x%20y")
    #expect(try TrialFailure(record) == failure("x y"))
  }

  // The digest is what sha256sum says of the first two lines.
  @Test("The file is what the documentation shows")
  func golden() throws {
    var record = Record("floor")
    record.append("version", SystemVersion(42))
    #expect(
      String(decoding: record.bytes, as: UTF8.self) == """
        btrfs-update floor 1
        version 42
        sha256 b0be2f22c04a8617b4e5836385dd55fd1145d8c7650543600e0776b1a20cbe81

        """)
  }

  @Test("Journal entries come back as they were written")
  func journal() throws {
    let entries: [JournalEntry] = [
      .activate(
        SystemVersion(7), next: try uuid(1), current: try uuid(2), last: try uuid(3),
        keepsLast: true),
      .activate(
        SystemVersion(.max), next: try uuid(1), current: nil, last: nil, keepsLast: false),
      .rollBack(current: try uuid(4), last: try uuid(5), nil),
      .rollBack(current: nil, last: try uuid(5), try failure("none")),
      .rollBack(current: try uuid(4), last: try uuid(5), try failure("50 % of ü\n\u{202e} \"x\"")),
      .rollBack(current: try uuid(4), last: try uuid(5), try failure("")),
      .markGood(SystemVersion(7), system: try uuid(4)),
      .markGood(nil, system: try uuid(4)),
    ]
    for entry in entries {
      let record = try Record("journal", parsing: entry.record.bytes)
      #expect(try JournalEntry(record) == entry)
    }
  }

  @Test("Every flipped bit and every cut is noticed")
  func damage() throws {
    let entry = JournalEntry.activate(
      SystemVersion(7), next: try uuid(1), current: try uuid(2), last: nil, keepsLast: false)
    let bytes = entry.record.bytes
    for bit in 0..<(bytes.count * 8) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: RecordFlaw.self) { try Record("journal", parsing: damaged) }
    }
    for count in 0..<bytes.count {
      #expect(throws: RecordFlaw.self) {
        try Record("journal", parsing: Array(bytes.prefix(count)))
      }
    }
    #expect(throws: RecordFlaw.self) { try Record("journal", parsing: bytes + [10]) }
  }

  @Test("Another kind, a newer version, and senseless fields are told apart")
  func flaws() throws {
    let floor = Record("floor").bytes
    #expect(throws: RecordFlaw.unknownKind) { try Record("journal", parsing: floor) }
    let newer = Array("btrfs-update floor 2\nsomething\n".utf8)
    #expect(throws: RecordFlaw.unknownVersion("2")) { try Record("floor", parsing: newer) }
    var journal = Record("journal")
    journal.append("operation", "dance")
    #expect(throws: RecordFlaw.badField("operation")) { try JournalEntry(journal) }
    journal = Record("journal")
    #expect(throws: RecordFlaw.badField("operation")) { try JournalEntry(journal) }
    journal.append("operation", "rollback")
    journal.append("current", "6BB8FBD9-1df3-4dc5-86c8-9b1bbe42cd53")
    journal.append("last", "none")
    #expect(throws: RecordFlaw.badField("current")) { try JournalEntry(journal) }
  }

  @Test("Verdicts come back as they were written; one word for each, and no other")
  func verdicts() throws {
    var verdicts = Verdicts()
    for (index, verdict) in [Verdicts.Verdict.good, .bad, .replaced].enumerated() {
      let bytes = [UInt8](repeating: UInt8(index + 1), count: 16)
      verdicts.known[SubvolumeUUID(bytes.rawSpan) ?? .none] = verdict
    }
    let record = verdicts.record
    #expect(record.fields.map(\.0) == ["good", "bad", "replaced"])
    #expect(try Verdicts(Record("verdicts", parsing: record.bytes)) == verdicts)
    let uuid = try #require(record.fields.first?.1)
    for (key, value) in [("good", "none"), ("fine", uuid), ("bad", uuid), ("good", uuid)] {
      var wrong = record
      wrong.append(key, value)
      #expect(throws: RecordFlaw.badField(key)) { try Verdicts(wrong) }
    }
  }

  @Test("Versions are decimal numbers of 64 bits, in one spelling")
  func versions() {
    #expect(SystemVersion("0")?.number == 0)
    #expect(SystemVersion("18446744073709551615")?.number == .max)
    for text in ["", "01", "+1", "-1", "1 ", "0x1", "18446744073709551616", "¹", "1a"] {
      #expect(SystemVersion(text) == nil, "\(text)")
    }
    #expect(DeviceNames.version(named: "sys_root_v41") == SystemVersion(41))
    for name in ["sys_root_v", "sys_root_v041", "sys_root_current", "xsys_root_v1", "sys_root_v1x"]
    {
      #expect(DeviceNames.version(named: name) == nil)
    }
    #expect(DeviceNames.staging(named: ".sys_root_v41.staging") == SystemVersion(41))
    #expect(DeviceNames.staging(named: ".sys_root_v.staging") == nil)
    #expect(DeviceNames.staging(named: ".sys_root_v1") == nil)
  }
}

@Suite("Damaged records on a device", .btrfs)
struct InstallDamageTests {
  let disk = InstallDisk()

  @Test(
    "A record that cannot be read stops everything, and nothing is touched",
    arguments: ["journal", "floor", "origins", "trial", "failure", "keys"])
  func stops(_ name: String) throws {
    try disk.makeTypical()
    let before = try ["sys_root_current", "sys_root_last"].map { try disk.uuid($0) }
    try run("sh", "-c", "echo garbage >\(disk.mount.path)/.btrfs-update/\(name)")
    let names = try disk.names()
    let error = #expect(throws: InstallError.self) { try disk.device().activate(SystemVersion(3)) }
    guard case .recordCorrupt(name: name, .unknownKind) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(throws: InstallError.self) { try disk.device().status() }
    #expect(try ["sys_root_current", "sys_root_last"].map { try disk.uuid($0) } == before)
    #expect(try disk.names() == names)
  }

  @Test("A journal that does not match the disk stops everything, and nothing is touched")
  func mismatch() throws {
    try disk.makeTypical()
    let device = try disk.device()
    let current = try #require(try disk.uuid("sys_root_current"))
    do {
      let locked = try LockedDevice(device, for: "test")
      let last = try #require(try disk.uuid("sys_root_last"))
      let version = try #require(try disk.uuid("sys_root_v1"))
      try locked.state.write(.rollBack(current: version, last: last, nil))
    }
    let names = try disk.names()
    for _ in 0..<2 {
      let error = #expect(throws: InstallError.self) { try device.recover() }
      guard case .journalMismatch = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    #expect(try disk.names() == names)
    #expect(try disk.uuid("sys_root_current") == current)
    #expect(try device.status().pending != nil)
  }
}
