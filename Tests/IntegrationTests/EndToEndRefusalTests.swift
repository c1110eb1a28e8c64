import Bytes
import Crypto
import Foundation
import Signing
import TestSupport
import Testing
import UpdateFile

@Suite("Bad input: one line, an exit code of its own, and nothing changed", .btrfs)
struct EndToEndRefusalTests {
  let bench: EndToEndBench
  /// From nothing to 1, and from 1 to 2.
  let (full, delta): (String, String)

  init() throws {
    bench = try EndToEndBench()
    (full, delta) = (bench.file("full"), bench.file("delta"))
    try bench.release(1, "cp /bin/cat program; seq 5000 >numbers; echo one >version")
    try bench.release(2, "seq 5001 >numbers; echo two >version; head -c 90000 /dev/urandom >new")
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "delta")
  }

  /// Calls a closure with a device that has version 1.
  private func withDevice(_ body: (EndToEndDevice) throws -> Void) async throws {
    try await BtrfsFixture.with(megabytes: 256) { mount in
      let device = EndToEndDevice(mount, of: bench)
      try bench.succeed("btrfs-update", device.arguments("apply", full))
      try body(device)
    }
  }

  /// Has the device refuse a file, by name and through a pipe, in `apply` and in `check`.
  private func refuse(
    _ file: String, _ exit: EndToEndBench.Exit, _ text: String, on device: EndToEndDevice,
    product: String? = "oven", at location: SourceLocation = #_sourceLocation
  ) throws {
    let state = try device.state()
    let apply = device.arguments("apply", file, product: product)
    try bench.refuse("btrfs-update", apply, exit, text, at: location)
    let pipe = ["sh", "-c", "cat \"$0\" | \"$@\"", file]
    let piped = device.arguments("apply", "-", product: product)
    try bench.refuse("btrfs-update", piped, exit, text, through: pipe, at: location)
    let check = device.arguments("check", file, product: product)
    try bench.refuse("btrfs-update", check, exit, text, at: location)
    #expect(try device.state() == state, sourceLocation: location)
  }

  /// Writes another update with the signatures that a closure makes of the present ones.
  private func resign(
    _ name: String, _ change: ([UpdateSignature]) throws -> [UpdateSignature]
  ) throws -> String {
    let (head, length) = try EndToEndHead.read(EndToEndBench.bytes(delta))
    let changed = try UpdateHead(
      manifestBytes: head.manifestBytes, baseVersion: head.baseVersion,
      signatures: change(head.signatures))
    let payload = try EndToEndBench.bytes(delta).dropFirst(length)
    try EndToEndBench.write(changed.encoded() + payload, bench.file(name))
    return bench.file(name)
  }

  @Test("Signatures: none, by a stranger, several of which one is broken")
  func signatures() async throws {
    let stranger = try SigningKey.generate()
    let unsigned = try resign("unsigned") { _ in [] }
    let (head, _) = try EndToEndHead.read(EndToEndBench.bytes(delta))
    let message = UpdateSignature.message(for: head.manifestBytes.rawSpan)
    let other = try UpdateSignature(
      keyID: stranger.verificationKey.keyID, data: stranger.signature(for: message.rawSpan))
    let strange = try resign("strange") { _ in [other] }
    let both = try resign("both") { $0 + [other] }
    let broken = try resign("broken") { signatures in
      var data = other.data
      data[5] ^= 4
      return try signatures + [UpdateSignature(keyID: other.keyID, data: data)]
    }
    try await withDevice { device in
      try refuse(unsigned, .unsigned, "not signed", on: device)
      try refuse(strange, .untrusted, "not signed by a trusted key", on: device)
      // Of a key that is not trusted nothing is known, not even whether it is broken.
      let check = try bench.succeed("btrfs-update", device.arguments("check", broken))
      #expect(check.hasSuffix(": version 2 fits\n"))
      let second = bench.path("keys/second.pem")
      try EndToEndBench.write(stranger.publicKeyPEM(), second)
      try refuse(broken, .badSignature, "is wrong", on: device)
      let keys = ["--public-key", second]
      for command in ["inspect", "verify"] {
        try bench.refuse("btrfs-delta", [command, unsigned] + keys, .unsigned, "not signed")
        try bench.refuse("btrfs-delta", [command, delta] + keys, .untrusted, "trusted")
        try bench.refuse("btrfs-delta", [command, broken] + keys, .badSignature, "wrong")
      }
      try bench.succeed("btrfs-update", device.arguments("apply", both))
    }
  }

  @Test("Keys of the device that are none")
  func keys() async throws {
    try await withDevice { device in
      let state = try device.state()
      func refuse(_ keys: String, _ text: String) throws {
        let other = EndToEndDevice(path: device.path, keys: keys)
        let apply = other.arguments("apply", delta)
        try bench.refuse("btrfs-update", apply, .badKey, text)
      }
      try run("mkdir", bench.path("none"), bench.path("private"), bench.path("odd"))
      try run("mkdir", bench.path("odd/directory.pem"))
      try run("cp", bench.path("private.pem"), bench.path("keys/public.pem"), bench.path("private"))
      try refuse(bench.path("none"), "holds no *.pem")
      try refuse(bench.path("missing"), "No such file")
      try refuse(bench.path("private"), "private.pem\" is not a public key to trust: a private key")
      try refuse(bench.path("odd"), "cannot be read")
      try refuse(bench.path("private.pem"), "Not a directory")
      #expect(try device.state() == state)
    }
  }

  @Test("Products: fail closed in all four combinations")
  func products() async throws {
    let plain = bench.file("plain")
    try bench.succeed(
      "btrfs-delta",
      [
        "build", "--parent", bench.tree(1), "--child", bench.tree(2), "--key",
        bench.path("private.pem"), "--output", plain,
      ])
    try await withDevice { device in
      let none = "this device is no product in particular"
      try refuse(delta, .wrongProduct, none, on: device, product: nil)
      try refuse(delta, .wrongProduct, "\"toaster\"", on: device, product: "toaster")
      try refuse(plain, .wrongProduct, "is for no product", on: device, product: "oven")
      try refuse(plain, .wrongProduct, "\"\"", on: device, product: "")
      try bench.succeed("btrfs-update", device.arguments("apply", plain, product: nil))
    }
  }

  @Test("Parents: none, another, a modified one")
  func parents() async throws {
    try await BtrfsFixture.with(megabytes: 256) { mount in
      let device = EndToEndDevice(mount, of: bench)
      try bench.refuse(
        "btrfs-update", device.arguments("apply", delta), .parentMissing, "not installed")
      #expect(try run("ls", device.path).isEmpty)
      // Something else that has the name.
      try run("btrfs", "-q", "subvolume", "create", device.tree(1))
      try run("btrfs", "property", "set", device.tree(1), "ro", "true")
      try refuse(delta, .parentModified, "sys_root_v1", on: device)
    }
    try await withDevice { device in
      try run("btrfs", "property", "set", "-f", device.tree(1), "ro", "false")
      try run("sh", "-c", "echo more >>\(device.tree(1))/version")
      try run("btrfs", "property", "set", device.tree(1), "ro", "true")
      try refuse(delta, .parentModified, "sys_root_v1", on: device)
      try bench.refuse(
        "btrfs-update", ["verify", "1", "--root", device.path], .resultDiffers,
        "not what was signed")
      let expand = ["expand", delta, "--parent", "\(device.tree(1))", "-o", bench.file("plain")]
      // What was modified is not what the update needs.
      try bench.succeed("btrfs-delta", expand)
      try run("btrfs", "property", "set", "-f", device.tree(1), "ro", "false")
      try run("sh", "-c", "seq 2 5002 >\(device.tree(1))/numbers")
      try bench.refuse("btrfs-delta", expand, .parentModified)
      try bench.refuse("btrfs-delta", ["expand", delta], .usage, "--parent")
    }
  }

  @Test("Versions: an older one, unless it is forced; one that is there")
  func versions() async throws {
    try bench.release(5, "echo five >version")
    try bench.build(1, 5, "newest")
    try await withDevice { device in
      try refuse(full, .alreadyInstalled, "version 1 is already installed", on: device)
      try bench.succeed(
        "btrfs-update", device.arguments("apply", bench.file("newest")) + ["--activate"])
      try refuse(delta, .olderVersion, "older than 5", on: device)
      try bench.succeed(
        "btrfs-update", device.arguments("apply", delta) + ["--force-downgrade"])
      #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
    }
  }

  @Test("Directories: many updates of which one fits, or none")
  func directories() async throws {
    let stick = bench.path("stick")
    try run("mkdir", stick)
    for (index, file) in [delta, full, bench.path("private.pem")].enumerated() {
      try run("cp", file, "\(stick)/\(index)\nx.btrfs.xz")
    }
    try await withDevice { device in
      let check = device.arguments("check", stick)
      let lines = try bench.succeed("btrfs-update", check).split(separator: "\n")
      #expect(lines.count == 3)
      #expect(lines.first?.hasSuffix("/0\\u{a}x.btrfs.xz: version 2 fits") == true)
      #expect(lines.last?.hasSuffix("does not fit: this is not an update file") == true)
      let json = try bench.succeed("btrfs-update", check + ["--json"])
      let list = try #require(
        JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
      #expect(list.map { $0["fits"] as? Bool } == [true, false, false])
      #expect(list[0]["file"] as? String == "\(stick)/0\nx.btrfs.xz")
      let other = device.arguments("check", stick, product: "toaster")
      try bench.refuse("btrfs-update", other, .noneFits, "fits this device")
      try run("sh", "-c", "rm \(stick)/*")
      try bench.refuse("btrfs-update", check, .noneFits, "fits this device")
    }
  }

  @Test("Places: not btrfs, not there, no room, not root, in use")
  func places() async throws {
    for arguments in [["status"], ["activate"], ["rollback"], ["recover"], ["list"], ["verify"]] {
      let root = ["--root", "/proc"]
      try bench.refuse("btrfs-update", arguments + root, .notBtrfs, "not on a btrfs file system")
    }
    let nowhere = EndToEndDevice(path: bench.path("nowhere"), keys: bench.path("keys"))
    try bench.refuse("btrfs-update", nowhere.arguments("apply", full), .inputOutput, "No such file")
    try await withDevice { device in
      let state = try device.state()
      let arguments = device.arguments("apply", delta)
      let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
      try bench.refuse("btrfs-update", arguments, .notRoot, "root", through: nobody)
      let root = ["--root", device.path]
      try bench.refuse("btrfs-update", ["status"] + root, .notRoot, "root", through: nobody)
      try run("cp", bench.path("private.pem"), bench.path("readable.pem"))
      try run("chmod", "644", bench.path("readable.pem"))
      let build = ["build", "--plan", "send", "--child", bench.tree(1), "--key"]
      let output = ["--output", bench.file("no")]
      try bench.refuse(
        "btrfs-delta", build + [bench.path("readable.pem")] + output, .notRoot, "root",
        through: nobody)
      try bench.refuse(
        "btrfs-delta", build + [bench.path("private.pem")] + output, .badKey, "cannot be read",
        through: nobody)
      let lock = ["flock", "\(device.path)/.btrfs-update/lock"]
      try bench.refuse("btrfs-update", arguments, .busy, "being changed by", through: lock)
      try bench.refuse("btrfs-update", ["rollback"] + root, .noSuchVersion, "sys_root_last")
      #expect(try device.state() == state)
      try run("sh", "-c", "! cat /dev/zero >\(device.path)/filler 2>/dev/null && sync")
      let filled = try device.state()
      try bench.refuse("btrfs-update", arguments, .noSpace)
      #expect(try device.state() == filled)
    }
  }

  @Test("Files that are no updates, and no streams")
  func otherFiles() async throws {
    let empty = bench.file("empty")
    try EndToEndBench.write([], empty)
    try run("sh", "-c", "xz -c /bin/true >\(bench.file("other.xz"))")
    try await withDevice { device in
      for file in [empty, "/bin/true", bench.file("other.xz"), bench.path("private.pem")] {
        try refuse(file, .notAnUpdate, "", on: device)
        try bench.refuse("btrfs-delta", ["inspect", file], .notAnUpdate)
        try bench.refuse("btrfs-delta", ["expand", file], .notAnUpdate)
      }
      for (file, exit) in [(device.path, EndToEndBench.Exit.inputOutput), ("/none", .inputOutput)] {
        try bench.refuse("btrfs-update", device.arguments("apply", file), exit, file)
        for command in ["inspect", "expand", "dump"] {
          try bench.refuse("btrfs-delta", [command, file], exit, file)
        }
      }
    }
    for file in ["/bin/true", bench.file("other.xz"), bench.path("private.pem")] {
      try bench.refuse("btrfs-delta", ["dump", file], .notAStream)
    }
    try bench.refuse("btrfs-delta", ["dump", empty], .truncated)
    let stream = bench.file("stream")
    try bench.delta("expand", full, "--output", stream)
    try run("truncate", "-s", "-1", stream)
    let result = try bench.result("btrfs-delta", ["dump", stream])
    #expect(result.status == EndToEndBench.Exit.truncated.rawValue)
    #expect(String(decoding: result.output, as: UTF8.self).hasPrefix("subvol"))
    // A result that nobody can have is an error.
    for command in ["inspect", "dump", "expand"] {
      let program = try BuiltProgram.path("btrfs-delta")
      let result = try runProgram(
        ["sh", "-c", "\"$0\" \"$@\" >/dev/full", program, command, full])
      #expect(result.status == EndToEndBench.Exit.noSpace.rawValue, "\(command)")
    }
  }
}
