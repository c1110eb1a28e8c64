import Bytes
import Crypto
import Foundation
import Signing
import TestSupport
import Testing
import UpdateFile

/// The private keys of RFC 8032's first three test vectors, for tests only.
enum TestKey: String, CaseIterable {
  case first = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
  case second = "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7"
  case third = "MC4CAQAwBQYDK2VwBCIEIMWqjfQ/n4N77bdELzHct7Fm04U1B28JS4XOOi4LRFj3"

  func signing() throws -> SigningKey {
    let pem = Array("-----BEGIN PRIVATE KEY-----\n\(rawValue)\n-----END PRIVATE KEY-----\n".utf8)
    return try SigningKey(pem: pem.rawSpan)
  }

  func verification() throws -> VerificationKey { try signing().verificationKey }

  func signature(of manifestBytes: [UInt8]) throws -> UpdateSignature {
    try signature(ofMessage: UpdateSignature.message(for: manifestBytes.rawSpan))
  }

  func signature(ofMessage message: [UInt8]) throws -> UpdateSignature {
    let key = try signing()
    return try UpdateSignature(
      keyID: key.verificationKey.keyID, data: key.signature(for: message.rawSpan))
  }
}

func digest(_ byte: UInt8) -> SHA256Digest {
  let bytes = [UInt8](repeating: byte, count: 100)
  return SHA256.hash(bytes.rawSpan)
}

func uuid(_ byte: UInt8) throws -> SubvolumeUUID {
  let bytes = (0..<16).map { byte &+ $0 }
  let uuid = SubvolumeUUID(bytes.rawSpan)
  return try #require(uuid)
}

extension Manifest {
  /// A manifest that says something different everywhere.
  static func sample() throws -> Manifest {
    Manifest(
      minimumToolVersion: ToolVersion(1, 0, 0), baseVersion: 2, product: "acme,gate-2",
      parent: Parent(
        version: 41, uuid: try uuid(0x10), ownUUID: try uuid(0x30), ctransid: 1234,
        contentDigest: digest(1), fullDigest: digest(2)),
      toVersion: 42, buildDate: 1_750_000_000, builder: "btrfs-delta 1.0.0, liblzma 5.4.1",
      target: Target(
        uuid: try uuid(0x50), ctransid: 5678, contentDigest: digest(3), fullDigest: digest(4),
        dataSize: 987_654_321, entryCount: 23_456),
      plain: PlainStream(length: 7000, sha256: digest(5)),
      needs: Needs(memory: 64 << 20, diskData: 123_456_789, diskMetadata: 12_345_678),
      payload: Payload(
        length: 3_000_000, deltaLength: 5_000_000, pieceSize: 1 << 20, dictionarySize: 8 << 20,
        cuts: [
          Cut(
            compressedLength: 1_999_996, deltaLength: 3_500_000, plainLength: 6000,
            plainSHA256: digest(6)),
          Cut(
            compressedLength: 1_000_004, deltaLength: 1_500_000, plainLength: 1000,
            plainSHA256: digest(7)),
        ],
        pieces: [digest(8), digest(9), digest(10)]))
  }
}

/// A signed head.
func sampleHead(_ keys: [TestKey] = [.first]) throws -> UpdateHead {
  let bytes = try Manifest.sample().encoded()
  return try UpdateHead(
    manifestBytes: bytes, baseVersion: 2, signatures: keys.map { try $0.signature(of: bytes) })
}

/// Reads a head, exactly as many bytes at a time as the reader wants, or `step`.
func readHead(_ file: [UInt8], step: Int = .max) throws(UpdateFileError) -> (UpdateHead, Int) {
  var reader = HeadReader()
  var at = 0
  while reader.wanted > 0, at < file.count {
    let end = min(file.count, at + min(step, reader.wanted))
    try reader.append(file.rawSpan.extracting(at..<end))
    at = end
  }
  return (try reader.finish(), reader.length)
}

func readManifest(_ bytes: [UInt8]) throws(UpdateFileError) -> Manifest {
  try Manifest(parsing: bytes.rawSpan)
}

/// The attributes of a manifest, apart, to take some out, change or repeat.
struct Attributes {
  var list: [(number: UInt16, value: [UInt8])] = []

  init(_ bytes: [UInt8]) {
    var cursor = ByteCursor(bytes.rawSpan)
    while let number = cursor.read(UInt16.self) {
      if number >= 0xC000 {
        list.append((number, [UInt8](copying: cursor.takeRest())))
      } else if let length = cursor.read(UInt16.self), let value = cursor.take(Int(length)) {
        list.append((number, [UInt8](copying: value)))
      }
    }
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for (number, value) in list {
      bytes.append(littleEndian: number)
      if number < 0xC000 { bytes.append(littleEndian: UInt16(value.count)) }
      bytes += value
    }
    return bytes
  }
}

/// A file in `TestImages`; written first when `UPDATE_GOLDEN` is set.
func golden(_ name: String, _ bytes: [UInt8]) throws -> [UInt8] {
  let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../TestImages/\(name)").standardized
  if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }
  return [UInt8](try Data(contentsOf: url))
}

/// Any bit of a manifest's bytes that is changed makes them refused, or the one form of another
/// manifest.
func expectOneForm(ofEveryBitFlippedIn manifest: Manifest) throws {
  let bytes = try manifest.encoded()
  for bit in 0..<(bytes.count * 8) {
    var changed = bytes
    changed[bit / 8] ^= 1 << (bit % 8)
    guard let read = try? readManifest(changed) else { continue }
    #expect(read != manifest)
    let again = try read.encoded()
    #expect(again == changed)
  }
}
