import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@Suite("Receiving random changes", .btrfs)
struct ReceiveRandomTests {
  @Test(
    "Each of several increments gives the tree that was sent, as btrfs receive does",
    arguments: [1, 2])
  func increments(version: Int) throws {
    let bench = try ReceiveBench()
    let generator = SeededGenerator.ofTest("increments")
    var changes = RandomChanges(generator: generator)
    var parent: String?
    var compared = 0
    for round in 1...8 {
      let work = try bench.open("work")
      var made = 0
      // Most are not possible: a tree may have few names that can be met.
      for _ in 0..<100_000 where made < 150 && changes.change(work) { made += 1 }
      #expect(made == 150)
      let name = "v\(round)"
      let stream = try bench.snapshot(name, version: version, parent: parent)
      try bench.receiveByStock(name)
      try bench.receive(stream, as: name, parent: parent)
      // What was sent is the judge. Stock keeps the file that it wrote to last open by its path, also
      // when another file has got that path: where it went wrong itself, it is no witness.
      try bench.expectSame("ours/\(name)", name)
      if try bench.differences("stock/\(name)", name).isEmpty {
        try bench.expectSame("ours/\(name)", "stock/\(name)", asSent: true)
        compared += 1
      }
      parent = name
    }
    #expect(compared > 0)
  }
}
