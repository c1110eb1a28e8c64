import Bytes
import Crypto
import TestSupport
import Testing
import UpdateFile
import XZ

@Suite("Trusting an update")
struct VerificationTests {
  @Test("The signed message is the domain, the revision and SHA-512 of the manifest")
  func message() {
    let bytes: [UInt8] = [1, 2, 3]
    let message = UpdateSignature.message(for: bytes.rawSpan)
    let expected =
      Array("btrfs-delta update manifest\0".utf8) + [1, 0, 0, 0] + SHA512.hash(bytes.rawSpan).bytes
    #expect(message == expected)
    #expect(message.count == 96)
  }

  @Test("openssl can sign it on another machine")
  func openSSL() throws {
    let pem = try ExternalProgram.run("openssl", ["genpkey", "-algorithm", "ed25519"]).output
    let publicPEM = try ExternalProgram.run(
      "openssl", ["pkey", "-in", "k", "-pubout"], files: ["k": pem]
    ).output
    let manifest = try Manifest.sample().encoded()
    let message = UpdateSignature.message(for: manifest.rawSpan)
    let data = try ExternalProgram.run(
      "openssl", ["pkeyutl", "-sign", "-inkey", "k", "-rawin", "-in", "m"],
      files: ["k": pem, "m": message]
    ).output
    let key = try VerificationKey(pem: publicPEM.rawSpan)
    let signature = try UpdateSignature(keyID: key.keyID, data: data)
    let head = try UpdateHead(manifestBytes: manifest, baseVersion: 2, signatures: [signature])
    #expect(try head.verified(by: [key]).signers == [key.keyID])
  }

  @Test("A manifest with any bit flipped is not what was signed, and is not even read")
  func flipped() throws {
    let head = try sampleHead([.first])
    let key = try TestKey.first.verification()
    for bit in 0..<(head.manifestBytes.count * 8) {
      var bytes = head.manifestBytes
      bytes[bit / 8] ^= 1 << (bit % 8)
      let changed = try UpdateHead(
        manifestBytes: bytes, baseVersion: 2, signatures: head.signatures)
      #expect(throws: UpdateFileError.badSignature(keyID: key.keyID)) {
        try changed.verified(by: [key])
      }
    }
  }

  @Test("A manifest that is nonsense is refused for its signature before it is for itself")
  func parsedLater() throws {
    let nonsense: [UInt8] = [1, 2, 3]
    let key = try TestKey.first.verification()
    let unsigned = try UpdateHead(manifestBytes: nonsense, baseVersion: 2, signatures: [])
    #expect(throws: UpdateFileError.notSigned) { try unsigned.verified(by: [key]) }
    let signed = try unsigned.adding(TestKey.first.signature(of: nonsense))
    #expect(throws: UpdateFileError.unknownAttribute(number: 0x0201, offset: 0)) {
      try signed.verified(by: [key])
    }
  }

  @Test("Signatures of another message are wrong: another domain, revision or digest")
  func otherMessages() throws {
    let bytes = try Manifest.sample().encoded()
    let good = UpdateSignature.message(for: bytes.rawSpan)
    let key = try TestKey.first.verification()
    var messages: [[UInt8]] = [bytes, Array(good[28...]), good + [0], Array(good.dropLast())]
    for index in [0, 26, 27, 28, 31, 32, 95] {
      var message = good
      message[index] ^= 1
      messages.append(message)
    }
    for message in messages {
      let head = try UpdateHead(
        manifestBytes: bytes, baseVersion: 2,
        signatures: [TestKey.first.signature(ofMessage: message)])
      #expect(throws: UpdateFileError.badSignature(keyID: key.keyID)) {
        try head.verified(by: [key])
      }
    }
  }

  @Test("Without a signature, or without one that counts, there is no trust")
  func untrusted() throws {
    let keys = try TestKey.allCases.map { try $0.verification() }
    #expect(throws: UpdateFileError.notSigned) { try sampleHead([]).verified(by: keys) }
    #expect(throws: UpdateFileError.noTrustedSignature) {
      try sampleHead([.first]).verified(by: [])
    }
    #expect(throws: UpdateFileError.noTrustedSignature) {
      try sampleHead([.first, .second]).verified(by: [keys[2]])
    }
  }

  @Test("A threshold counts different keys")
  func threshold() throws {
    let keys = try TestKey.allCases.map { try $0.verification() }
    let head = try sampleHead([.first, .second])
    let verified = try head.verified(by: keys, threshold: 2)
    #expect(verified.signers == [keys[0].keyID, keys[1].keyID].sorted())
    #expect(verified.manifestBytes == head.manifestBytes)
    #expect(try verified.manifest == Manifest.sample())
    #expect(throws: UpdateFileError.thresholdNotReached(good: 2, needed: 3)) {
      try head.verified(by: keys, threshold: 3)
    }
    // The same key twice in the list is one key.
    #expect(throws: UpdateFileError.thresholdNotReached(good: 1, needed: 2)) {
      try head.verified(by: [keys[0], keys[0]], threshold: 2)
    }
    for threshold in [0, -1, Int.min] {
      #expect(throws: UpdateFileError.invalidThreshold(threshold)) {
        try head.verified(by: keys, threshold: threshold)
      }
    }
  }

  @Test("A wrong signature by a trusted key spoils good ones; one by a stranger does not")
  func spoiled() throws {
    let bytes = try Manifest.sample().encoded()
    let keys = try TestKey.allCases.map { try $0.verification() }
    let head = try UpdateHead(
      manifestBytes: bytes, baseVersion: 2,
      signatures: [
        TestKey.first.signature(of: bytes), TestKey.second.signature(ofMessage: [1]),
      ])
    #expect(throws: UpdateFileError.badSignature(keyID: keys[1].keyID)) {
      try head.verified(by: keys)
    }
    #expect(try head.verified(by: [keys[0], keys[2]]).signers == [keys[0].keyID])
  }

  @Test("A signature under another key's name is wrong")
  func borrowedName() throws {
    let bytes = try Manifest.sample().encoded()
    let keys = try TestKey.allCases.map { try $0.verification() }
    let stolen = try UpdateSignature(
      keyID: keys[1].keyID, data: TestKey.first.signature(of: bytes).data)
    let head = try UpdateHead(manifestBytes: bytes, baseVersion: 2, signatures: [stolen])
    #expect(throws: UpdateFileError.badSignature(keyID: keys[1].keyID)) {
      try head.verified(by: keys)
    }
  }

  @Test("The base version outside the signature must be the one inside")
  func baseVersion() throws {
    let bytes = try Manifest.sample().encoded()
    let head = try UpdateHead(
      manifestBytes: bytes, baseVersion: 1, signatures: [TestKey.first.signature(of: bytes)])
    let expected = UpdateFileError.baseVersionMismatch(stream: 1, manifest: 2)
    #expect(throws: expected) { try head.verified(by: [TestKey.first.verification()]) }
    #expect(throws: expected) { try head.unverifiedManifest() }
  }

  @Test("Errors are one line of plain characters")
  func descriptions() {
    let errors: [UpdateFileError] = [
      .notAnUpdateFile, .headForm(offset: 1), .headTooLong, .headTruncated(length: 2),
      .excessInput(given: 2, wanted: 1), .streamVersion(7), .notASendStream,
      .unexpectedCommand(number: 1, offset: 2), .commandTruncated(offset: 3),
      .commandChecksum(9, offset: 4), .tooManySignatures, .duplicateSignature(keyID: digest(1)),
      .signatureOrder(keyID: digest(1)), .unknownAttribute(number: 1, offset: 0),
      .duplicateAttribute(.cuts, offset: 1), .misplacedAttribute(.cuts, offset: 1),
      .missingAttribute(.pieces), .attributeTruncated(offset: 5),
      .attributeLength(.keyID, length: 1), .notCanonical, .unsupportedRevision(2),
      .unsupportedFeature(3), .invalidText(.product), .invalidValue(.cuts, value: 1),
      .inconsistent(.pieces, stated: 1, found: 2), .baseVersionMismatch(stream: 1, manifest: 2),
      .invalidKey(index: 1), .repeatedKey(keyID: digest(1)), .signatureLength(1),
      .invalidThreshold(0), .notSigned, .noTrustedSignature,
      .badSignature(keyID: digest(2)), .thresholdNotReached(good: 1, needed: 2),
      .memoryLimit(needed: 2, limit: 1), .pieceLength(index: 0, length: 1, wanted: 2),
      .pieceDigest(index: 3), .sectionMismatch(index: 4), .payloadTruncated(sections: 1),
      .emptySection(index: 0), .xz(.notXZ),
    ]
    for error in errors {
      #expect(error.description.utf8.allSatisfy { 0x20..<0x7f ~= $0 })
    }
    #expect(Set(errors.map(\.description)).count == errors.count)
  }
}
