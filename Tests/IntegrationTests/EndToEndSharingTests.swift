import Foundation
import TestSupport
import Testing

@Suite("Sharing unchanged blocks with the parent", .btrfs)
struct EndToEndSharingTests {
  let bench: EndToEndBench

  init() throws { bench = try EndToEndBench() }

  private static let first = """
    head -c 1500001 /dev/urandom >changed; head -c 700003 /dev/urandom >moved
    head -c 900000 /dev/urandom >shifted; head -c 400000 /dev/urandom >inplace
    cp /bin/bash program; mkdir dir
    """

  /// Everything is written anew, as package managers do.
  private static let second = """
    cp --reflink=never changed new
    for at in 100000 600000 1100000; do printf new | dd of=new bs=1 seek=$at conv=notrunc; done
    mv new changed
    cp --reflink=never moved dir/moved; rm moved
    { head -c 65536 shifted; head -c 8192 /dev/urandom; tail -c +65537 shifted; } >new
    mv new shifted
    printf new | dd of=inplace bs=1 seek=200000 conv=notrunc
    cp --reflink=never program new; printf patched | dd of=new bs=1 seek=400000 conv=notrunc
    chmod 755 new; mv new program
    """

  @Test("Stock tools and ours make the same tree, and what is unchanged is there once")
  func sharing() async throws {
    try bench.release(1, Self.first)
    try bench.release(2, Self.second)
    try bench.build(nil, 1, "full")
    for (name, more) in [
      ("shared", []), ("version1", ["--proto", "1"]), ("small", ["--min-shared", "4K"]),
      ("none", ["--min-shared", "0"]),
    ] as [(String, [String])] {
      try bench.build(1, 2, name, more + ["--prefix", "sys_root"])
    }
    let sizes = try ["shared", "none"].map { try EndToEndBench.bytes(bench.file($0)).count }
    #expect(sizes[0] < sizes[1] + 2000, "\(sizes)")
    for (name, most) in [("shared", 300), ("version1", 300), ("small", 200), ("none", 9000)] {
      let exclusive = try await BtrfsFixture.with { mount in
        let device = EndToEndDevice(mount, of: bench)
        for file in ["full", name] {
          try bench.succeed("btrfs-update", device.arguments("apply", bench.file(file)))
        }
        #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
        try run("mkdir", "\(mount.path)/stock")
        let again = try stock(name, to: "\(mount.path)/stock")
        let own = try Self.exclusive(device.tree(2))
        #expect(again == own, "\(name): \(again), \(own)")
        return own
      }
      #expect(exclusive <= most << 10, "\(name): \(exclusive)")
      if name == "none" { #expect(exclusive > 3 << 20) }
    }
  }

  @Test("A copy that shares blocks with the old file, and was then changed, is built and received")
  func reflinked() async throws {
    try bench.release(
      1,
      """
      head -c 1500001 /dev/urandom >old; head -c 900000 /dev/urandom >other
      head -c 300000 /dev/urandom >gone
      """)
    // The last block of `old` is written anew, so that it ends in a block of its own.
    try bench.release(
      2,
      """
      cp --reflink=always old copy; rm old
      for at in 100000 600000 1100000; do printf new | dd of=copy bs=1 seek=$at conv=notrunc; done
      cp --reflink=always other patched; cp --reflink=never other again; rm other
      dd if=gone of=patched bs=4096 seek=20 count=70 conv=notrunc status=none
      mv again other; printf new | dd of=other bs=1 seek=500000 conv=notrunc
      """)
    let commands = try run(
      "sh", "-c", "btrfs -q send -p '\(bench.tree(1))' '\(bench.tree(2))' | btrfs receive --dump")
    let text = String(decoding: commands, as: UTF8.self)
    #expect(text.contains("clone") && text.contains("write"), "the kernel shared nothing")
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "shared", ["--prefix", "sys_root"])
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      for file in ["full", "shared"] {
        try bench.succeed("btrfs-update", device.arguments("apply", bench.file(file)))
      }
      #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
      #expect(try Self.exclusive(device.tree(2)) < 600 << 10)
    }
  }

  /// Has stock tools receive both versions; gives what of the second one is its own.
  private func stock(_ name: String, to directory: String) throws -> Int {
    for (file, parent) in [("full", []), (name, ["--parent", bench.tree(1)])] {
      let plain = bench.file("plain")
      try run("rm", "-f", plain)
      try bench.succeed("btrfs-delta", ["expand", bench.file(file), "--output", plain] + parent)
      try run("btrfs", "-q", "receive", "-f", plain, directory)
    }
    #expect(
      try EndToEndBench.difference(bench.tree(2), "\(directory)/sys_root_v2") == "")
    return try Self.exclusive("\(directory)/sys_root_v2")
  }

  /// How many bytes of a tree's files nothing else has.
  private static func exclusive(_ tree: String) throws -> Int {
    // What is not on disk yet has no extents.
    try run("sync", "--file-system", tree)
    let text = String(
      decoding: try run("btrfs", "filesystem", "du", "-s", "--raw", tree), as: UTF8.self)
    let numbers = try #require(text.split(separator: "\n").last).split(separator: " ")
    return try #require(Int(numbers[1]))
  }
}
