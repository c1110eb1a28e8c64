import Bytes
import Crypto
import TestSupport
import Testing

@Suite("Hashing")
struct HashingTests {
  @Test("The examples of FIPS 180 come out")
  func vectors() {
    let empty: [UInt8] = []
    let abc = Array("abc".utf8)
    #expect(
      SHA256.hash(empty.rawSpan).hex
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hash(abc.rawSpan).hex
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA512.hash(abc.rawSpan).hex
        == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
  }

  @Test("Pieces hash like the whole, and a finished hasher starts anew")
  func pieces() {
    var random = SeededGenerator.ofTest("pieces to hash")
    let bytes = random.bytes(10_000)
    var short = SHA256()
    var long = SHA512()
    for _ in 0..<2 {
      var at = 0
      while at < bytes.count {
        let end = min(bytes.count, at + Int(random.next() % 700))
        short.update(bytes.rawSpan.extracting(at..<end))
        long.update(bytes.rawSpan.extracting(at..<end))
        at = end
      }
      let digests = (short.finalize(), long.finalize())
      #expect(digests.0 == SHA256.hash(bytes.rawSpan))
      #expect(digests.1 == SHA512.hash(bytes.rawSpan))
    }
  }

  @Test("The digest so far is that of the bytes so far, and changes nothing")
  func soFar() {
    var random = SeededGenerator.ofTest("pieces to hash on")
    let bytes = random.bytes(3_000)
    var hasher = SHA256()
    #expect(hasher.digestSoFar() == SHA256.hash(RawSpan()))
    for end in stride(from: 100, through: bytes.count, by: 100) {
      hasher.update(bytes.rawSpan.extracting(end - 100..<end))
      let expected = SHA256.hash(bytes.rawSpan.extracting(0..<end))
      #expect(hasher.digestSoFar() == expected)
    }
    #expect(hasher.finalize() == SHA256.hash(bytes.rawSpan))
  }

  @Test("sha256sum and sha512sum agree")
  func programs() throws {
    var random = SeededGenerator.ofTest("bytes to hash")
    let bytes = random.bytes(4321)
    let short = try ExternalProgram.run("sha256sum", ["a"], files: ["a": bytes]).text
    let long = try ExternalProgram.run("sha512sum", ["a"], files: ["a": bytes]).text
    #expect(short.prefix(64) == SHA256.hash(bytes.rawSpan).hex)
    #expect(long.prefix(128) == SHA512.hash(bytes.rawSpan).hex)
  }
}

@Suite("Digests")
struct DigestTests {
  private let text = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"

  @Test("Hexadecimal digits go in and out")
  func hex() throws {
    let digest = try #require(SHA256Digest(hex: text))
    #expect(digest.hex == text)
    #expect("\(digest)" == text)
    #expect(digest.bytes.prefix(3) == [0x00, 0x11, 0x22])
    #expect(SHA256Digest(hex: text.uppercased()) == digest)
    #expect(SHA256Digest(copying: digest.bytes.rawSpan) == digest)
  }

  @Test("Too few, too many or other characters spell no digest")
  func notHex() {
    #expect(SHA256Digest(hex: text.dropLast()) == nil)
    #expect(SHA256Digest(hex: text + "00") == nil)
    #expect(SHA256Digest(hex: text.dropLast() + "g") == nil)
    #expect(SHA256Digest(hex: text + "é") == nil)
    #expect(SHA512Digest(hex: text) == nil)
    for count in [0, 31, 33, 64] {
      let bytes = [UInt8](repeating: 1, count: count)
      #expect(SHA256Digest(copying: bytes.rawSpan) == nil)
    }
  }

  /// `#require` cannot look into calls that take spans.
  private func digest(of bytes: [UInt8]) -> SHA256Digest? {
    SHA256Digest(copying: bytes.rawSpan)
  }

  @Test("One other bit makes another digest, and order is that of the text")
  func equality() throws {
    var random = SeededGenerator.ofTest("digests")
    for _ in 0..<50 {
      let bytes = random.bytes(32)
      let digest = try #require(self.digest(of: bytes))
      #expect(digest == digest)
      #expect(!(digest < digest))
      for bit in 0..<256 {
        var changed = bytes
        changed[bit / 8] ^= 1 << (bit % 8)
        let other = try #require(self.digest(of: changed))
        #expect(other != digest)
        #expect((digest < other) == (digest.hex < other.hex))
      }
    }
  }
}
