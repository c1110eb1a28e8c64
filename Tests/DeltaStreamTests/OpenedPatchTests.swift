import BinaryDiff
import Bytes
import DeltaStream
import Recompress
import SendStream
import TestSupport
import Testing

@Suite("Patches of opened files")
struct OpenedPatchTests {
  @Test(
    "Compressed files come out bit for bit, from the old ones and without any",
    arguments: OpenedSample.Container.allCases, [true, false])
  func roundTrip(container: OpenedSample.Container, keepsView: Bool) throws {
    let sample = try OpenedSample(container)
    var patch = try sample.patch()
    patch.keepsView = keepsView
    let delta = try sample.delta(patch)
    #expect(patch.encoded.count < sample.new.count / 2, "\(patch.encoded.count)")
    let plain = try sample.plain()
    #expect(try firstDifference(expand(delta, sample.tree), plain) == nil)
    #expect(try firstDifference(expand(delta, sample.tree, chunk: 999), plain) == nil)
    // A full update has nothing to copy from.
    var alone = try OpenedSample(container)
    alone.sources = []
    let full = try alone.delta(try alone.patch())
    #expect(try firstDifference(expand(full, alone.tree), plain) == nil)
  }

  @Test("Only the old file, or only the new one, may be opened")
  func oneSide() throws {
    let sample = try OpenedSample(.gzip)
    let oldView = try OpenedSample.opened(sample.old)
    for (new, opensOld) in [(sample.new, false), (oldView.view + [1], true)] {
      var other = sample
      other.new = new
      let patch = try other.patch(opensOld: opensOld, opensNew: !opensOld)
      let expanded = try expand(try other.delta(patch), other.tree)
      #expect(try firstDifference(expanded, other.plain()) == nil)
    }
  }

  @Test("A view may be made in parts, each of its own range of old")
  func parts() throws {
    let sample = try OpenedSample(.gzip)
    let old = try OpenedSample.opened(sample.old).view
    let new = try OpenedSample.opened(sample.new)
    var patch = try sample.patch()
    patch.parts = []
    for (at, from) in [(0..<5000, 0..<5500), (5000..<new.view.count, 4000..<old.count)] {
      let part = try SourceIndex(sources: [Array(old[from])]).patch(
        to: new.view.rawSpan.extracting(at))
      patch.parts.append(
        OpenedPatch.Part(
          offset: UInt64(from.lowerBound), length: UInt64(from.count), patch: part))
    }
    let expanded = try expand(try sample.delta(patch), sample.tree)
    #expect(try firstDifference(expanded, sample.plain()) == nil)
  }

  @Test("What is written is read, and cut anywhere it is refused")
  func reading() throws {
    var patch = try OpenedSample(.gzip).patch()
    patch.parts = [OpenedPatch.Part(offset: 300, length: 5, patch: [1, 2, 3])]
    for keepsView in [false, true] {
      patch.keepsView = keepsView
      let bytes = patch.encoded
      let read = try OpenedPatch(parsing: bytes.rawSpan, sourceCount: 1)
      #expect(read.encoded == bytes)
      for count in 0..<bytes.count {
        let cut = Array(bytes[..<count])
        #expect(throws: OpenedPatchError.self) {
          try OpenedPatch(parsing: cut.rawSpan, sourceCount: 1)
        }
      }
      let long = bytes + [0]
      #expect(throws: OpenedPatchError.self) {
        try OpenedPatch(parsing: long.rawSpan, sourceCount: 1)
      }
    }
  }

  @Test("Flipped bits never give other bytes without a word, and never trap")
  func flips() throws {
    let sample = try OpenedSample(.nested, count: 3000)
    let patch = try sample.patch()
    let (bytes, plain) = (patch.encoded, try sample.plain())
    let length = bytes.count - patch.parts.reduce(0) { $0 + $1.patch.count }
    for bit in 0..<(8 * length) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      let delta = try sample.delta(data: flipped)
      guard let expanded = try? expand(delta, sample.tree) else { continue }
      // As long as it should be, if it is not the same: what it is, the digest says.
      #expect(expanded.count == plain.count, "bit \(bit)")
    }
  }

  @Test("Numbers that lie are refused")
  func lies() throws {
    let sample = try OpenedSample(.gzip)
    let patch = try sample.patch()
    var lies: [OpenedPatch] = []
    func lie(_ change: (inout OpenedPatch) -> Void) {
      var changed = patch
      change(&changed)
      lies.append(changed)
    }
    lie {
      $0.layout = nil; $0.sources = [:]
    }
    lie { $0.sources[1] = $0.sources[0] }
    lie { $0.layout?.length += 1 }
    lie { $0.layout?.regions[0].openedLength += 1 }
    lie { $0.layout?.regions[0].length -= 1 }
    lie { $0.layout?.regions = [] }
    lie { $0.sources[0]?.regions[0].openedLength -= 1 }
    lie { $0.sources[0]?.regions[0].openedLength = 1 << 41 }
    lie { $0.sources[0]?.length -= 1 }
    lie { $0.parts[0].offset = 1 }
    lie { $0.parts[0].length = .max }
    lie { $0.parts += $0.parts }
    lie { $0.parts = [] }
    for (number, lie) in lies.enumerated() {
      let delta = try sample.delta(lie)
      #expect(throws: DeltaStreamError.self, "\(number)") { try expand(delta, sample.tree) }
    }
  }

  @Test("Regions lie at most eight deep")
  func depth() throws {
    let sample = try OpenedSample(.gzip)
    var patch = try sample.patch()
    let region = try #require(patch.layout?.regions.first)
    for (depth, isRead) in [(7, true), (8, false), (3000, false)] {
      var nested = region
      nested.length = 10
      nested.openedLength = 10
      nested.offset = 0
      for _ in 0..<depth {
        var outer = nested
        outer.inner = [nested]
        nested = outer
      }
      patch.layout?.regions = [nested]
      let bytes = patch.encoded
      let read = try? OpenedPatch(parsing: bytes.rawSpan, sourceCount: 1)
      #expect((read != nil) == isRead, "\(depth)")
    }
  }

  @Test("No more regions are read than were allowed")
  func regions() throws {
    let sample = try OpenedSample(.gzip)
    var patch = try sample.patch()
    var region = try #require(patch.layout?.regions.first)
    (region.length, region.openedLength) = (1, 0)
    let many = (0..<100).map { index in
      var region = region
      region.offset = UInt64(index)
      return region
    }
    patch.sources = [0: FileLayout(length: 1000, regions: Array(many.prefix(60)))]
    patch.layout?.regions = Array(many.prefix(40))
    let bytes = patch.encoded
    _ = try OpenedPatch(parsing: bytes.rawSpan, sourceCount: 1, mostRegions: 100)
    for most in [0, 59, 99] {
      #expect(throws: OpenedPatchError.self) {
        try OpenedPatch(parsing: bytes.rawSpan, sourceCount: 1, mostRegions: most)
      }
    }
  }
}
