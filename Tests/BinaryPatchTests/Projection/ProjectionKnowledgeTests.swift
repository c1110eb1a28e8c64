import Bytes
import TestSupport
import Testing

@testable import BinaryPatch

@Suite("Remembering how numbers changed")
struct ProjectionKnowledgeTests {
  /// What was learned, searched from end to end.
  private struct Model {
    var known: [UInt32: UInt32] = [:]

    func nearest(_ old: UInt32) -> UInt32? {
      let best = known.keys.min {
        (max($0, old) - min($0, old), $0) < (max($1, old) - min($1, old), $1)
      }
      return best.flatMap { key in known[key].map { $0 &+ (old &- key) } }
    }
  }

  private func filled(_ count: Int, _ random: inout SeededGenerator) -> ProjectionKnowledge {
    var knowledge = ProjectionKnowledge()
    knowledge.oldBases = .init(types: 100_643, strings: .random(in: 0 ... .max, using: &random))
    knowledge.newBases = .init(types: .max, strings: 7)
    for _ in 0..<count {
      let (old, new) = (UInt32(random.next() & 0xffff_ffff), UInt32(random.next() & 0xffff_ffff))
      knowledge.types.learn(old, new)
      knowledge.strings.learn(old >> 8, new >> 8)
      knowledge.checksums.learn(new, old)
    }
    return knowledge
  }

  @Test("A number moves as the nearest that was learned; the last that was said of one counts")
  func nearest() {
    var random = SeededGenerator.ofTest("learned map")
    for range in [1, 50, 3000, 100_000] as [UInt32] {
      var map = LearnedMap()
      var model = Model()
      for _ in 0..<500 {
        let old = UInt32.random(in: 0..<range, using: &random)
        #expect(map.nearest(old) == model.nearest(old))
        #expect(map.exact(old) == model.known[old])
        let new = UInt32.random(in: 0 ... .max, using: &random)
        map.learn(old, new)
        model.known[old] = new
      }
      #expect(map.count == model.known.count)
    }
  }

  @Test("The smallest and the largest number are learned like others")
  func ends() {
    var map = LearnedMap()
    #expect(map.nearest(5) == nil)
    map.learn(.max, 1)
    map.learn(0, .max)
    #expect(map.exact(0) == .max)
    #expect(map.exact(.max) == 1)
    #expect(map.nearest(1) == 0)
    #expect(map.nearest(.max - 1) == 0)
  }

  @Test("It takes so many numbers and no more, but changes those that it has")
  func capacity() {
    var map = LearnedMap()
    let count = UInt32(LearnedMap.maximumCapacity)
    for old in 0..<count { map.learn(old &* 2, old) }
    #expect(map.count == LearnedMap.maximumCapacity)
    map.learn(1, 77)
    #expect(map.count == LearnedMap.maximumCapacity)
    #expect(map.exact(1) == nil)
    map.learn(4, 78)
    #expect(map.exact(4) == 78)
    #expect(map.nearest(count &* 2 &+ 5) == count &- 1 &+ 7)
  }

  @Test("What is written is read again, cut at any byte it is refused")
  func roundTrip() {
    var random = SeededGenerator.ofTest("knowledge")
    for count in [0, 1, 40, 3000] {
      let knowledge = filled(count, &random)
      let bytes = knowledge.encoded
      #expect(ProjectionKnowledge(parsing: bytes.rawSpan) == knowledge)
      let longer = bytes + [0]
      #expect(ProjectionKnowledge(parsing: longer.rawSpan) == nil)
      for end in 0..<min(bytes.count, 400) {
        let cut = Array(bytes[..<end])
        #expect(ProjectionKnowledge(parsing: cut.rawSpan) == nil)
      }
    }
  }

  @Test("With any bit flipped, and of noise, it is refused or means what it says")
  func damage() {
    var random = SeededGenerator.ofTest("damaged knowledge")
    let bytes = filled(30, &random).encoded
    for bit in 0..<(bytes.count * 8) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      let read = ProjectionKnowledge(parsing: flipped.rawSpan)
      if let read { #expect(read.encoded == flipped) }
    }
    for _ in 0..<2000 {
      let noise = random.bytes(Int.random(in: 0..<80, using: &random))
      let read = ProjectionKnowledge(parsing: noise.rawSpan)
      if let read { #expect(read.encoded == noise) }
    }
    // More numbers than there may be, with nothing behind.
    var huge: [UInt8] = [0, 0, 0, 0]
    huge.append(varint: UInt64(LearnedMap.maximumCapacity) + 1)
    #expect(ProjectionKnowledge(parsing: huge.rawSpan) == nil)
  }
}
