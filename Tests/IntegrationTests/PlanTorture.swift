import Btrfs
import Bytes
import Foundation
import Linux
import TestSupport
import Tree

@testable import UpdateBuilder

/// Makes random trees, plans from nothing to the first and from each to the next, receives that with
/// `btrfs receive` and with `btrfs-delta receive`, and compares; and does so with what the kernel sends.
struct PlanTorture {
  let mount: BtrfsFixture
  let program: String
  let seed: UInt64

  private static let rounds = 3
  private static let changesPerRound = 100

  private func path(_ name: String) -> String { mount.path + "/" + name }

  /// The version of the stream.
  private var base: UInt16 { UInt16(1 + seed % 2) }

  /// How one of the trees comes from the one before.
  private func isMadeAnew(_ round: Int) -> Bool { (seed / 2 + UInt64(round)) % 3 == 0 }

  /// Leaves the file system as it was.
  ///
  /// - Returns: what is wrong with what was received; nothing should be.
  func run() async throws -> [String] {
    let top = try mount.open()
    for name in ["stock", "ours", "kernel"] { try top.makeDirectory(name) }
    try Subvolume.create("work0", in: top)
    // Attributes in trusted. belong to no tree.
    var changes = RandomChanges(
      generator: SeededGenerator(seed: seed), attributes: "security.test", changesFlags: true)
    for round in 1...Self.rounds {
      if round > 1 { try copy(round, top) }
      try change("work\(isMadeAnew(round) && round > 1 ? round : 0)", &changes, top)
      let work = isMadeAnew(round) && round > 1 ? "work\(round)" : "work0"
      try Subvolume.snapshot(
        of: top.open(beneath: work, .directory), as: "v\(round)", in: top, readOnly: true)
    }
    try await plan(top)
    var differences: [String] = []
    for (name, command) in [("stock", ["btrfs", "-q"]), ("ours", [program])] {
      let options = name == "stock" ? [] : ["-q"]
      let result = try runProgram(
        command + ["receive"] + options + ["-f", path("stream"), path(name)])
      if result.status != 0 {
        differences.append("\(name): \(result.status): \(result.errors.prefix(500))")
        continue
      }
      differences += try compare(name, top)
    }
    try receiveFromKernel()
    differences += try compare("kernel", top)
    if differences.isEmpty {
      try TortureRun.cleanUp(
        top, directories: ["stock", "ours", "kernel"], files: ["stream", "plan", "sent"])
    }
    return differences
  }

  private func change(
    _ name: String, _ changes: inout RandomChanges, _ top: borrowing Descriptor
  ) throws {
    let work = try top.open(beneath: name, .directory)
    var (made, left) = (0, 3000)
    while made < Self.changesPerRound, left > 0 {
      if changes.change(work) { made += 1 }
      left -= 1
    }
  }

  /// Makes the tree once more, every inode anew, if that is what is to be changed.
  private func copy(_ round: Int, _ top: borrowing Descriptor) throws {
    guard isMadeAnew(round) else { return }
    try Subvolume.create("work\(round)", in: top)
    try TestSupport.run("rsync", "-aHAXS", path("work0") + "/", path("work\(round)") + "/")
  }

  /// Writes the plans of all trees, one after the other.
  private func plan(_ top: borrowing Descriptor) async throws {
    let stream = try Descriptor.open(path("stream"), [.writeOnly, .create])
    var old: PlannedTree?
    for round in 1...Self.rounds {
      let root = TreeRoot(try top.open(beneath: "v\(round)", .directory))
      let new = try await PlannedTree(reading: TreeCatalog(of: root), jobs: 2, .none)
      let file = try Descriptor.open(path("plan"), [.readWrite, .create, .truncate])
      let planner = try TreePlanner(from: old, to: new, base: base, file: file, progress: .none)
      let plan = try planner.plan(named: "v\(round)")
      let bytes = try plan.file.bytes(at: 0, count: Int(plan.length))
      try stream.write(bytes.rawSpan)
      old = new
    }
  }

  /// Receives what the kernel sends of the same trees.
  private func receiveFromKernel() throws {
    for round in 1...Self.rounds {
      let isRelated = round > 1 && !isMadeAnew(round)
      let parent = isRelated ? ["-p", path("v\(round - 1)")] : []
      let send = ["btrfs", "-q", "send", "--proto", "\(base)"] + parent
      let result = try runProgram(send + ["-f", path("sent"), path("v\(round)")])
      guard result.status == 0 else { throw ProgramFailure(description: result.errors) }
      try TestSupport.run(program, "receive", "-q", "-f", path("sent"), path("kernel"))
    }
  }

  private func compare(_ name: String, _ top: borrowing Descriptor) throws -> [String] {
    var differences: [String] = []
    for round in 1...Self.rounds {
      let source = try top.open(beneath: "v\(round)", .directory)
      let received = try top.open(beneath: "\(name)/v\(round)", .directory)
      var found = try TreeComparison(of: source, and: received).differences
      // Which the kernel does not send with every change of names in it.
      if name == "kernel" { found.removeAll { $0.path.isEmpty && $0.kind == .modificationTime } }
      differences += found.prefix(5).map { "\(name)/v\(round): \($0)" }
      // Stock tools print FILEATTR, and do nothing; version 1 has none.
      guard name == "ours", base >= 2 else { continue }
      let (sent, arrived) = try (
        TreeCatalog(of: TreeRoot(source)).flagLetters,
        TreeCatalog(of: TreeRoot(received)).flagLetters
      )
      differences += sent.filter { arrived[$0] != $1 }.map { path, flags in
        "v\(round): \(QuotedText.quoted(path)): flags \(flags) != \(arrived[path] ?? "none")"
      }
    }
    let last = "v\(Self.rounds)"
    var seen = try EndToEndBench.difference(path(last), path("\(name)/\(last)"))
    if name == "kernel", seen == ".d..t...... ./\n" { seen = "" }
    if !seen.isEmpty { differences.append("\(name)/\(last), as rsync sees it: \(seen)") }
    return differences
  }
}
