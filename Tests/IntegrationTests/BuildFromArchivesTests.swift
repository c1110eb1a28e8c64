import Linux
import TestSupport
import Testing

/// Updates from trees that never were on btrfs.
@Suite("Builds from archives and without root", .btrfs)
struct BuildFromArchivesTests {
  private let program: String
  private let path: String

  init() throws {
    program = try BuiltProgram.path("btrfs-delta")
    path = BtrfsFixture.current.path + "/work"
    let script = """
      mkdir "$1"; cd "$1"; mkdir v1; cd v1; mkdir -p bin etc/d lib; echo one > etc/one
      head -c 200000 /dev/urandom > bin/tool; cp bin/tool bin/other; chmod 4755 bin/tool
      setcap cap_net_raw+ep bin/other; mkfifo etc/pipe; mknod etc/null c 1 3; chown -R 7:8 lib
      for i in $(seq 200); do echo $i > lib/$i; done; ln lib/1 lib/first; ln -s ../bin lib/link
      cd ..; cp -a v1 v2; cd v2; echo two >> etc/one; mv bin/other bin/moved; rm lib/5
      printf changed | dd of=bin/tool bs=1 seek=100000 conv=notrunc status=none; chmod 4755 bin/tool
      find . -exec touch -h -d @1700000000.5 {} +; cd ..
      for v in v1 v2; do
        tar --format=pax --xattrs --xattrs-include='*' -C $v -cf $v.tar .; xz -k $v.tar
      done
      chmod 755 .; chmod 644 *.tar*; mkdir -m 1777 out
      "$2" keygen --private key.pem --public key.pub; chmod 644 key.pem
      """
    try run("sh", "-ec", script, "sh", path, program)
  }

  /// Builds as a user, or as root, and gives what `inspect` says.
  @discardableResult
  private func build(
    _ parent: String, _ child: String, _ name: String, root: Bool = false, _ options: [String] = []
  ) throws -> ProgramResult {
    let user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    let command = [
      "env", "TMPDIR=\(path)/out", program, "build", "--parent", "\(path)/\(parent)", "--child",
      "\(path)/\(child)", "--from-version", "1", "--to-version", "2", "--key", "\(path)/key.pem",
      "--output", "\(path)/out/\(name)",
    ]
    return try runProgram((root ? [] : user) + command + options)
  }

  private func file(_ name: String) throws -> [UInt8] {
    try Descriptor.open("\(path)/out/\(name)", .readOnly).readToEnd(limit: 64 << 20)
  }

  @Test("Archives give the bytes that directories give, to any user")
  func sameBytes() throws {
    let first = try build("v1", "v2", "directories", root: true, ["--plan", "tree"])
    #expect(first.status == 0, "\(first.errors)")
    let second = try build("v1.tar", "v2.tar.xz", "archives")
    #expect(second.status == 0, "\(second.errors)")
    #expect(firstDifference(try file("directories"), try file("archives")) == nil)
    // So does the way back, with an archive as the parent.
    let key = path + "/key.pub"
    for parent in ["v1", "v1.tar", "v1.tar.xz"] {
      try run(
        program, "verify", path + "/out/archives", "--public-key", key, "--parent",
        "\(path)/\(parent)")
    }
    let left = try Descriptor.open(path + "/out", .directory).entries().map(\.name)
    #expect(Set(left) == [Array("directories".utf8), Array("archives".utf8)])
  }

  @Test("With the parent's times where nothing else differs, an update is of what changed")
  func times() throws {
    #expect(try build("v1.tar", "v2.tar", "keep").status == 0)
    #expect(try build("v1.tar", "v2.tar", "content", ["--times", "content"]).status == 0)
    let count = { (name: String) in
      String(
        decoding: try run(program, "dump", "--count", path + "/out/" + name), as: UTF8.self)
    }
    let (keep, content) = (try count("keep"), try count("content"))
    #expect(keep.contains("utimes") && keep != content, "\(keep)\n\(content)")
    #expect(try file("content").count < file("keep").count)
    let refused = try build("v1.tar", "v2.tar", "none", ["--times", "clamp"])
    #expect(refused.status == 64 && refused.errors.contains("SOURCE_DATE_EPOCH"))
    let plan = try build(
      "v1", "v2", "none", root: true, ["--times", "content", "--plan", "send"])
    #expect(plan.status == 64 && plan.errors.contains("--plan send"), "\(plan.errors)")
  }

  @Test("A device table makes of a user's files the tree that is meant")
  func owners() throws {
    let script = """
      cd "$1"; mkdir mine; cp -r v2/lib v2/bin mine; mkdir mine/etc; echo x > mine/etc/one
      chown -R 65534:65534 mine
      printf '/ r - 0 0\\n/lib r - 7 8\\n/etc/null c 666 0 0 1 3\\n/bin/tool f 4755 0 0\\n' > table
      cp -a mine meant; cd meant; chown -R 0:0 .; chown -R 7:8 lib; mknod etc/null c 1 3
      chmod 666 etc/null; chmod 4755 bin/tool; touch -r ../mine/etc etc etc/null
      """
    try run("sh", "-ec", script, "sh", path)
    let plain = try build("v1", "meant", "meant", root: true, ["--plan", "tree"])
    #expect(plain.status == 0, "\(plain.errors)")
    let mapped = try build("v1.tar", "mine", "mapped", ["--owner-map", path + "/table"])
    #expect(mapped.status == 0, "\(mapped.errors)")
    #expect(firstDifference(try file("meant"), try file("mapped")) == nil)
  }
}
