import Bytes
import Crypto
import TestSupport
import Testing
import UpdateFile

@Suite("Keys that an update brings and revokes")
struct KeyChangeTests {
  private func manifest(_ changes: KeyChanges) throws -> Manifest {
    var manifest = try Manifest.sample()
    manifest.keyChanges = changes
    return manifest
  }

  /// Two keys, and three IDs.
  private func changes() throws -> KeyChanges {
    KeyChanges(
      added: [try TestKey.first.verification(), try TestKey.second.verification()],
      revoked: [try TestKey.third.verification().keyID, digest(70), digest(71)])
  }

  /// A key of which only the ID matters.
  private func key(_ byte: UInt8) throws -> VerificationKey {
    let raw = [UInt8](repeating: byte, count: 32)
    return try VerificationKey(rawRepresentation: raw.rawSpan)
  }

  /// The parts of a manifest with other bytes in one of its attributes.
  private func replacing(
    _ attribute: UpdateAttribute, _ change: (inout [UInt8]) -> Void
  ) throws -> [UInt8] {
    var parts = Attributes(try manifest(changes()).encoded())
    let index = try #require(parts.list.firstIndex { $0.number == attribute.rawValue })
    change(&parts.list[index].value)
    return parts.bytes
  }

  @Test("What is written is read: either list, both, and as many as there may be")
  func roundTrip() throws {
    let some = try changes()
    let most = KeyChanges(
      added: try (0..<16).map { try key($0) }, revoked: (100..<116).map { digest($0) })
    let all = [
      KeyChanges(), some, KeyChanges(added: some.added), KeyChanges(revoked: some.revoked), most,
    ]
    for changes in all {
      let bytes = try manifest(changes).encoded()
      #expect(try readManifest(bytes).keyChanges == changes)
      #expect(changes.isEmpty == (changes == KeyChanges()))
    }
    #expect(try manifest(KeyChanges()).encoded() == Manifest.sample().encoded())
  }

  @Test("They stand before PAYLOAD_LENGTH: keys as SubjectPublicKeyInfo, and IDs, both ascending")
  func form() throws {
    let changes = try changes()
    let parts = Attributes(try manifest(changes).encoded()).list
    let index = try #require(parts.firstIndex { $0.number == 0x8048 })
    #expect(parts[index - 1].number == 0x8042)
    #expect(parts[index + 1].number == 0x8049)
    #expect(parts[index + 2].number == 0x8050)
    let prefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
    let keys = try [TestKey.first.verification(), TestKey.second.verification()]
      .sorted { $0.keyID < $1.keyID }
    #expect(parts[index].value == keys.flatMap { prefix + $0.rawRepresentation })
    #expect(parts[index + 1].value == changes.revoked.flatMap { $0.bytes })
    #expect(changes.revoked == changes.revoked.sorted())
    for key in keys {
      #expect(SHA256.hash(key.subjectPublicKeyInfo.rawSpan) == key.keyID)
    }
  }

  @Test("The bytes are those of the first head that had them")
  func golden() throws {
    let bytes = try manifest(changes()).encoded()
    let head = try UpdateHead(
      manifestBytes: bytes, baseVersion: 2, signatures: [TestKey.third.signature(of: bytes)])
    let file = try head.encoded()
    let golden = try UpdateFileTests.golden("updates/head-keys-revision-1.xz", file)
    #expect(file == golden)
    let (read, _) = try readHead(golden)
    let verified = try read.verified(by: [TestKey.third.verification()])
    #expect(try verified.manifest.keyChanges == changes())
  }

  @Test("Cut at any byte, or with any bit flipped, it is refused or says something else")
  func damage() throws {
    let manifest = try manifest(changes())
    let bytes = try manifest.encoded()
    for count in 0..<bytes.count {
      #expect(throws: UpdateFileError.self) { try readManifest(Array(bytes[..<count])) }
    }
    try expectOneForm(ofEveryBitFlippedIn: manifest)
  }

  @Test("A key in any other form than its one is refused")
  func keyForm() throws {
    for bit in 0..<(12 * 8) {
      let bytes = try replacing(.addedKeys) { $0[44 + bit / 8] ^= 1 << (bit % 8) }
      #expect(throws: UpdateFileError.invalidKey(index: 1)) { try readManifest(bytes) }
    }
  }

  @Test("An empty list, and one that is not of whole keys, is refused")
  func lengths() throws {
    let empty = try replacing(.addedKeys) { $0 = [] }
    #expect(throws: UpdateFileError.notCanonical) { try readManifest(empty) }
    let none = try replacing(.revokedKeys) { $0 = [] }
    #expect(throws: UpdateFileError.notCanonical) { try readManifest(none) }
    for change in [-1, 1] {
      let keys = try replacing(.addedKeys) { Self.resize(&$0, by: change) }
      #expect(throws: UpdateFileError.attributeLength(.addedKeys, length: 88 + change)) {
        try readManifest(keys)
      }
      let ids = try replacing(.revokedKeys) { Self.resize(&$0, by: change) }
      #expect(throws: UpdateFileError.attributeLength(.revokedKeys, length: 96 + change)) {
        try readManifest(ids)
      }
    }
  }

  private static func resize(_ value: inout [UInt8], by change: Int) {
    if change > 0 { value.append(0) } else { value.removeLast() }
  }

  @Test("No more than sixteen of either, in writing and in reading")
  func limits() throws {
    let keys = try (0..<17).map { try key($0) }
    #expect(throws: UpdateFileError.attributeLength(.addedKeys, length: 17 * 44)) {
      try manifest(KeyChanges(added: keys)).encoded()
    }
    let ids = (0..<17).map { digest($0) }
    #expect(throws: UpdateFileError.attributeLength(.revokedKeys, length: 17 * 32)) {
      try manifest(KeyChanges(revoked: ids)).encoded()
    }
    let many = try replacing(.addedKeys) { $0 = keys.flatMap(\.subjectPublicKeyInfo) }
    #expect(throws: UpdateFileError.attributeLength(.addedKeys, length: 17 * 44)) {
      try readManifest(many)
    }
    let longest = try replacing(.revokedKeys) { $0 = [UInt8](repeating: 1, count: 2047 * 32) }
    #expect(throws: UpdateFileError.attributeLength(.revokedKeys, length: 2047 * 32)) {
      try readManifest(longest)
    }
  }

  @Test("A key twice, or brought and revoked at once, is refused")
  func repeated() throws {
    let key = try TestKey.first.verification()
    let other = try TestKey.second.verification()
    let wrong = [
      KeyChanges(added: [key, other, key]), KeyChanges(revoked: [key.keyID, key.keyID]),
      KeyChanges(added: [other, key], revoked: [key.keyID]),
    ]
    for changes in wrong {
      #expect(throws: UpdateFileError.repeatedKey(keyID: key.keyID)) {
        try manifest(changes).encoded()
      }
      #expect(throws: UpdateFileError.repeatedKey(keyID: key.keyID)) { try changes.check() }
    }
    let twice = try replacing(.revokedKeys) { $0 = Array($0[..<32]) + Array($0[..<32]) }
    let keyID = try changes().revoked[0]
    #expect(throws: UpdateFileError.repeatedKey(keyID: keyID)) { try readManifest(twice) }
  }

  @Test("Another order is refused")
  func order() throws {
    let keys = try replacing(.addedKeys) { $0 = Array($0[44...]) + Array($0[..<44]) }
    #expect(throws: UpdateFileError.notCanonical) { try readManifest(keys) }
    let ids = try replacing(.revokedKeys) { $0 = Array($0[32...]) + Array($0[..<32]) }
    #expect(throws: UpdateFileError.notCanonical) { try readManifest(ids) }
    var parts = Attributes(try manifest(changes()).encoded())
    let index = try #require(parts.list.firstIndex { $0.number == 0x8048 })
    parts.list.swapAt(index, index + 1)
    #expect(throws: UpdateFileError.self) { try readManifest(parts.bytes) }
  }
}
