import Btrfs
import Bytes
import Foundation
import Linux
import Signing
import TestSupport
import Testing
import Tree

@testable import UpdateBuilder

@Suite("Chains of updates as trees", .btrfs(megabytes: 1024))
final class ChainTests {
  let mount = BtrfsFixture.current
  let key: SigningKey
  /// On no btrfs at all, and emptied by whoever uses it.
  let place: TemporaryDirectory

  init() throws {
    key = try SigningKey.generate()
    place = try TemporaryDirectory()
    try run("btrfs", "-q", "subvolume", "create", path("work"))
  }

  func path(_ name: String) -> String { "\(mount.path)/\(name)" }

  func tree(_ version: Int) -> String { path("sys_root_v\(version)") }

  func release(_ version: Int, _ script: String) throws {
    try run("bash", "-euc", "cd \"$0\"\n" + script, path("work"))
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", path("work"), tree(version))
  }

  /// Builds an update and gives its path.
  @discardableResult
  func build(
    _ from: Int?, _ to: Int, _ change: (inout BuildOptions) -> Void = { _ in }
  ) async throws -> String {
    var options = BuildOptions(
      parent: from.map(tree), child: tree(to), output: path("\(from ?? 0)-\(to).xz"),
      keys: [key])
    options.product = "oven"
    options.checksItself = false
    change(&options)
    _ = try await UpdateBuilder.build(options)
    return options.output
  }

  var trust: ChainTrust { .keys([key.verificationKey]) }

  func catalog(
    _ updates: [String], from parent: Int?, at place: String? = nil, trust: ChainTrust? = nil
  ) throws -> TreeCatalog {
    let context = ChainContext(
      parent: try parent.map { try TreeSource(text: tree($0)).catalog(.none) },
      trust: trust ?? self.trust, place: place ?? self.place.path)
    var source = TreeSource.chain(of: updates)
    source.context = context
    return try source.catalog(.none)
  }

  func digest(_ version: Int) throws -> TreeDigest {
    try TreeSummary(of: Descriptor.open(tree(version), .directory)).digest
  }

  /// The reason why a chain is refused.
  func refusal(
    _ updates: [String], from parent: Int?, trust: ChainTrust? = nil
  ) throws -> String {
    do { _ = try catalog(updates, from: parent, trust: trust) } catch {
      guard case .chain(let failure)? = error as? BuildError else { throw error }
      #expect(try place.open().entries().isEmpty)
      return "\(failure.reason)"
    }
    return "nothing refused"
  }

  @Test("One update, two, and three from a full one give the trees that were released")
  func everything() async throws {
    for (index, script) in EndToEndTrees.scripts.enumerated() { try release(index + 1, script) }
    let full = try await build(nil, 1)
    let one = try await build(1, 2)
    let two = try await build(2, 3) { $0.streamVersion = 1 }
    for (updates, parent, version) in [
      ([one], 1, 2), ([full, one, two], nil, 3),
    ] as [([String], Int?, Int)] {
      let before = try parent.map(digest)
      let catalog = try catalog(updates, from: parent)
      #expect(try TreeSummary(of: catalog).digest == digest(version))
      #expect(try place.open().entries().count == 1)
      // What is on disk is what any user may make.
      var walker = try TreeWalker(catalog.root.directory)
      while let node = try walker.next() {
        #expect([.regular, .directory].contains(node.status.type))
      }
      #expect(try parent.map(digest) == before)
    }
    #expect(try place.open().entries().isEmpty)
    // On the same file system blocks are shared, and it is the same.
    #expect(
      try TreeSummary(of: catalog([one, two], from: 1, at: mount.path)).digest == digest(3))
  }

  @Test("Patches from new files, opened files and clones", .timeLimit(.minutes(5)))
  func patches() async throws {
    try release(
      1,
      """
      for n in one two whole; do head -c 163840 /dev/urandom >$n; done
      seq 30000 | gzip -9 >zipped.gz; mkdir dir
      """)
    try release(
      2,
      """
      cat one two | cat >merged; rm one
      cp --reflink=always two partly; cat merged | tail -c 140000 >>partly
      head -c 300000 /dev/urandom >dir/new1
      for n in 2 3; do { head -c ${n}0000 dir/new1; echo $n; tail -c +${n}0001 dir/new1; } >dir/new$n; done
      (seq 15000; echo more; seq 15001 30000) | gzip -9 >zipped.gz; mv dir moved
      """)
    let update = try await build(1, 2)
    #expect(try TreeSummary(of: catalog([update], from: 1)).digest == digest(2))
  }

  @Test("Random trees: what comes out is what was sent", arguments: [1, 2] as [UInt64])
  func random(_ seed: UInt64) async throws {
    var changes = RandomChanges(generator: SeededGenerator(seed: seed))
    var updates: [String] = []
    for version in 1...4 {
      let work = try mount.open().open(beneath: "work", .directory)
      var made = 0
      for _ in 0..<3000 where made < 100 { if changes.change(work) { made += 1 } }
      try run("btrfs", "-q", "subvolume", "snapshot", "-r", path("work"), tree(version))
      updates.append(
        try await build(version == 1 ? nil : version - 1, version) {
          $0.streamVersion = UInt16(1 + seed % 2)
          $0.recompressKinds = []
        })
    }
    let expected = try digest(4)
    for start in [0, 2] {
      let catalog = try catalog(Array(updates[start...]), from: start == 0 ? nil : start)
      #expect(try TreeSummary(of: catalog).digest == expected, "seed \(seed) from \(start)")
    }
  }

  @Test("A chain that is wrong is refused, and leaves nothing behind")
  func refusals() async throws {
    try release(1, "echo one >a; echo kept >b")
    try release(2, "echo two >a")
    try release(3, "echo three >a")
    let (one, two) = (try await build(1, 2), try await build(2, 3))
    let full = try await build(nil, 3)
    #expect(try refusal([one], from: nil).contains("give --parent"))
    #expect(try refusal([two, one], from: 2).contains("does not start from what"))
    #expect(try refusal([one, full], from: 1).contains("does not start from what"))
    #expect(try refusal([one, one], from: 1).contains("does not start from what"))
    #expect(try refusal([two], from: 1).contains("not the one that it was built against"))
    #expect(try refusal([one], from: 1, trust: .keys([])).contains("give --public-key"))
    let stranger = try SigningKey.generate().verificationKey
    #expect(try refusal([one], from: 1, trust: .keys([stranger])).contains("trusted key"))
    _ = try catalog([one], from: 1, trust: .anybody)
    let other = try await build(2, 3) {
      $0.product = "fridge"
      $0.output = path("other")
    }
    #expect(try refusal([one, other], from: 1).contains("another kind of device"))
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: two)))
    try Data(bytes.dropLast()).write(to: URL(filePath: path("short")))
    #expect(try refusal([one, path("short")], from: 1).contains("ends too early"))
    try Data(bytes + [0]).write(to: URL(filePath: path("long")))
    #expect(try refusal([path("long")], from: 2).contains("goes on behind"))
    bytes[bytes.count - 20] ^= 1
    try Data(bytes).write(to: URL(filePath: path("broken")))
    #expect(try refusal([path("broken")], from: 2).contains("damaged"))
    // Only the times differ.
    try run("rsync", "-aHAX", "\(tree(1))/", path("copy"))
    try run("touch", "-d", "2001-01-01", path("copy/b"))
    try run("mv", path("copy"), tree(9))
    #expect(try refusal([one], from: 9).contains("modification times"))
  }
}
