import Bytes
import Linux
import TestSupport
import Testing
import Tree

@testable import UpdateBuilder

@Suite("Planning from two trees")
struct TreePlanTests {
  /// Plans there and back, in both versions, and in full, and gives the kinds of commands of the way
  /// there.
  private func check(
    _ old: String, _ new: String, fresh: Bool = false,
    at location: SourceLocation = #_sourceLocation
  ) async throws -> [String: Int] {
    let bench = try TreePlanBench(old, new, fresh: fresh)
    let outcome = try await bench.update(from: "old", to: "new", at: location)
    _ = try await bench.update(from: "new", to: "old", at: location)
    _ = try await bench.update(from: "old", to: "new", base: 1, at: location)
    _ = try await bench.update(from: nil, to: "new", at: location)
    return outcome.kinds
  }

  @Test("Nothing is sent of trees that are the same")
  func same() async throws {
    let kinds = try await check("echo a >a; mkdir d; echo b >d/b; ln a d/l; mkfifo f", "")
    #expect(kinds == [:])
  }

  @Test("An empty tree becomes one, and the other way round")
  func empty() async throws {
    _ = try await check("", "")
    _ = try await check("", "mkdir -p a/b; echo 1 >a/b/c; ln -s x a/l")
    _ = try await check("mkdir -p a/b; echo 1 >a/b/c; ln -s x a/l", "rm -r a")
  }

  @Test("A new file is made, written, and given its mode and times")
  func newFile() async throws {
    let kinds = try await check("mkdir d", "echo text >d/file")
    #expect(kinds == ["mkfile": 1, "write": 1, "chmod": 1, "utimes": 2])
  }

  @Test("Two files that change names need one provisional name")
  func swap() async throws {
    let kinds = try await check("echo one >a; echo two >b", "mv a x; mv b a; mv x b")
    #expect(kinds == ["rename": 3, "utimes": 1])
  }

  @Test("Three files in a cycle need one provisional name")
  func cycle() async throws {
    let kinds = try await check(
      "echo one >a; echo two >b; echo three >c", "mv a x; mv b a; mv c b; mv x c")
    #expect(kinds == ["rename": 4, "utimes": 1])
  }

  @Test("Rotated logs need none")
  func rotation() async throws {
    let kinds = try await check(
      "for i in $(seq 40); do echo $i >log.$i; done; echo now >log",
      "for i in $(seq 40 -1 1); do mv log.$i log.$((i + 1)); done; mv log log.1; echo new >log")
    #expect(kinds == ["rename": 41, "utimes": 2, "mkfile": 1, "write": 1, "chmod": 1])
  }

  @Test("A directory with all it holds moves by one command")
  func movedDirectory() async throws {
    let old = """
      mkdir -p usr/lib/app/{a,b,empty}
      for i in $(seq 20); do echo $i >usr/lib/app/a/$i; : >usr/lib/app/b/$i; done
      ln -s x usr/lib/app/link; mkfifo usr/lib/app/pipe; mkdir opt
      """
    let kinds = try await check(old, "mv usr/lib/app opt/program")
    #expect(kinds == ["rename": 1, "utimes": 2])
    // Both names at once, and something changed inside.
    _ = try await check(old, "mv usr/lib/app opt/program; echo more >>opt/program/a/7")
    _ = try await check(old, "mv usr/lib/app/a usr/lib/app/c; mv usr/lib/app opt/program")
  }

  @Test("Directories that change names do so with all they hold")
  func swappedDirectories() async throws {
    let kinds = try await check(
      "for d in a b; do mkdir $d; for i in $(seq 9); do echo $d $i >$d/$i; done; done",
      "mv a x; mv b a; mv x b")
    #expect(kinds == ["rename": 3, "utimes": 1])
  }

  @Test("A directory moves into what it held")
  func intoFormerChild() async throws {
    let old = "mkdir -p a/b; echo 1 >a/one; echo 2 >a/b/two"
    _ = try await check(old, "mv a/b x; mv a x/c")
    _ = try await check(old, "mv a/b x; mv a x/c; mv x a")
    _ = try await check(
      "mkdir -p a/b/c/d; for i in a a/b a/b/c a/b/c/d; do echo $i >$i/file; done",
      "mv a/b/c/d w; mv a/b/c x; mv a/b y; mv a z; mv w a; mv x a/b; mv y a/b/c; mv z a/b/c/d")
  }

  @Test("A file takes a directory's place, and the other way round")
  func kindsChange() async throws {
    _ = try await check("echo 1 >a; mkdir b; echo 2 >b/c", "rm -r a b; mkdir a; echo 3 >b")
    // What takes the place comes out of the directory.
    _ = try await check("mkdir d; echo 1 >d/x; echo 2 >d/y", "mv d/x x; rm -r d; mv x d")
    _ = try await check(
      "mkdir -p d/e; echo 1 >d/e/x; echo 2 >f", "mv d/e/x x; mv f g; rm -r d; mv x d; mv g x")
    _ = try await check("ln -s a l; mkfifo p; echo f >f", "rm l p f; mkfifo l; ln -s f f; mkdir p")
  }

  @Test("Hard links are made, split, merged and moved")
  func hardLinks() async throws {
    let kinds = try await check("echo 1 >a; ln a b; ln a c", "rm b; ln a d; mkdir x; mv c x/c")
    #expect(kinds["write"] == nil)
    _ = try await check("echo 1 >a; ln a b", "rm b; echo 1 >b")
    _ = try await check("echo 1 >a; echo 1 >b", "ln -f a b")
    _ = try await check("echo 1 >a; ln a b; echo 2 >c; ln c d", "ln -f a d; ln -f c b; ln -f d e")
    _ = try await check("echo 1 >a; mkdir d e; ln a d/a; ln a e/a", "echo 2 >>a; rm -r d; mv e d")
    _ = try await check("mkfifo a; ln a b; ln -s x s; ln s t", "rm a t; ln b c; ln s u")
  }

  @Test("Only what differs is said of an inode that stays")
  func metadata() async throws {
    let old = "echo 1 >a; touch -d @1000 a; setfattr -n user.a -v 1 a; setfattr -n user.b -v 2 a"
    #expect(try await check(old, "chmod 4711 a") == ["chmod": 1])
    #expect(try await check(old, "touch -d @-5.25 a") == ["utimes": 1])
    #expect(
      try await check(old, "setfattr -x user.a a; setfattr -n user.b -v 3 a")
        == ["remove_xattr": 1, "set_xattr": 1])
    #expect(try await check("mkdir -p d/e", "chmod 2775 d/e") == ["chmod": 1])
    #expect(
      try await check("", "chmod 1777 .; touch -d @12345.678 .") == ["chmod": 1, "utimes": 1])
  }

  @Test(
    "Owners and capabilities are set, and what a change of owner takes away",
    .enabled(if: Machine.isRoot))
  func owners() async throws {
    let old = "cp /bin/true a; setcap cap_net_raw+ep a; echo 1 >b; chmod 4755 b; chown 5:6 b"
    #expect(try await check(old, "chown -h 7:8 b; chmod 4755 b") == ["chown": 1, "chmod": 1])
    _ = try await check(old, "chown 1:1 a; setcap cap_net_raw+ep a")
    _ = try await check(old, "chown 1:1 a")
    _ = try await check(old, "echo 1 >>a; setcap cap_net_raw+ep a")
    _ = try await check(old, "echo 1 >>a")
    _ = try await check("mkdir d; chown 3:4 d; chmod 2775 d", "echo 1 >d/f; mkdir d/s; ln -s x d/l")
    _ = try await check("mknod a c 1 3; mknod b b 7 300", "rm b; mknod b b 4095 1048575; chown 1 a")
  }

  @Test("What directories hand down is not handed to what is made", .enabled(if: Machine.isRoot))
  func defaultACLs() async throws {
    let old = "mkdir d; setfacl -d -m u:5:rwx d; touch -d @5 d"
    _ = try await check(old, "setfacl -b -d d; echo 1 >d/f; mkdir d/e; setfacl -d -m u:5:rwx d")
    _ = try await check(old, "echo 1 >d/f; mkdir d/e")
    _ = try await check(old, "setfacl -d -m u:6:r d; setfacl -m u:6:r d")
    _ = try await check("", "mkdir n; echo 1 >n/f; setfacl -d -m u:6:r n; mkdir n/d")
    _ = try await check("echo 1 >f; setfacl -m u:5:rw f", "setfacl -b f; chmod 640 f")
    _ = try await check("echo 1 >f", "setfacl -m u:5:rw f; chmod 640 f")
  }

  @Test("Names are bytes, as long as they can be")
  func names() async throws {
    let long = String(repeating: "n", count: 255)
    _ = try await check(
      "echo 1 >\(long); mkdir $'\\xff\\xfe' 'a b'; echo 2 >$'a b/new\\nline'",
      "mv \(long) m\(long.dropLast()); mv $'\\xff\\xfe' $'\\x01'; echo 3 >$'a b/new\\nline'")
    // Provisional names are not those of others.
    _ = try await check(
      "echo one >a; echo two >b; echo three >o0-0-0", "mv a x; mv b a; mv x b; echo 4 >o1-0-0")
    _ = try await check(
      "p=.; for i in $(seq 60); do p=$p/directory$i; mkdir $p; done; echo 1 >$p/x",
      "mv directory1/directory2 other; echo 2 >directory1/z")
  }

  @Test("Only the blocks that changed are written")
  func blocks() async throws {
    let old = "head -c 1000000 /dev/urandom >f; touch -d @5 f"
    let change = { (text: String) in "\(text); touch -d @5 f" }
    let bench = try TreePlanBench(
      old, change("printf x | dd of=f bs=1 seek=500000 conv=notrunc status=none"))
    let outcome = try await bench.update(from: "old", to: "new")
    #expect(outcome.kinds == ["write": 1, "utimes": 1])
    #expect(outcome.stream.count < 4096 + 300)
    #expect(
      try await check(old, change("truncate -s 300001 f")) == ["truncate": 1, "utimes": 1])
    #expect(
      try await check(old, change("truncate -s 3000001 f")) == ["truncate": 1, "utimes": 1])
    #expect(try await check(old, change("printf x >>f")) == ["write": 1, "utimes": 1])
    _ = try await check(old, change("truncate -s 5000 f; printf x >>f; truncate -s 900000 f"))
    _ = try await check(old, change(": >f"))
    _ = try await check(": >f", "echo 1 >f")
  }

  @Test("Zeros are holes, but for short ones")
  func holes() async throws {
    #expect(try await check("", "truncate -s 10M a")["write"] == nil)
    let kinds = try await check(
      "", "printf 1 >a; truncate -s 200000 a; printf 2 >>a; truncate -s 400000 a")
    #expect(kinds["write"] == 2 && kinds["truncate"] == 1)
    let padded = try await check(
      "", "printf 1 >a; truncate -s 30000 a; printf 2 >>a; truncate -s 31000 a")
    #expect(padded["write"] == 1 && padded["truncate"] == nil)
    let old = "head -c 1000000 /dev/urandom >a; touch -d @5 a"
    let punched = try await check(
      old, "dd if=/dev/zero of=a bs=4096 seek=10 count=100 conv=notrunc status=none; touch -d @5 a")
    #expect(punched == ["fallocate": 1, "utimes": 1])
    let short = try await check(
      old, "dd if=/dev/zero of=a bs=4096 seek=10 count=3 conv=notrunc status=none; touch -d @5 a")
    #expect(short == ["write": 1, "utimes": 1])
    _ = try await check(
      old, "truncate -s 500001 a; truncate -s 2M a; printf 3 >>a; truncate -s 3M a; touch -d @5 a")
    _ = try await check(
      old, "dd if=/dev/zero of=a bs=1 seek=900001 count=400000 conv=notrunc status=none")
  }

  @Test("A tree that was made anew is planned by what it holds")
  func madeAnew() async throws {
    let script = """
      mkdir -p usr/{bin,lib/sub}; for i in $(seq 30); do echo $i >usr/lib/sub/$i; done
      ln -s sub usr/lib/link; mkfifo usr/pipe; ln usr/lib/sub/1 usr/bin/one
      find . -exec touch -h -d @77.5 {} +
      """
    #expect(try await check(script, script, fresh: true) == [:])
  }

  @Test("The same trees give the same bytes wherever they lie, and whoever reads them")
  func reproducible() async throws {
    let old = "mkdir d; echo 1 >d/a; echo 2 >b; find . -exec touch -d @5 {} +"
    let new = "mv b c; echo 3 >d/a; truncate -s 1M s; find . -exec touch -d @6 {} +"
    let one = try TreePlanBench(old, new)
    let other = try TreePlanBench("echo x >x; rm x; \(old)", new)
    // Written out, holes are the same.
    try other.script(
      "cp --sparse=never s t; mv t s; touch -d @6 s .; cat d/a >/dev/null", in: "new")
    let first = try await one.update(from: "old", to: "new").stream
    let second = try await other.update(from: "old", to: "new").stream
    #expect(firstDifference(first, second) == nil)
  }

  @Test("A file that changes while it is planned is noticed")
  func changing() async throws {
    let bench = try TreePlanBench("", "echo 1 >a")
    let new = try await bench.tree("new")
    try bench.script("echo 2 >a", in: "new")
    #expect(throws: BuildError.self) { try bench.plan(from: nil, to: new, base: 2) }
    try bench.script("echo 10 >a", in: "new")
    #expect(throws: BuildError.self) { try bench.plan(from: nil, to: new, base: 2) }
  }
}
