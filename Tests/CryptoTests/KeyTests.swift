import Bytes
import Crypto
import Signing
import TestSupport
import Testing

/// The first test vector with a message of RFC 8032, section 7.1 (TEST 2).
private enum Vector {
  static let publicKey: [UInt8] =
    SHA256Digest(hex: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")?.bytes
    ?? []
  static let signature: [UInt8] =
    SHA512Digest(
      hex: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")?.bytes ?? []
  static let message: [UInt8] = [0x72]
}

private func openssl(
  _ arguments: String, _ files: [String: [UInt8]] = [:]
) throws -> ExternalProgram.Outcome {
  try ExternalProgram.run("openssl", arguments.split(separator: " ").map(String.init), files: files)
}

extension VerificationKey {
  /// `#expect` cannot look into calls that take spans.
  fileprivate func accepts(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
    verifies(signature: signature.rawSpan, message: message.rawSpan)
  }
}

private func lines(_ text: String...) -> [UInt8] { Array(text.joined(separator: "\n").utf8) }

@Suite("Public keys")
struct VerificationKeyTests {
  @Test("RFC 8032's example verifies, and with any bit changed it does not")
  func vector() throws {
    let key = try VerificationKey(rawRepresentation: Vector.publicKey.rawSpan)
    let message = Vector.message
    #expect(key.accepts(Vector.signature, message))
    for bit in 0..<512 {
      var signature = Vector.signature
      signature[bit / 8] ^= 1 << (bit % 8)
      #expect(!key.accepts(signature, message), "bit \(bit)")
    }
    for bit in 0..<256 {
      var raw = Vector.publicKey
      raw[bit / 8] ^= 1 << (bit % 8)
      let other = try VerificationKey(rawRepresentation: raw.rawSpan)
      #expect(!other.accepts(Vector.signature, message))
      #expect(other.keyID != key.keyID)
    }
    let other: [UInt8] = [0x73]
    #expect(!key.accepts(Vector.signature, other))
  }

  @Test("A signature of another length is no signature", arguments: [0, 1, 63, 65, 128])
  func signatureLength(count: Int) throws {
    let key = try VerificationKey(rawRepresentation: Vector.publicKey.rawSpan)
    let signature = Array((Vector.signature + Vector.signature)[..<count])
    #expect(!key.accepts(signature, Vector.message))
  }

  @Test("A raw key of another length is no key", arguments: [0, 31, 33])
  func rawLength(count: Int) {
    let raw = [UInt8](repeating: 1, count: count)
    #expect(throws: KeyError.notEd25519) { try VerificationKey(rawRepresentation: raw.rawSpan) }
  }

  @Test("SubjectPublicKeyInfo comes back as it was; with any bit of its frame flipped it is no key")
  func subjectPublicKeyInfo() throws {
    let key = try VerificationKey(rawRepresentation: Vector.publicKey.rawSpan)
    let info = key.subjectPublicKeyInfo
    #expect(info.count == VerificationKey.subjectPublicKeyInfoLength)
    #expect(SHA256.hash(info.rawSpan) == key.keyID)
    let again = try VerificationKey(subjectPublicKeyInfo: info.rawSpan)
    #expect(again == key)
    for bit in 0..<(12 * 8) {
      var changed = info
      changed[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: KeyError.notEd25519) {
        try VerificationKey(subjectPublicKeyInfo: changed.rawSpan)
      }
    }
    for wrong in [[], Array(info.dropLast()), info + [0], Array(info.prefix(12))] {
      #expect(throws: KeyError.notEd25519) {
        try VerificationKey(subjectPublicKeyInfo: wrong.rawSpan)
      }
    }
  }

  @Test("What openssl writes is read, text around it does not matter, and the key ID is its own")
  func openSSL() throws {
    let privatePEM = try openssl("genpkey -algorithm ed25519").output
    let pem = try openssl("pkey -in k -pubout", ["k": privatePEM]).output
    let der = try openssl("pkey -in k -pubout -outform DER", ["k": privatePEM]).output
    let key = try VerificationKey(pem: pem.rawSpan)
    #expect(key.keyID == SHA256.hash(der.rawSpan))
    #expect(key.rawRepresentation == Array(der.suffix(32)))
    let commented = lines("release key, 2025", "") + pem + lines("", "the end")
    #expect(try VerificationKey(pem: commented.rawSpan) == key)
    let dos = Array(String(decoding: pem, as: UTF8.self).replacing("\n", with: "\r\n").utf8)
    #expect(try VerificationKey(pem: dos.rawSpan) == key)
  }

  @Test("Other things in PEM say what they are")
  func otherKinds() throws {
    let privatePEM = try openssl("genpkey -algorithm ed25519").output
    let pem = try openssl("pkey -in k -pubout", ["k": privatePEM]).output
    let encrypted = try openssl("pkey -in k -aes256 -passout pass:x", ["k": privatePEM]).output
    let x25519 = try openssl("genpkey -algorithm x25519").output
    let otherAlgorithm = try openssl("pkey -in k -pubout", ["k": x25519]).output
    let certificate = try openssl(
      "req -x509 -new -key k -subj /CN=x -days 1 -config /dev/null", ["k": privatePEM]
    ).output
    let cases: [([UInt8], KeyError)] = [
      ([], .notPEM), (lines("hello"), .notPEM), (Array(pem.dropLast(30)), .notPEM),
      (privatePEM, .privateKeyGiven), (encrypted, .privateKeyGiven),
      (pem + pem, .severalPEMBlocks), (pem + privatePEM, .severalPEMBlocks),
      (otherAlgorithm, .notEd25519), (certificate, .unexpectedLabel("CERTIFICATE")),
      ([UInt8](repeating: 10, count: 70_000), .tooLong(70_000)),
    ]
    for (file, expected) in cases {
      #expect(throws: expected) { try VerificationKey(pem: file.rawSpan) }
    }
  }

  @Test("A PEM key cut at any byte or with a changed digit is another key or none")
  func damagedPEM() throws {
    let pem = try SigningKey.generate().publicKeyPEM()
    let key = try VerificationKey(pem: pem.rawSpan)
    for cut in 0..<(pem.count - 1) {
      let part = Array(pem[..<cut])
      #expect(throws: KeyError.self) { try VerificationKey(pem: part.rawSpan) }
    }
    // 44 bytes leave two bits of the last digit, before the one "=", that mean nothing.
    let padding = try #require(pem.firstIndex(of: UInt8(ascii: "=")))
    for index in pem.indices.dropLast() where index != padding - 1 {
      var changed = pem
      changed[index] ^= 1
      let other = try? VerificationKey(pem: changed.rawSpan)
      #expect(other != key, "byte \(index)")
    }
  }

  @Test("A description never carries what could steer a terminal")
  func description() {
    let file = lines("-----BEGIN \u{1b}[31mred-----", "AAAA", "-----END \u{1b}[31mred-----", "")
    do throws(KeyError) {
      _ = try VerificationKey(pem: file.rawSpan)
      Issue.record("taken for a key")
    } catch {
      #expect(error.description.utf8.allSatisfy { 0x20..<0x7f ~= $0 })
    }
  }
}

@Suite("Private keys")
struct SigningKeyTests {
  @Test("What it signs, its public half verifies, and openssl too")
  func sign() throws {
    let key = try SigningKey.generate()
    let message = Array("a message of some length".utf8)
    let signature = try key.signature(for: message.rawSpan)
    let again = try key.signature(for: message.rawSpan)
    #expect(signature == again)
    #expect(signature.count == VerificationKey.signatureLength)
    let publicKey = key.verificationKey
    #expect(publicKey.accepts(signature, message))
    let publicPEM = try key.publicKeyPEM()
    let check = try openssl(
      "pkeyutl -verify -pubin -inkey k -rawin -in m -sigfile s",
      ["k": publicPEM, "m": message, "s": signature])
    #expect(check.status == 0)
    #expect(try VerificationKey(pem: publicPEM.rawSpan) == key.verificationKey)
  }

  @Test("Its PEM is what openssl writes, both ways, and signs the same")
  func openSSL() throws {
    let pem = try openssl("genpkey -algorithm ed25519").output
    let key = try SigningKey(pem: pem.rawSpan)
    let written = try key.privateKeyPEM()
    #expect(written == pem)
    let publicPEM = try key.publicKeyPEM()
    #expect(publicPEM == (try openssl("pkey -in k -pubout", ["k": pem]).output))
    let message = Array("signed by both".utf8)
    let signature = try key.signature(for: message.rawSpan)
    let theirs = try openssl("pkeyutl -sign -inkey k -rawin -in m", ["k": pem, "m": message])
    #expect(signature == theirs.output)
  }

  @Test("Two generated keys differ")
  func generate() throws {
    let first = try SigningKey.generate().verificationKey
    let second = try SigningKey.generate().verificationKey
    #expect(first.keyID != second.keyID)
  }

  @Test("An encrypted key is refused without asking; other things in PEM say what they are")
  func otherKinds() throws {
    let pem = try openssl("genpkey -algorithm ed25519").output
    let publicPEM = try openssl("pkey -in k -pubout", ["k": pem]).output
    let encrypted = try openssl("pkey -in k -aes256 -passout pass:x", ["k": pem]).output
    let x25519 = try openssl("genpkey -algorithm x25519").output
    let ec = try openssl("ecparam -genkey -name prime256v1 -noout").output
    let oldEncrypted = try openssl("ec -in k -aes128 -passout pass:x", ["k": ec]).output
    let trailing = lines("-----BEGIN PRIVATE KEY-----", "AAAA", "-----END PRIVATE KEY-----", "")
    let cases: [([UInt8], KeyError)] = [
      ([], .notPEM), (lines("hello"), .notPEM), (publicPEM, .publicKeyGiven),
      (encrypted, .encrypted), (oldEncrypted, .encrypted), (x25519, .notEd25519),
      (ec, .notEd25519), (pem + pem, .severalPEMBlocks), (trailing, .notEd25519),
    ]
    for (file, expected) in cases {
      #expect(throws: expected) { _ = try SigningKey(pem: file.rawSpan) }
    }
  }
}
