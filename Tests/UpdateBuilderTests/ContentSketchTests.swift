import Bytes
import TestSupport
import Testing

@testable import UpdateBuilder

@Suite("Finding files by their contents")
struct ContentSketchTests {
  private func sketch(_ bytes: [UInt8], _ count: Int = ContentSketch.count) -> ContentSketch {
    ContentSketch(of: bytes.rawSpan, count: count)
  }

  @Test("A file's sketch does not depend on how its bytes come")
  func streaming() {
    var random = SeededGenerator.ofTest("ContentSketchTests.streaming")
    let bytes = random.bytes(50_000)
    let whole = sketch(bytes)
    #expect(whole.features.count == 24)
    #expect(whole.features == whole.features.sorted() && Set(whole.features).count == 24)
    var pieces = ContentSketch(count: 24)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = min(rest.count, Int.random(in: 1...5000, using: &random))
      let piece = Array(rest.prefix(count))
      pieces.add(piece.rawSpan)
      rest = rest.dropFirst(count)
    }
    #expect(pieces.features == whole.features)
    #expect(sketch([]).features.isEmpty)
    #expect(sketch([1, 2, 3]).features.count == 3)
    // It takes the bytes themselves, so that the same tree gives the same update everywhere.
    #expect(sketch([0]).features == [0xe220_a839_7b1d_cdaf])
  }

  @Test("A small part is found in a large file, however the bytes come")
  func containment() {
    var random = SeededGenerator.ofTest("ContentSketchTests.containment")
    let part = random.bytes(20_000)
    let large = random.bytes(400_000) + part + random.bytes(300_000)
    let wanted = sketch(part, 256)
    func found(in bytes: [UInt8], step: Int = .max) -> Int {
      var count = FeatureCount(of: wanted)
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = Array(rest.prefix(step))
        count.add(piece.rawSpan)
        rest = rest.dropFirst(step)
      }
      return count.found
    }
    #expect(found(in: part) == 256)
    #expect(found(in: large) > 250)
    #expect(found(in: large, step: 777) == found(in: large))
    #expect(found(in: large + large) == found(in: large))
    #expect((64...192).contains(found(in: Array(part[..<10_000]))))
    #expect(found(in: random.bytes(400_000)) == 0)
    #expect(found(in: []) == 0)
  }

  @Test("Only files before a number are found, if one is given")
  func before() {
    var random = SeededGenerator.ofTest("ContentSketchTests.before")
    let files = (0..<5).map { _ in random.bytes(30_000) }
    let index = SketchIndex(files.enumerated().map { (Int32($0.offset), sketch($0.element)) })
    #expect(index.files(like: sketch(files[3], 256), limit: 9) == [3])
    #expect(index.files(like: sketch(files[3], 256), before: 4, limit: 9) == [3])
    #expect(index.files(like: sketch(files[3], 256), before: 3, limit: 9) == [])
    let both = sketch(files[1] + files[3], 256)
    #expect(Set(index.files(like: both, limit: 9)) == [1, 3])
    #expect(index.files(like: both, before: 3, limit: 9) == [1])
  }

  @Test("What is alike has features in common, more the more alike it is; what is not, has none")
  func similarity() {
    var random = SeededGenerator.ofTest("ContentSketchTests.similarity")
    let old = random.bytes(100_000)
    var changed = random.bytes(3000) + old
    for at in stride(from: 0, to: changed.count, by: 2000) { changed[at] &+= 1 }
    let half = Array(old[..<50_000]) + random.bytes(50_000)
    let base = sketch(old, 256)
    let scores = [old, changed, half, random.bytes(100_000)].map {
      base.shared(with: sketch($0, 256))
    }
    #expect(scores[0] == 256)
    #expect(scores[1] > 180 && scores[1] < 256)
    #expect(scores[2] > 40 && scores[2] < 140)
    #expect(scores[3] == 0)
  }

  @Test("Of many files the likest come first, and always the same")
  func index() {
    var random = SeededGenerator.ofTest("ContentSketchTests.index")
    let files = (0..<300).map { _ in random.bytes(Int.random(in: 4096...20_000, using: &random)) }
    let index = SketchIndex(files.enumerated().map { (Int32($0.offset), sketch($0.element)) })
    for number in [0, 7, 150, 299] {
      var new = random.bytes(500) + files[number] + random.bytes(500)
      for at in stride(from: 0, to: new.count, by: 1000) { new[at] &+= 1 }
      #expect(index.files(like: sketch(new), limit: 3).first == Int32(number))
    }
    let both = files[3] + files[4]
    #expect(Set(index.files(like: sketch(both), limit: 3)) == [3, 4])
    #expect(index.files(like: sketch(random.bytes(9000)), limit: 3).isEmpty)
    #expect(index.files(like: sketch([]), limit: 3).isEmpty)
    #expect(SketchIndex([]).files(like: sketch(both), limit: 3).isEmpty)
  }

  @Test("What very many files have says nothing")
  func common() {
    var random = SeededGenerator.ofTest("ContentSketchTests.common")
    let licence = random.bytes(6000)
    let index = SketchIndex((0..<100).map { (Int32($0), sketch(licence)) })
    #expect(index.files(like: sketch(licence), limit: 3).isEmpty)
    let few = SketchIndex((0..<50).map { (Int32($0), sketch(licence)) })
    #expect(few.files(like: sketch(licence), limit: 3) == [0, 1, 2])
  }
}

@Suite("Finding places in a file that is too long for one search")
struct PlaceMapTests {
  @Test("Where contents are, is found to the precision that is asked for")
  func places() {
    var random = SeededGenerator.ofTest("PlaceMapTests.places")
    let old = random.bytes(1 << 20)
    var map = PlaceMap(fileLength: UInt64(old.count))
    map.add(Array(old[..<300_000]).rawSpan)
    map.add(Array(old[300_000...]).rawSpan)
    map.finish()
    for place in [0, 65_536, 300_000 - 30_000, 900_000] {
      var new = Array(old[place..<min(place + 100_000, old.count)])
      for at in stride(from: 0, to: new.count, by: 3000) { new[at] &+= 1 }
      let found = map.place(of: new.rawSpan, precision: 4096)
      #expect(found == UInt64(place / 4096 * 4096))
    }
    let strange = random.bytes(100_000)
    #expect(map.place(of: strange.rawSpan, precision: 4096) == nil)
    let zeros = [UInt8](repeating: 0, count: 100_000)
    #expect(map.place(of: zeros.rawSpan, precision: 4096) == nil)
  }

  @Test("Contents that repeat are no place, and take no memory")
  func repeated() {
    let page = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 3) }
    var map = PlaceMap(fileLength: 4096 * 500)
    for _ in 0..<500 { map.add(page.rawSpan) }
    map.finish()
    #expect(map.place(of: (page + page).rawSpan, precision: 4096) == nil)
  }
}
