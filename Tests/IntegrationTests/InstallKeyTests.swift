import Btrfs
import Bytes
import Crypto
import Linux
import Signing
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

@Suite("Keys that come and go with updates", .btrfs)
struct InstallKeyTests {
  let bench: InstallBench
  let second: SigningKey
  private let untrusted = "the update is not signed by a trusted key"

  init() throws {
    bench = try InstallBench()
    second = try SigningKey.generate()
    try bench.releaseTwo()
    try bench.release(3, "echo three >etc/version")
    try bench.apply(bench.update(from: nil, to: 1))
  }

  private var firstID: SHA256Digest { bench.key.verificationKey.keyID }
  private var secondID: SHA256Digest { second.verificationKey.keyID }

  private func update(
    _ from: UInt64?, _ to: UInt64, by signers: [SigningKey]? = nil, adding: [SigningKey] = [],
    revoking: [SHA256Digest] = []
  ) throws -> [UInt8] {
    try bench.update(from: from, to: to, signers: signers) {
      $0.keyChanges = KeyChanges(added: adding.map(\.verificationKey), revoked: revoking)
    }
  }

  /// Has an update refused by `apply` and `check` alike, which leave the device as it was.
  private func refused(
    _ update: [UInt8], _ options: InstallOptions? = nil, _ expected: String,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let state = try bench.state()
    let keys = try bench.device().keys()
    #expect(try bench.refusal(of: update, options) == expected, sourceLocation: location)
    let problems = try bench.check(update, options).map(\.description)
    #expect(problems == [expected], sourceLocation: location)
    #expect(try bench.state() == state, sourceLocation: location)
    #expect(try bench.device().keys() == keys, sourceLocation: location)
  }

  @Test("A key counts once the version that brought it is good, and no rollback undoes it")
  func learned() throws {
    let device = try bench.device()
    try device.activate(SystemVersion(1))
    try bench.apply(update(1, 2, adding: [second]))
    let next = try update(2, 3, by: [second])
    try refused(next, nil, untrusted)
    #expect(try device.keys().pendingKeys.map(\.key) == [second.verificationKey])
    try device.activate(SystemVersion(2))
    try refused(next, nil, untrusted)
    try device.markGood(SystemVersion(2))
    try device.markGood(SystemVersion(2))
    #expect(try device.keys().learned.map(\.version) == [SystemVersion(2)])
    #expect(try bench.check(next).isEmpty)
    try device.rollBack()
    #expect(try device.status().current?.version == SystemVersion(1))
    #expect(try device.status().keys.learned.map(\.key) == [second.verificationKey])
    try bench.apply(next)
  }

  @Test("A revoked key is refused wherever it is trusted, and no rollback undoes it")
  func revoked() throws {
    let device = try bench.device()
    var options = bench.options
    options.keys.append(second.verificationKey)
    try device.activate(SystemVersion(1))
    let bySecond = try update(1, 3, by: [second])
    try bench.apply(update(1, 2, revoking: [secondID]), options)
    // Not while it may still turn out to be a bad version.
    #expect(try bench.check(bySecond, options).isEmpty)
    try device.activate(SystemVersion(2))
    #expect(try bench.check(bySecond, options).isEmpty)
    try device.markGood(SystemVersion(2))
    try refused(bySecond, options, untrusted)
    try device.rollBack()
    try refused(bySecond, options, untrusted)
    // Its signature does not even spoil another one.
    try refused(
      update(1, 3, by: [bench.key, second], revoking: [firstID]), options,
      "the update revokes too many keys: 0 would be trusted afterwards, and 1 must be, "
        + "or nothing could be installed any more")
    // Brought again, it stays revoked.
    try bench.apply(update(1, 3, adding: [second]), options)
    try device.activate(SystemVersion(3))
    try device.markGood(SystemVersion(3))
    #expect(try device.keys().learned.isEmpty)
    #expect(try device.keys().trusted(with: options.keys) == [bench.key.verificationKey])
  }

  @Test("One update changes the only key for another")
  func rotation() throws {
    let device = try bench.device()
    let rotating = try update(1, 2, adding: [second], revoking: [firstID])
    try bench.apply(rotating)
    // Bad versions lock nobody out: until it is good, the old key counts and the new one does not.
    try refused(update(1, 3, by: [second]), nil, untrusted)
    try device.activate(SystemVersion(2))
    try refused(update(1, 3), nil, untrusted)
    try bench.apply(update(1, 3, by: [second]))
    #expect(
      try device.keys().trusted(with: bench.options.keys) == [second.verificationKey])
  }

  @Test("So many different keys must have signed, and the same one twice is one")
  func threshold() throws {
    var options = bench.options
    options.threshold = 2
    options.keys.append(bench.key.verificationKey)
    let both = try update(1, 2, by: [bench.key, second])
    let one = try update(1, 2)
    try refused(one, options, "the update is signed by 1 of the 2 trusted keys needed")
    try refused(both, options, "the update is signed by 1 of the 2 trusted keys needed")
    options.keys.append(second.verificationKey)
    try refused(one, options, "the update is signed by 1 of the 2 trusted keys needed")
    // One signature twice: the file's form has no place for it.
    let id = firstID
    #expect(throws: UpdateFileError.duplicateSignature(keyID: id)) {
      try update(1, 2, by: [bench.key, bench.key])
    }
    let installation = try bench.apply(both, options)
    #expect(installation.signers == [firstID, secondID].sorted())
    options.threshold = 0
    #expect(options.neededKeys == 1)
  }

  @Test("A stolen key alone can revoke nothing where two must sign")
  func stolen() throws {
    let third = try SigningKey.generate()
    var options = bench.options
    options.keys += [second.verificationKey, third.verificationKey]
    options.threshold = 2
    let attack = try update(1, 2, by: [second], revoking: [firstID])
    try refused(attack, options, "the update is signed by 1 of the 2 trusted keys needed")
    try bench.apply(update(1, 2, by: [bench.key, third], revoking: [secondID]), options)
    try bench.device().activate(SystemVersion(2))
    // Now its signature does not count either.
    try refused(
      update(1, 3, by: [bench.key, second]), options,
      "the update is signed by 1 of the 2 trusted keys needed")
    // And nobody can be revoked any more without a successor.
    try refused(
      update(1, 3, by: [bench.key, third], revoking: [third.verificationKey.keyID]), options,
      "the update revokes too many keys: 1 would be trusted afterwards, and 2 must be, "
        + "or nothing could be installed any more")
    let fourth = try SigningKey.generate()
    try bench.apply(
      update(
        1, 3, by: [bench.key, third], adding: [fourth], revoking: [third.verificationKey.keyID]),
      options)
  }

  @Test("An update may not revoke all keys, and two may not do so together")
  func allRevoked() throws {
    var options = bench.options
    options.keys.append(second.verificationKey)
    let none =
      "the update revokes too many keys: 0 would be trusted afterwards, and 1 must be, "
      + "or nothing could be installed any more"
    try refused(update(1, 2, revoking: [firstID, secondID]), options, none)
    try bench.apply(update(1, 2, revoking: [firstID]), options)
    // The first revocation is not in force yet, but may be by then.
    try refused(update(1, 3, revoking: [secondID]), options, none)
    try bench.apply(update(1, 3), options)
  }

  @Test("What is pending for a version that was deleted never counts")
  func deleted() throws {
    try bench.apply(update(1, 2, adding: [second], revoking: [firstID]))
    let disk = try Descriptor.open(bench.disk, .directory)
    try Subvolume.delete("sys_root_v2", in: disk)
    let device = try bench.device()
    try device.recover()
    #expect(try device.keys() == DeviceKeys())
    try bench.apply(update(1, 2))
    try device.activate(SystemVersion(2))
    #expect(try device.keys() == DeviceKeys())
  }

  @Test("What could not be installed has said nothing of keys")
  func failed() throws {
    let damaged = try bench.update(from: 1, to: 2) {
      $0.keyChanges = KeyChanges(added: [second.verificationKey])
      $0.target.fullDigest = SHA256.hash([1].rawSpan)
    }
    #expect(try bench.refusal(of: damaged)?.hasPrefix("what came out") == true)
    #expect(try bench.device().keys() == DeviceKeys())
  }

  @Test("What an interrupted verdict changes of keys counts for the update that comes next")
  func recovered() throws {
    let device = try bench.device()
    try device.activate(SystemVersion(1))
    try bench.apply(update(1, 2, adding: [second], revoking: [firstID]))
    let (byFirst, bySecond) = (try update(1, 3), try update(1, 3, by: [second]))
    try device.activate(SystemVersion(2))
    for call in 1...100 {
      _ = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in
        do throws(InstallError) {
          try device.markGood(SystemVersion(2))
          return true
        } catch {
          return false
        }
      }
      if try bench.device().status().pending != nil { break }
    }
    #expect(try device.status().pending != nil)
    // The journal stands, and the keys are as before: until recovery, which comes with `apply`.
    #expect(try device.keys().learned.isEmpty)
    #expect(try bench.refusal(of: byFirst) == untrusted)
    #expect(try device.status().floor == SystemVersion(2))
    try bench.apply(bySecond)
  }

  @Test("Where the record of keys is damaged nothing is trusted, but going back is possible")
  func corrupt() throws {
    let device = try bench.device()
    try bench.apply(update(1, 2))
    try device.activate(SystemVersion(1))
    try device.activate(SystemVersion(2))
    try run("sh", "-c", "echo garbage >\(bench.disk)/.btrfs-update/keys")
    let update = try update(1, 3)
    let expected =
      ".btrfs-update/keys is damaged: it is another kind of file; nothing was changed"
    #expect(try bench.refusal(of: update) == expected)
    #expect(try bench.check(update).map(\.description) == [expected])
    try device.rollBack()
    try run("sh", "-c", "rm \(bench.disk)/.btrfs-update/keys")
    #expect(try device.status().current?.version == SystemVersion(1))
  }
}
