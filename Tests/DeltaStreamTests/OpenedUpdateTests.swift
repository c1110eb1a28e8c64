import Bytes
import DeltaStream
import Recompress
import TestSupport
import Testing
import UpdateFile

@Suite("Updates that open files")
struct OpenedUpdateTests {
  @Test("They expand within what their manifest says", arguments: OpenedSample.Container.allCases)
  func expands(container: OpenedSample.Container) throws {
    let sample = try OpenedSample(container)
    let recompression = try sample.recompression()
    let update = try sample.update(recompression)
    for spare in [0, 28 << 20, 512 << 20] {
      let plain = try update.expanded(sample.tree, spareMemory: UInt64(spare))
      #expect(try firstDifference(plain, sample.plain()) == nil)
    }
    #expect(try recompression.failures().isEmpty)
  }

  @Test("What the manifest does not allow is refused before anything is made of it")
  func refusals() throws {
    let sample = try OpenedSample(.nested)
    let allowed = try sample.recompression()
    var cases: [Manifest.Recompression] = []
    var less = allowed
    less.memory = 1 << 20
    cases.append(less)
    less = allowed
    less.memory = 100
    cases.append(less)
    less = allowed
    less.room = 1000
    cases.append(less)
    for index in allowed.samples.indices {
      less = allowed
      less.samples.remove(at: index)
      cases.append(less)
    }
    for recompression in cases {
      let update = try sample.update(recompression)
      var length = 0
      #expect(throws: UpdateExpansionError.self) {
        try update.expanded(sample.tree) { length = $0 }
      }
      // The stream's header, SNAPSHOT and MKFILE.
      #expect(length < 300)
    }
    #expect(throws: UpdateExpansionError.self) {
      try sample.update(nil).expanded(sample.tree)
    }
  }

  @Test("An old file that is another one is noticed", arguments: [true, false])
  func otherParent(isCut: Bool) throws {
    let sample = try OpenedSample(.xz)
    let update = try sample.update(sample.recompression())
    var tree = sample.tree
    var old = sample.old
    if isCut { old.removeLast(100) } else { old[old.count / 2] ^= 1 }
    tree.files[Array("old".utf8)] = old
    #expect(throws: UpdateExpansionError.self) { try update.expanded(tree) }
  }

  @Test("A library that makes other bytes is noticed by the sample")
  func selfTest() throws {
    var recompression = try OpenedSample(.xz).recompression()
    recompression.samples[0].fingerprint ^= 1
    let failures = try recompression.failures()
    #expect(failures.map(\.kind) == [.xz])
    #expect(failures.first?.description == "xz by liblzma gives other bytes here")
    recompression.samples[0].recipe[0] = 99
    #expect(throws: RecompressError.unknownRecipe(number: 99)) { try recompression.failures() }
  }
}
