import Archive
import Linux
import TestSupport
import Testing
import Tree

@Suite("Inode flags in updates between trees", .btrfs(megabytes: 512))
struct TreeFlagTests {
  let bench: EndToEndBench

  init() throws { bench = try EndToEndBench() }

  /// What `lsattr` says of a tree's files and directories; compression is not asked for.
  private func flags(_ tree: String) throws -> String {
    let command = """
      find . \\( -type f -o -type d \\) -exec lsattr -d {} + | sed ':a; s/^\\([^ ]*\\)[cm-]/\\1/; ta' | sort
      """
    return try String(
      decoding: run("bash", "-euc", "cd \"$0\"; \(command)", tree), as: UTF8.self)
  }

  private static let first = """
    mkdir packed; btrfs property set packed compression zstd; touch packed/1; chattr +D packed
    touch loose; btrfs property set loose compression none; setfattr -n user.x -v 1 loose
    mkdir plain fixed growing nocow; for f in a d i A S; do echo $f >plain/$f; done
    echo 1 >fixed/1; echo 2 >fixed/2; ln plain/i plain/linked; echo log >growing/log
    touch nocow/old; chattr +C nocow nocow/old; head -c 9000 /dev/urandom >nocow/old
    head -c 9000 /dev/urandom >plain/cow; chattr +D plain
    for f in a d i A S; do chattr +$f plain/$f; done; chattr +i fixed/1 fixed; chattr +a growing
    """
  private static let second = """
    chattr -i fixed fixed/1 plain/i; chattr -a growing plain/a; echo more >>plain/a
    echo new >fixed/3; rm fixed/2; echo more >>fixed/1; mv fixed moved; ln plain/i growing/link
    mkdir nocow/dir; echo 1 >nocow/dir/in; echo 1 >nocow/inherits; echo 2 >plain/not
    mv plain/not nocow/not; touch plain/is; chattr +C plain/is; cp nocow/old plain/is
    touch x; chattr +C x; cat plain/cow >x; cat x >y; mv y plain/cow; chattr -D plain; chattr -d plain/d
    chattr -C nocow; btrfs property set nocow compression zlib; btrfs property set packed compression ""
    chattr +C packed; mkdir empty; chattr +d loose; btrfs property set loose compression none; chattr +C empty; chattr +i plain/i moved/1 moved; chattr +a growing plain/a
    """
  /// What protects the work tree goes, so that the fixture can.
  private static let release = "chattr -Ri moved plain; chattr -Ra growing plain"

  @Test("They arrive, and what protects does not stand in the way")
  func arrive() async throws {
    try bench.release(1, Self.first)
    try bench.release(2, Self.second)
    try bench.release(3, Self.release + "; echo 1 >>plain/is; chattr +d nocow")
    for (from, to) in [(nil, 1), (1, 2), (2, 3)] as [(UInt64?, UInt64)] {
      try bench.build(from, to, "\(to)", ["--plan", "tree"])
    }
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      for version in 1...3 as ClosedRange<UInt64> {
        try bench.succeed("btrfs-update", device.arguments("apply", bench.file("\(version)")))
        #expect(
          try EndToEndBench.difference(bench.tree(version), device.tree(version)) == "")
        #expect(try flags(device.tree(version)) == flags(bench.tree(version)))
      }
    }
    let said = try flags(bench.tree(2))
    for line in [
      "C ./nocow/dir/in", "C ./x", "DC ./packed", "i ./moved/1", "a ./growing", " ./nocow/not",
    ] {
      #expect(said.contains(line), "\(said)")
    }
  }

  @Test("A chain of updates has them, and they are told of")
  func chains() throws {
    try bench.release(1, Self.first)
    try bench.release(2, Self.second)
    try run("bash", "-euc", "cd \"$0\"; " + Self.release, bench.path("work"))
    try bench.build(1, 2, "1-2", ["--plan", "tree"])
    let chain = "update:\(bench.file("1-2"))"
    let trusting = ["--public-key", bench.path("keys/public.pem")]
    let changes = try bench.delta("diff", bench.tree(1), bench.tree(2))
    #expect(
      try bench.succeed("btrfs-delta", ["diff", bench.tree(1), chain] + trusting) == changes)
    #expect(changes.contains("flags: -D"), "\(changes)")
    #expect(changes.contains("flags: -d"), "\(changes)")
  }

  @Test("Archives of libarchive have them")
  func archives() throws {
    try bench.release(1, Self.first)
    try bench.release(2, "chattr -Ri fixed plain; chattr -Ra growing plain")
    let file = bench.file("tree.tar")
    try run("bsdtar", "--fflags", "-C", bench.tree(1), "-cf", file, ".")
    let catalogs = try [
      TreeCatalog(archive: Descriptor.open(file, .readOnly)),
      TreeCatalog(of: TreeRoot(Descriptor.open(bench.tree(1), .directory))),
    ]
    let flags = catalogs.map { catalog in
      catalog.entries.map { ($0.path, catalog.inodes[$0.inode].flags.letters) }
    }
    #expect(flags[0].elementsEqual(flags[1], by: ==))
    #expect(Set(flags[0].map(\.1)) == ["", "D", "a", "d", "i", "A", "S", "C"])
  }
}

extension TreeCatalog {
  /// The flags of what each name leads to, as `lsattr` shows them.
  var flagLetters: [[UInt8]: String] {
    Dictionary(
      entries.map { ($0.path, inodes[$0.inode].flags.letters) }, uniquingKeysWith: { $1 })
  }
}
