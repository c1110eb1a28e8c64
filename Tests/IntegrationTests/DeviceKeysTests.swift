import Bytes
import Crypto
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

@Suite("What a device remembers of keys")
struct DeviceKeysTests {
  private func key(_ number: UInt8) throws -> VerificationKey {
    let raw = [UInt8](repeating: number, count: 32)
    return try VerificationKey(rawRepresentation: raw.rawSpan)
  }

  private func changes(adding added: [UInt8] = [], revoking revoked: [UInt8] = []) throws
    -> KeyChanges
  {
    KeyChanges(added: try added.map { try key($0) }, revoked: try revoked.map { try key($0).keyID })
  }

  /// Something of every kind.
  private func sample() throws -> DeviceKeys {
    try DeviceKeys()
      .expecting(changes(adding: [1, 2], revoking: [3, 4]), from: SystemVersion(41))
      .adopting(SystemVersion(41))
      .expecting(changes(adding: [5, 6], revoking: [1, 7]), from: SystemVersion(42))
      .expecting(changes(adding: [5], revoking: [8]), from: SystemVersion(43))
  }

  private func read(_ lines: [(String, String)]) throws -> DeviceKeys {
    var record = Record("keys")
    for (name, value) in lines { record.append(name, value) }
    return try DeviceKeys(Record("keys", parsing: record.bytes))
  }

  @Test("What is pending counts once its version is good, and only then; twice is once")
  func adopting() throws {
    let given = [try key(3), try key(9), try key(9)]
    let keys = try sample()
    #expect(try keys.trusted(with: given) == [key(9), key(1), key(2)])
    let good = keys.adopting(SystemVersion(42))
    #expect(try Set(good.trusted(with: given)) == Set([key(9), key(2), key(5), key(6)]))
    #expect(good.adopting(SystemVersion(42)) == good)
    #expect(good.adopting(SystemVersion(41)) == good)
    // Version 43 brings a key that is there already, and still revokes another.
    #expect(
      good.adopting(SystemVersion(43)).learned.filter { $0.key == good.learned[1].key }.count == 1)
    #expect(try good.adopting(SystemVersion(43)).revoked.contains { try $0.keyID == key(8).keyID })
  }

  @Test("Revoking wins: over the owner's keys, what was learned, what is pending, and what comes")
  func revokingWins() throws {
    let keys = try sample().adopting(SystemVersion(42))
    #expect(
      try !keys.trusted(with: [key(1), key(3), key(7)]).contains {
        try [key(1), key(3), key(7)].contains($0)
      })
    let again = try keys.expecting(changes(adding: [1, 3]), from: SystemVersion(44))
    #expect(again == keys)
    #expect(again.adopting(SystemVersion(44)) == keys)
    // Pending when it was revoked by another version.
    let crossed = try DeviceKeys()
      .expecting(changes(adding: [1]), from: SystemVersion(1))
      .expecting(changes(revoking: [1]), from: SystemVersion(2))
    for order in [[1, 2], [2, 1]] as [[UInt64]] {
      let end = order.reduce(crossed) { $0.adopting(SystemVersion($1)) }
      #expect(end.trusted(with: []).isEmpty && end.pendingKeys.isEmpty)
      #expect(try end.revoked.map(\.keyID) == [key(1).keyID])
    }
  }

  @Test("A version that is installed anew says what its new update says")
  func replaced() throws {
    let keys = try sample().expecting(changes(adding: [10]), from: SystemVersion(42))
    #expect(keys.pendingKeys.filter { $0.version == SystemVersion(42) }.map(\.key) == [try key(10)])
    #expect(keys.pendingRevocations.map(\.version) == [SystemVersion(43)])
    let gone = keys.forgetting { $0 != SystemVersion(43) }
    #expect(gone.pendingKeys.map(\.version) == [SystemVersion(43)])
    #expect(gone.learned == keys.learned && gone.revoked == keys.revoked)
  }

  @Test("The record comes back as it was written, and any flipped bit is noticed")
  func record() throws {
    let keys = try sample()
    let bytes = keys.record.bytes
    let read = try DeviceKeys(Record("keys", parsing: bytes))
    #expect(read.record.bytes == bytes)
    #expect(Set(read.learned) == Set(keys.learned) && Set(read.revoked) == Set(keys.revoked))
    #expect(Set(read.pendingKeys) == Set(keys.pendingKeys))
    #expect(Set(read.pendingRevocations) == Set(keys.pendingRevocations))
    for bit in stride(from: 0, to: bytes.count * 8, by: 3) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: RecordFlaw.self) { try Record("keys", parsing: damaged) }
    }
  }

  @Test("The record's lines are as documented")
  func lines() throws {
    let keys = try DeviceKeys().expecting(
      changes(adding: [1], revoking: [2]), from: SystemVersion(42))
    let info = "302a300506032b6570032100" + String(repeating: "01", count: 32)
    let id = try key(2).keyID
    #expect(
      keys.record.fields.map { "\($0.key) \($0.value)" } == [
        "pending-key 42:\(info)", "pending-revocation 42:\(id)",
      ])
    #expect(
      keys.adopting(SystemVersion(42)).record.fields.map { "\($0.key) \($0.value)" } == [
        "learned 42:\(info)", "revoked 42:\(id)",
      ])
  }

  @Test("Lines that make no sense are refused by name")
  func flaws() throws {
    let info = "302a300506032b6570032100" + String(repeating: "01", count: 32)
    let id = String(repeating: "0a", count: 32)
    #expect(try read([("learned", "1:\(info)"), ("revoked", "1:\(id)")]).learned.count == 1)
    let wrong: [(String, String)] = [
      ("learned", info), ("learned", "1:\(id)"), ("learned", "01:\(info)"),
      ("learned", "1:\(info)00"), ("learned", "1:\(info.uppercased())"), ("learned", "1:\(info):"),
      ("learned", "1:31" + info.dropFirst(2)), ("revoked", id), ("revoked", "x:\(id)"),
      ("revoked", "1:\(id.uppercased())"), ("revoked", "1:\(id.dropLast())"),
      ("pending-key", "1:\(id)"), ("pending-revocation", "1:\(info)"), ("trusted", "1:\(info)"),
    ]
    for line in wrong {
      #expect(throws: RecordFlaw.badField(line.0), "\(line)") { try read([line]) }
    }
    for line in [("learned", "1:\(info)"), ("pending-key", "1:\(info)"), ("revoked", "1:\(id)")] {
      #expect(throws: RecordFlaw.badField(line.0)) { try read([line, line]) }
    }
    // The same key, or ID, by another version.
    #expect(throws: RecordFlaw.badField("learned")) {
      try read([("learned", "1:\(info)"), ("learned", "2:\(info)")])
    }
    #expect(throws: RecordFlaw.badField("revoked")) {
      try read([("revoked", "1:\(id)"), ("revoked", "2:\(id)")])
    }
    #expect(
      try read([("pending-key", "1:\(info)"), ("pending-key", "2:\(info)")]).pendingKeys.count == 2)
  }

  @Test("The most that is remembered fits into a record")
  func largest() throws {
    var keys = DeviceKeys()
    for index in 0..<DeviceKeys.maximumCount {
      let raw = (0..<32).map { UInt8(truncatingIfNeeded: index >> ($0 % 2 * 8)) }
      let key = try VerificationKey(rawRepresentation: raw.rawSpan)
      keys.learned.append(DeviceKeys.Brought(key: key, version: SystemVersion(.max)))
      keys.revoked.append(
        DeviceKeys.Revoked(keyID: SHA256.hash(raw.rawSpan), version: SystemVersion(.max)))
    }
    let bytes = keys.record.bytes
    #expect(bytes.count < Record.maximumLength)
    #expect(try DeviceKeys(Record("keys", parsing: bytes)).learned.count == 1024)
  }

  /// What the check lets through keeps enough keys, whichever versions turn out good.
  @Test("No order in which versions become good leaves fewer keys than are needed")
  func neverTooFew() throws {
    var random = SeededGenerator.ofTest("keys of random updates")
    let pool = try (0..<6).map { try key($0) }
    var (admitted, refused, adopted) = (0, 0, 0)
    for _ in 0..<200 {
      let threshold = Int(random.next() % 2) + 1
      let given = Array(pool.prefix(threshold + Int(random.next() % 2)))
      var keys = DeviceKeys()
      for step in 0..<30 {
        if random.next() % 3 == 0 {
          keys = keys.adopting(SystemVersion(random.next() % 30))
          adopted += 1
        } else if random.next() % 10 == 0 {
          let gone = SystemVersion(random.next() % 30)
          keys = keys.forgetting { $0 == gone }
        } else {
          var (added, revoked): ([VerificationKey], [SHA256Digest]) = ([], [])
          for key in pool {
            switch random.next() % 5 {
            case 0: added.append(key)
            case 1: revoked.append(key.keyID)
            default: break
            }
          }
          let changes = KeyChanges(added: added, revoked: revoked)
          let version = SystemVersion(UInt64(step) % (random.next() % 30 + 1))
          let left = keys.countLeft(with: given, after: changes, from: version)
          if left >= threshold || revoked.isEmpty {
            keys = keys.expecting(changes, from: version)
            admitted += 1
          } else {
            refused += 1
          }
        }
        #expect(keys.trusted(with: given).count >= threshold)
      }
    }
    #expect(admitted > 100 && refused > 100 && adopted > 100)
  }
}
