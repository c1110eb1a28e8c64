import Btrfs
import Bytes
import Foundation
import Linux
import TestSupport

/// Makes a random tree and increments of it, sends them with the kernel, receives them with
/// `btrfs receive` and with `btrfs-delta receive`, and compares.
struct ReceiveTorture {
  let mount: BtrfsFixture
  let program: String
  let seed: UInt64

  /// How the kernel is to send.
  enum Form: CaseIterable {
    case version1, version2, compressed

    var options: [String] {
      switch self {
      case .version1: ["--proto", "1"]
      case .version2: ["--proto", "2"]
      case .compressed: ["--proto", "2", "--compressed-data"]
      }
    }
  }

  /// What became of a seed.
  struct Outcome {
    /// What is wrong with what was received; nothing should be.
    var differences: [String] = []
    /// How many trees `btrfs receive` made as they were sent.
    var rightByStock = 0
    var trees = 0
  }

  private static let rounds = 3
  private static let changesPerRound = 100

  var form: Form { Form.allCases[Int(seed % 3)] }

  func path(_ name: String) -> String { mount.path + "/" + name }

  /// Leaves the file system as it was.
  func run() throws -> Outcome {
    let top = try mount.open()
    for name in ["stock", "ours"] { try top.makeDirectory(name) }
    try Subvolume.create("work", in: top)
    var outcome = Outcome()
    var changes = RandomChanges(generator: SeededGenerator(seed: seed))
    for round in 1...Self.rounds {
      let work = try top.open(beneath: "work", .directory)
      var left = 3000
      var made = 0
      while made < Self.changesPerRound, left > 0 {
        if changes.change(work) { made += 1 }
        left -= 1
      }
      try Subvolume.snapshot(of: work, as: "v\(round)", in: top, readOnly: true)
      guard try receiveAndCompare(round, top, &outcome) else { break }
    }
    try TortureRun.cleanUp(top, files: ["stream"])
    return outcome
  }

  /// - Returns: whether there can be a next round.
  private func receiveAndCompare(
    _ round: Int, _ top: borrowing Descriptor, _ outcome: inout Outcome
  ) throws -> Bool {
    let name = "v\(round)"
    let stream = path("stream")
    var send = ["btrfs", "-q", "send"] + form.options + ["-f", stream]
    if round > 1 { send += ["-p", path("v\(round - 1)")] }
    let sent = try runProgram(send + [path(name)])
    guard sent.status == 0 else { throw ProgramFailure(description: sent.errors) }
    let stock = try runProgram(["btrfs", "-q", "receive", "-f", stream, path("stock")])
    let ours = try runProgram([program, "receive", "-q", "-f", stream, path("ours")])
    outcome.trees += 1
    guard ours.status == 0 else {
      outcome.differences.append("\(name): \(ours.status): \(ours.errors)")
      return false
    }
    let source = try TreeRecord(of: top.open(beneath: name, .directory))
    let received = try TreeRecord(of: top.open(beneath: "ours/\(name)", .directory))
    outcome.differences += received.differences(to: source, "\(name), ours and source")
    try outcome.differences += identityDifferences(name, top)
    guard stock.status == 0 else { return false }
    let witness = try TreeRecord(of: top.open(beneath: "stock/\(name)", .directory))
    // What was sent is the judge. Where stock went wrong itself, it is no witness.
    let isRight = witness.differences(to: source, "").isEmpty
    if isRight {
      outcome.rightByStock += 1
      outcome.differences += received.extentDifferences(to: witness, "\(name), ours and stock")
    }
    return outcome.differences.isEmpty && isRight
  }

  /// What the subvolume says of where it came from.
  private func identityDifferences(
    _ name: String, _ top: borrowing Descriptor
  ) throws -> [String] {
    let source = try Subvolume.info(of: top.open(beneath: name, .directory))
    let info = try Subvolume.info(of: top.open(beneath: "ours/\(name)", .directory))
    let isRight =
      info.receivedUUID == source.uuid && info.sendTransaction == source.changeTransaction
      && info.isReadOnly && info.isUntouchedSinceReceive
    return isRight ? [] : ["\(name): \(info)"]
  }
}
