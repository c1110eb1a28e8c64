import Bytes
import Linux
import Receive
import SendStream
import TestSupport
import Testing
import Tree

@testable import UpdateBuilder

/// Two trees that scripts make, and what becomes of the first when a plan is carried out in it.
final class TreePlanBench {
  private let directory: TemporaryDirectory

  /// A plan that was carried out.
  struct Outcome {
    /// The stream's commands as text, one a line.
    var commands: [String] = []
    /// The stream.
    var stream: [UInt8] = []
  }

  /// Makes the old tree by a script, and the new one from a copy of it by another.
  ///
  /// - Parameter fresh: whether the new one is made from nothing instead.
  init(_ old: String, _ new: String, fresh: Bool = false) throws {
    directory = try TemporaryDirectory()
    try run("mkdir", path("old"), path("new"))
    try script(old, in: "old")
    if !fresh { try run("cp", "-a", path("old") + "/.", path("new")) }
    try script(new, in: "new")
  }

  func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  func script(_ text: String, in name: String) throws {
    try run("bash", "-euc", "umask 022\ncd \"$0\"\n" + text, path(name))
  }

  func tree(_ name: String) async throws -> PlannedTree {
    let root = TreeRoot(try Descriptor.open(path(name), .directory))
    return try await PlannedTree(reading: try TreeCatalog(of: root), jobs: 2, .none)
  }

  /// Plans from one tree to another, carries that out in a copy of the first, and compares.
  ///
  /// - Parameter from: the tree to start from; `nil` for nothing.
  func update(
    from: String?, to: String, base: UInt16 = 2, at location: SourceLocation = #_sourceLocation
  ) async throws -> Outcome {
    let new = try await tree(to)
    var old: PlannedTree?
    if let from { old = try await tree(from) }
    let plan = try plan(from: old, to: new, base: base)
    let result = "result-\(from ?? "")-\(to)-\(base)"
    try run("mkdir", path(result))
    if let from { try run("cp", "-a", path(from) + "/.", path(result)) }
    let stream = try plan.file.bytes(at: 0, count: Int(plan.length))
    let outcome = try carryOut(stream, in: result)
    let made = try TreeSummary(of: Descriptor.open(path(result), .directory))
    let isRight = made.digest == new.summary.digest
    let differences = isRight ? "" : try self.differences(to, result)
    #expect(isRight, "\(differences)\n\(outcome.commands)", sourceLocation: location)
    return outcome
  }

  func plan(from old: PlannedTree?, to new: PlannedTree, base: UInt16) throws -> Plan {
    let file = try Descriptor.open(
      path("plan"), [.readWrite, .create, .truncate])
    let planner = try TreePlanner(from: old, to: new, base: base, file: file, progress: .none)
    return try planner.plan(named: "sys_root_v2")
  }

  private func differences(_ one: String, _ other: String) throws -> String {
    let comparison = try TreeComparison(
      of: Descriptor.open(path(one), .directory), and: Descriptor.open(path(other), .directory))
    return "\(comparison.differences)"
  }

  /// Carries a stream out, and makes sure that no name is taken that something has.
  private func carryOut(_ stream: [UInt8], in name: String) throws -> Outcome {
    let root = try Descriptor.open(path(name), .directory)
    var receiver = try Receiver(root: root.duplicate())
    var formatter = DumpFormatter()
    var outcome = Outcome(stream: stream)
    var reader = StreamReader()
    reader.append(stream.rawSpan)
    while let element = try reader.next() {
      guard case .command(let frame) = element else { continue }
      let command = try Command(parsing: frame)
      let line = String(decoding: formatter.line(for: command), as: UTF8.self)
      outcome.commands.append(line)
      if let made = Self.madeName(command) {
        let isFree = try !root.isTaken(made)
        #expect(isFree, "taken: \(line)")
      }
      try receiver.carryOut(command)
    }
    try receiver.finish()
    return outcome
  }

  private static func madeName(_ command: borrowing Command) -> [UInt8]? {
    switch copy command {
    case .makeFile(let path, _), .makeDirectory(let path, _), .makeNode(let path, _, _, _),
      .makeFIFO(let path, _, _, _), .makeSocket(let path, _, _, _), .symlink(let path, _, _),
      .rename(_, let path), .link(let path, _):
      [UInt8](copying: path)
    default: nil
    }
  }
}

extension Descriptor {
  fileprivate func isTaken(_ path: [UInt8]) throws(SystemError) -> Bool {
    do throws(SystemError) {
      _ = try open(beneath: path, [.path, .noFollow])
      return true
    } catch {
      if error.errno == .noSuchFile { return false }
      throw error
    }
  }
}

extension TreePlanBench.Outcome {
  /// How many commands of each kind there are, but for those that begin and end the stream.
  var kinds: [String: Int] {
    var kinds: [String: Int] = [:]
    for line in commands.dropFirst() where !line.isEmpty {
      kinds[String(line.prefix { $0 != " " }), default: 0] += 1
    }
    return kinds
  }
}
