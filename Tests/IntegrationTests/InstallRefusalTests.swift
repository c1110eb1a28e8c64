import Btrfs
import Bytes
import Crypto
import Linux
import Signing
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

@Suite("Updates that are refused, and leave the device as it was", .btrfs)
struct InstallRefusalTests {
  let bench: InstallBench

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    try bench.apply(bench.update(from: nil, to: 1))
  }

  private func refused(
    _ update: [UInt8], _ options: InstallOptions? = nil, _ expected: String,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let state = try bench.state()
    #expect(try bench.refusal(of: update, options) == expected, sourceLocation: location)
    #expect(try bench.state() == state, sourceLocation: location)
    let problems = try bench.check(update, options).map(\.description)
    #expect(problems == [expected], sourceLocation: location)
    #expect(try bench.state() == state, sourceLocation: location)
  }

  @Test("Signatures: none, by a stranger, one of two broken")
  func signatures() throws {
    let stranger = try SigningKey.generate()
    try refused(bench.update(from: 1, to: 2, signers: []), nil, "the update is not signed")
    try refused(
      bench.update(from: 1, to: 2, signers: [stranger]), nil,
      "the update is not signed by a trusted key")
    let second = try SigningKey.generate()
    var options = bench.options
    options.keys.append(second.verificationKey)
    let update = try bench.update(from: 1, to: 2, signers: [bench.key, second])
    // The last byte of the last signature, found from its key ID.
    let last = max(bench.key.verificationKey.keyID, second.verificationKey.keyID)
    let start = try #require((0..<update.count).first { update[$0...].starts(with: last.bytes) })
    var broken = update
    broken[start + 32 + 4 + 10] ^= 1
    let refusal = try bench.refusal(of: broken, options)
    // The xz check of the stored chunks is noticed first; that alone would do.
    #expect(refusal?.hasPrefix("the update is damaged: the head") == true)
    try bench.apply(update, options)
  }

  @Test("Products: fail closed on both sides")
  func products() throws {
    var options = bench.options
    options.product = nil
    let named = try bench.update(from: 1, to: 2)
    let unnamed = try bench.update(from: 1, to: 2) { $0.product = nil }
    try refused(
      named, options,
      "the update is for product \"thermostat\", this device is no product in particular")
    try refused(
      unnamed, nil,
      "the update is for no product in particular, this device is product \"thermostat\"")
    options.product = "thermostat "
    try refused(
      named, options,
      "the update is for product \"thermostat\", this device is product \"thermostat \"")
    options.product = nil
    try bench.apply(unnamed, options)
  }

  @Test("A version below the floor, unless it is forced; one that is installed already")
  func versions() throws {
    let device = try bench.device()
    try bench.release(5, "echo five >etc/version")
    try bench.apply(bench.update(from: 1, to: 5))
    try device.activate(SystemVersion(5))
    let older = try bench.update(from: 1, to: 2)
    try refused(older, nil, "version 2 is older than 5, which was in use already")
    try refused(bench.update(from: 1, to: 5), nil, "version 5 is already installed")
    var options = bench.options
    options.forcesDowngrade = true
    try bench.apply(older, options)
    #expect(try device.status().floor == SystemVersion(5))
  }

  @Test("A parent that is not there")
  func parentMissing() throws {
    try bench.release(3, "echo three >etc/version")
    try refused(
      bench.update(from: 2, to: 3), nil,
      "the update starts from version 2, which is not installed; if it came in an image, "
        + "`adopt` makes it known")
  }

  @Test("Space, memory and program version")
  func needs() throws {
    let space = try bench.update(from: 1, to: 2) { $0.needs.diskData = 1 << 40 }
    let refusal = try #require(try bench.refusal(of: space))
    #expect(refusal.hasPrefix("the update needs 1099511627776 bytes of disk space, "))
    let metadata = try bench.update(from: 1, to: 2) { $0.needs.diskMetadata = 1 << 40 }
    #expect(try bench.refusal(of: metadata)?.contains("bytes of disk space") == true)
    let memory = try bench.update(from: 1, to: 2) { $0.needs.memory = 1 << 50 }
    #expect(
      try bench.refusal(of: memory)?.hasPrefix("the update needs 1125899906842624 bytes of memory")
        == true)
    let tool = try bench.update(from: 1, to: 2) { $0.minimumToolVersion = ToolVersion(1, 0, 1) }
    try refused(tool, nil, "the update needs version 1.0.1 of this program, which is 1.0.0")
    // A budget that its own payload breaks.
    let tight = try bench.update(from: 1, to: 2) { $0.needs.memory = 1 << 20 }
    #expect(try bench.refusal(of: tight)?.contains("bytes of memory, 1048576 are") == true)
  }

  @Test("Checking names every reason, not only the first")
  func allReasons() throws {
    var options = bench.options
    options.product = "oven"
    let update = try bench.update(from: 2, to: 1) { $0.needs.diskData = 1 << 40 }
    let problems = try bench.check(update, options)
    #expect(problems.count == 4)
    guard problems.count == 4, case .wrongProduct = problems[0],
      case .alreadyInstalled = problems[1], case .parentMissing = problems[2],
      case .notEnoughSpace = problems[3]
    else {
      Issue.record("\(problems)")
      return
    }
    let report = try bench.device().check(
      bench.file(of: bench.update(from: 1, to: 2)), bench.options)
    #expect(report.problems.isEmpty && report.manifest?.toVersion == 2)
  }

  @Test("A signed manifest that promises something else than the payload holds")
  func liars() throws {
    let other = SHA256.hash([1].rawSpan)
    let state = try bench.state()
    func refusal(_ change: (inout Manifest) -> Void) throws -> String? {
      try bench.refusal(of: bench.update(from: 1, to: 2, changing: change))
    }
    let differs = "what came out is not what was signed; it was deleted again"
    #expect(try refusal { $0.target.fullDigest = other } == differs)
    #expect(try refusal { $0.target.contentDigest = other } == differs)
    #expect(
      try refusal { $0.target.uuid = .none }?.hasPrefix("the update is damaged: it makes") == true)
    #expect(
      try refusal { $0.target.ctransid += 1 }?.hasPrefix("the update is damaged: it makes") == true)
    #expect(try refusal { $0.plain.sha256 = other }?.contains("what was signed") == true)
    #expect(try refusal { $0.payload.cuts[0].plainSHA256 = other }?.contains("section 0") == true)
    #expect(try refusal { $0.payload.pieces[0] = other }?.contains("piece") == true)
    // A delta that claims to be a full update.
    let full = try refusal { $0.parent = nil }
    #expect(full?.contains("snapshot at byte 0 has no place here") == true)
    #expect(try bench.state() == state)
  }

  @Test("Not an update at all")
  func garbage() throws {
    for bytes in [
      Array("hello".utf8), [], [0xfd] + Array("7zXZ".utf8), Array(repeating: 0, count: 9999),
    ] {
      #expect(try bench.refusal(of: bytes)?.isEmpty == false)
    }
    #expect(try bench.refusal(of: Array("#!/bin/sh, not xz".utf8)) == "this is not an update file")
    let directory = try Descriptor.open(bench.disk, .directory)
    let error = #expect(throws: InstallError.self) {
      _ = try bench.device().apply(directory, bench.options)
    }
    guard case .system(let system) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(system.errno == .isDirectory)
  }
}
