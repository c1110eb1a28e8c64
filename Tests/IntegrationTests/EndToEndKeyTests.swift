import Foundation
import TestSupport
import Testing
import UpdateFile

@Suite("Signing elsewhere, and keys that come with updates", .btrfs)
struct EndToEndKeyTests {
  let bench: EndToEndBench

  init() throws {
    bench = try EndToEndBench()
    try bench.release(1, "seq 5000 >numbers; echo one >version")
    try bench.release(2, "seq 5001 >numbers; echo two >version; head -c 90000 /dev/urandom >new")
    try bench.release(3, "echo three >version")
  }

  /// Makes a second pair of keys, with openssl; the public one is not among the trusted ones.
  private func makeOther() throws {
    try run("openssl", "genpkey", "-algorithm", "ed25519", "-out", bench.path("other.pem"))
    try run(
      "openssl", "pkey", "-in", bench.path("other.pem"), "-pubout", "-out",
      bench.path("other.pub.pem"))
  }

  private func id(_ publicKey: String) throws -> String {
    let der = bench.path("key.der")
    try run(
      "openssl", "pkey", "-pubin", "-in", bench.path(publicKey), "-outform", "DER", "-out", der)
    return try EndToEndBench.sha256(der)
  }

  /// Builds an update that nobody has signed.
  private func buildUnsigned(_ from: UInt64?, _ to: UInt64, _ name: String) throws {
    var arguments = ["build", "--child", bench.tree(to), "--compatible", "oven", "--unsigned"]
    if let from { arguments += ["--parent", bench.tree(from)] }
    arguments += ["--plan", "send", "--output", bench.file(name)]
    try bench.succeed("btrfs-delta", arguments)
  }

  @Test("Built without a key, signed by openssl, attached: the bytes that build --key would give")
  func elsewhere() async throws {
    try buildUnsigned(1, 2, "unsigned")
    try bench.build(1, 2, "signed")
    let (file, message, signature) = (bench.file("unsigned"), bench.path("m"), bench.path("s"))
    try bench.delta("digest", file, "--output", message)
    try run(
      "openssl", "pkeyutl", "-sign", "-rawin", "-inkey", bench.path("private.pem"), "-in", message,
      "-out", signature)
    try run(
      "openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", bench.path("keys/public.pem"),
      "-in", message, "-sigfile", signature)
    // The three forms of the message are one.
    let raw = try EndToEndBench.bytes(message)
    #expect(raw.count == 96 && raw.starts(with: Array("btrfs-delta update manifest\0".utf8)))
    let hex = try bench.delta("digest", file)
    #expect(hex == raw.map { String(format: "%02x", $0) }.joined() + "\n")
    #expect(try bench.result("btrfs-delta", ["digest", file, "--output", "-"]).output == raw)

    try await BtrfsFixture.with(megabytes: 256) { mount in
      let device = EndToEndDevice(mount, of: bench)
      try bench.build(nil, 1, "full")
      try bench.succeed("btrfs-update", device.arguments("apply", bench.file("full")))
      try bench.refuse("btrfs-update", device.arguments("apply", file), .unsigned, "not signed")
      let before = try EndToEndBench.bytes(file)
      let text = try bench.delta(
        "attach-signature", file, "--public-key", bench.path("keys/public.pem"), "--signature",
        signature)
      #expect(text.contains("version 1 -> 2, product \"oven\"; signatures: 1\nsigned by key "))
      let after = try EndToEndBench.bytes(file)
      #expect(firstDifference(before, after) != nil)
      #expect(try firstDifference(after, EndToEndBench.bytes(bench.file("signed"))) == nil)
      try bench.delta("verify", file, "--public-key", bench.path("keys/public.pem"))
      try bench.succeed("btrfs-update", device.arguments("apply", file))
      #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
    }
  }

  @Test("sign adds a signature and leaves the payload alone; the same key only once")
  func sign() throws {
    try makeOther()
    try bench.build(nil, 1, "full")
    let (file, copy) = (bench.file("full"), bench.file("copy"))
    let before = try EndToEndBench.bytes(file)
    try run("chmod", "640", file)
    try bench.delta("sign", file, "--key", bench.path("other.pem"), "--output", copy)
    #expect(try firstDifference(EndToEndBench.bytes(file), before) == nil)
    try bench.delta("sign", file, "--key", bench.path("other.pem"))
    let after = try EndToEndBench.bytes(file)
    #expect(try firstDifference(EndToEndBench.bytes(copy), after) == nil)
    #expect(try run("stat", "-c", "%a", file) == Array("640\n".utf8))
    let (old, new) = (try EndToEndHead.read(before), try EndToEndHead.read(after))
    #expect(old.head.manifestBytes == new.head.manifestBytes)
    #expect(new.head.signatures.count == 2)
    let payloads = (Array(before.dropFirst(old.length)), Array(after.dropFirst(new.length)))
    #expect(firstDifference(payloads.0, payloads.1) == nil)
    try run("sh", "-c", "xz -t <\(file)")
    let object = try EndToEndBench.object(
      bench.delta(
        "inspect", file, "--json", "--public-key", bench.path("other.pub.pem"), "--public-key",
        bench.path("keys/public.pem")))
    #expect(
      try Set(object["signatures"] as? [String] ?? []) == [
        id("other.pub.pem"), id("keys/public.pem"),
      ])
    #expect(object["verified"] as? Bool == true)
    try bench.refuse(
      "btrfs-delta", ["sign", file, "--key", bench.path("other.pem")], .badKey,
      "has signed the update already")
    #expect(try firstDifference(EndToEndBench.bytes(file), after) == nil)
    let verify = [
      "verify", file, "--public-key", bench.path("keys/public.pem"), "--threshold", "2",
    ]
    try bench.refuse("btrfs-delta", verify, .untrusted, "signed by 1 of the 2 trusted keys needed")
    try bench.succeed("btrfs-delta", verify + ["--public-key", bench.path("other.pub.pem")])
    // Many keys at once, and as many as a head holds.
    let keys = try (0..<16).map { number in
      let path = bench.path("k\(number).pem")
      try bench.delta("keygen", "--private", path, "--public", path + ".pub")
      return ["--key", path]
    }
    try bench.succeed("btrfs-delta", ["sign", file] + keys[..<14].joined())
    try bench.refuse("btrfs-delta", ["sign", file] + keys[14], .badKey, "more than 16 signatures")
    #expect(try EndToEndHead.read(EndToEndBench.bytes(file)).head.signatures.count == 16)
    try bench.delta("verify", file, "--public-key", bench.path("k3.pem.pub"))
  }

  @Test("What cannot be signed or attached is refused, and the file stays as it was")
  func refusals() throws {
    try makeOther()
    try buildUnsigned(nil, 1, "full")
    let (file, signature) = (bench.file("full"), bench.path("s"))
    let bytes = try EndToEndBench.bytes(file)
    let key = bench.path("other.pub.pem")
    func attach(_ data: [UInt8], _ exit: EndToEndBench.Exit, _ text: String) throws {
      try EndToEndBench.write(data, signature)
      try bench.refuse(
        "btrfs-delta",
        ["attach-signature", file, "--public-key", key, "--signature", signature], exit, text)
    }
    try attach([UInt8](repeating: 1, count: 64), .badSignature, "not a signature of this update")
    try attach([UInt8](repeating: 1, count: 63), .badSignature, "cannot have 63 bytes")
    try attach([], .badSignature, "cannot have 0 bytes")
    // A good one, by another key, and of the digest instead of the message.
    try bench.delta("digest", file, "--output", bench.path("m"))
    let signed = try run(
      "openssl", "pkeyutl", "-sign", "-rawin", "-inkey", bench.path("private.pem"), "-in",
      bench.path("m"))
    try attach(signed, .badSignature, "not a signature of this update")
    try EndToEndBench.write(
      Array(try EndToEndBench.bytes(bench.path("m")).suffix(64)), bench.path("digest"))
    try attach(
      run(
        "openssl", "pkeyutl", "-sign", "-rawin", "-inkey", bench.path("other.pem"), "-in",
        bench.path("digest")),
      .badSignature, "not a signature of this update")
    try bench.refuse(
      "btrfs-delta", ["sign", file, "--key", key], .badKey, "is not a private key to sign with")
    let sign = ["sign", file, "--key", bench.path("other.pem"), "--output"]
    try bench.refuse("btrfs-delta", sign + ["/dev/null"], .inputOutput, "/dev/null")
    try bench.refuse("btrfs-delta", sign + [bench.mount.path], .inputOutput)
    #expect(try firstDifference(EndToEndBench.bytes(file), bytes) == nil)
    // Nobody's signature goes onto a damaged file.
    let damages: [(EndToEndBench.Exit, ([UInt8]) -> [UInt8])] = [
      (.damaged, { $0.dropLast(30) + [$0[$0.count - 30] ^ 1] + $0.suffix(29) }),
      (.truncated, { $0.dropLast() }), (.trailingBytes, { $0 + [0] }),
      (.truncated, { Array($0.prefix(100)) }), (.notAnUpdate, { _ in Array("no update".utf8) }),
    ]
    for (exit, damage) in damages {
      let damaged = damage(bytes)
      try EndToEndBench.write(damaged, bench.file("damaged"))
      try bench.refuse(
        "btrfs-delta", ["sign", bench.file("damaged"), "--key", bench.path("other.pem")], exit)
      #expect(try firstDifference(EndToEndBench.bytes(bench.file("damaged")), damaged) == nil)
    }
    try bench.refuse("btrfs-delta", ["digest", bench.path("nothing")], .inputOutput)
    try bench.refuse("btrfs-delta", ["sign", bench.path("nothing")] + sign[2...3], .inputOutput)
    try bench.refuse("btrfs-delta", ["sign", file], .usage, "--key is missing")
    #expect(try run("ls", "-A", bench.path("files")) == Array("damaged\nfull\n".utf8))
  }

  @Test("build --unsigned and --key exclude each other; keys to bring and revoke are checked")
  func buildArguments() throws {
    try makeOther()
    let build = [
      "build", "--child", bench.tree(1), "--output", bench.file("x"), "--key",
      bench.path("private.pem"),
    ]
    try bench.refuse("btrfs-delta", build + ["--unsigned"], .usage, "exclude each other")
    let other = bench.path("other.pub.pem")
    for twice in [
      ["--add-key", other, "--add-key", other], ["--add-key", other, "--revoke-key", other],
      ["--revoke-key", try id("other.pub.pem"), "--revoke-key", other],
    ] {
      try bench.refuse("btrfs-delta", build + twice, .badKey, "is brought or revoked twice")
    }
    try bench.refuse(
      "btrfs-delta", build + ["--add-key", bench.path("private.pem")], .badKey,
      "is not a public key")
    let many = (0..<17).flatMap {
      ["--revoke-key", String(repeating: "0", count: 62) + "\(10 + $0)"]
    }
    try bench.refuse("btrfs-delta", build + many, .badKey, "REVOKED_KEYS")
    #expect(try run("ls", "-A", bench.path("files")).isEmpty)
  }

  @Test("A device changes from one key to the next, and lists them")
  func rotation() async throws {
    try makeOther()
    let (old, new) = (try id("keys/public.pem"), try id("other.pub.pem"))
    try bench.build(nil, 1, "full")
    try bench.build(
      1, 2, "delta", ["--add-key", bench.path("other.pub.pem"), "--revoke-key", old])
    let inspect = try bench.delta("inspect", bench.file("delta"))
    #expect(inspect.contains("brings key:      \(new)\nrevokes key:     \(old)\n"))
    let object = try EndToEndBench.object(bench.delta("inspect", bench.file("delta"), "--json"))
    #expect(object["addedKeys"] as? [String] == [new])
    #expect(object["revokedKeys"] as? [String] == [old])
    try buildUnsigned(2, 3, "next")
    try bench.delta("sign", bench.file("next"), "--key", bench.path("private.pem"))
    try await BtrfsFixture.with(megabytes: 256) { mount in
      let device = EndToEndDevice(mount, of: bench)
      func keys(_ more: String...) throws -> String {
        try bench.succeed(
          "btrfs-update", ["keys", "--root", device.path, "--keys", device.keys] + more)
      }
      #expect(try keys() == "trusted: \(old)  from --keys\n")
      #expect(try bench.update("keys", "--root", device.path) == "no keys\n")
      try bench.succeed("btrfs-update", device.arguments("apply", bench.file("full")))
      try bench.update("activate", "--root", device.path)
      try bench.succeed("btrfs-update", device.arguments("apply", bench.file("delta")))
      #expect(
        try keys() == """
          trusted: \(old)  from --keys
          pending: \(new)  trusted once version 2 is good
          pending: \(old)  revoked once version 2 is good

          """)
      try bench.update("activate", "--root", device.path)
      #expect(try keys().contains("pending: \(new)"))
      try bench.update("mark", "good", "2", "--root", device.path)
      #expect(
        try keys() == """
          trusted: \(new)  came with version 2
          revoked: \(old)  by version 2

          """)
      let json = """
        {"trusted":["\(new)"],"learned":[{"id":"\(new)","version":2}],\
        "revoked":[{"id":"\(old)","version":2}],"pendingKeys":[],"pendingRevocations":[]}
        """
      #expect(try keys("--json") == json + "\n")
      #expect(try bench.update("status", "--root", device.path, "--json").contains(json))
      let next = bench.file("next")
      try bench.refuse("btrfs-update", device.arguments("apply", next), .untrusted)
      try bench.delta("sign", next, "--key", bench.path("other.pem"))
      let two = device.arguments("apply", next) + ["--threshold", "2"]
      try bench.refuse("btrfs-update", two, .untrusted, "signed by 1 of the 2 trusted keys needed")
      let zero = device.arguments("check", next) + ["--threshold", "0"]
      try bench.refuse("btrfs-update", zero, .usage, "--threshold is at least 1")
      try bench.update("rollback", "--root", device.path)
      try bench.succeed("btrfs-update", device.arguments("apply", next))
    }
  }
}
