import Bytes
import Crypto
import TestSupport
import Testing
import UpdateFile

@Suite("Manifests")
struct ManifestTests {
  @Test("What is written is read, with and without a parent, a product and later sections")
  func roundTrip() throws {
    var manifest = try Manifest.sample()
    for _ in 0..<2 {
      let bytes = try manifest.encoded()
      #expect(try readManifest(bytes) == manifest)
      manifest.parent = nil
      manifest.product = nil
      manifest.baseVersion = 1
      manifest.buildDate = -1
      manifest.payload.cuts = [
        .init(
          compressedLength: 3_000_000, deltaLength: 5_000_000, plainLength: 7000,
          plainSHA256: digest(0))
      ]
    }
  }

  @Test("The attributes are numbered and ordered as the format says")
  func numbers() throws {
    let bytes = try Manifest.sample().encoded()
    let attributes = Attributes(bytes).list
    #expect(
      attributes.map(\.number) == [
        0x8001, 0x8002, 0x8003, 0x8004, 0x8005, 0x8006, 0x8007, 0x8008, 0x8009,
        0x8010, 0x8011, 0x8012, 0x8013, 0x8014, 0x8020, 0x8021, 0x8022, 0x8023, 0x8024, 0x8025,
        0x8030, 0x8031, 0x8032, 0x8040, 0x8041, 0x8042, 0x8050, 0x8051, 0x8052, 0x8053, 0xC001,
      ])
    #expect(
      attributes.map(\.value.count) == [
        4, 0, 5, 4, 11, 8, 8, 8, 32, 16, 16, 8, 32, 32, 16, 8, 32, 32, 8, 8,
        8, 32, 8, 8, 8, 8, 8, 4, 4, 112, 96,
      ])
    #expect(attributes[0].value == [1, 0, 0, 0])
    #expect(attributes[2].value == Array("1.0.0".utf8))
    #expect(attributes[6].value == [42, 0, 0, 0, 0, 0, 0, 0])
    #expect(attributes[9].value == (0x10...0x1f).map { UInt8($0) })
  }

  @Test("A manifest cut at any byte is refused")
  func cut() throws {
    let bytes = try Manifest.sample().encoded()
    for count in 0..<bytes.count {
      let part = Array(bytes[..<count])
      #expect(throws: UpdateFileError.self, "\(count) bytes") { try readManifest(part) }
    }
    #expect(throws: UpdateFileError.self) { try readManifest(bytes + [0]) }
  }

  @Test("With any bit flipped it is refused, or says something else in its one form")
  func flipped() throws {
    let manifest = try Manifest.sample()
    try expectOneForm(ofEveryBitFlippedIn: manifest)
  }

  @Test("Every attribute but the optional ones must be there, and none may come twice")
  func missingAndDuplicate() throws {
    let bytes = try Manifest.sample().encoded()
    let all = Attributes(bytes)
    for index in all.list.indices {
      let attribute = try #require(UpdateAttribute(rawValue: all.list[index].number))
      var without = all
      without.list.remove(at: index)
      if attribute == .product {
        #expect(try readManifest(without.bytes).product == nil)
      } else if attribute == .fromVersion {
        // Without it, the parent's attributes have no place.
        let offset = offset(of: .parentUUID, in: without)
        #expect(throws: UpdateFileError.misplacedAttribute(.parentUUID, offset: offset)) {
          try readManifest(without.bytes)
        }
      } else {
        #expect(throws: UpdateFileError.missingAttribute(attribute)) {
          try readManifest(without.bytes)
        }
      }
      guard attribute != .pieces else { continue }
      var twice = all
      twice.list.insert(all.list[index], at: index)
      let offset = offset(of: attribute, in: all) + 4 + all.list[index].value.count
      #expect(throws: UpdateFileError.duplicateAttribute(attribute, offset: offset)) {
        try readManifest(twice.bytes)
      }
    }
  }

  private func offset(of attribute: UpdateAttribute, in attributes: Attributes) -> Int {
    attributes.list.prefix { $0.number != attribute.rawValue }.reduce(0) { $0 + 4 + $1.value.count }
  }

  @Test("Two neighbours in the wrong order are refused")
  func order() throws {
    let all = Attributes(try Manifest.sample().encoded())
    for index in 0..<(all.list.count - 2) {
      var swapped = all
      swapped.list.swapAt(index, index + 1)
      #expect(throws: UpdateFileError.self, "at \(index)") { try readManifest(swapped.bytes) }
    }
  }

  @Test("An attribute that nobody knows is refused wherever it stands")
  func unknown() throws {
    let all = Attributes(try Manifest.sample().encoded())
    for number in [0, 1, 0x7fff, 0x8000, 0x800a, 0x8015, 0x8054, 0xbfff] as [UInt16] {
      for index in all.list.indices {
        var with = all
        with.list.insert((number, [1, 2, 3, 4]), at: index)
        let offset = with.list[..<index].reduce(0) { $0 + 4 + $1.value.count }
        #expect(throws: UpdateFileError.unknownAttribute(number: number, offset: offset)) {
          try readManifest(with.bytes)
        }
      }
    }
  }

  @Test("An attribute one byte longer or shorter is refused")
  func lengths() throws {
    let all = Attributes(try Manifest.sample().encoded())
    for index in all.list.indices {
      let attribute = try #require(UpdateAttribute(rawValue: all.list[index].number))
      for change in [-1, 1] {
        var wrong = all
        if change > 0 {
          wrong.list[index].value.append(0x00)
        } else {
          guard !wrong.list[index].value.isEmpty else { continue }
          wrong.list[index].value.removeLast()
        }
        let count = wrong.list[index].value.count
        let isText = [.product, .builder, .minimumToolVersion].contains(attribute)
        // A shorter text is another text.
        if isText, change < 0, attribute != .minimumToolVersion { continue }
        let error: UpdateFileError =
          isText ? .invalidText(attribute) : .attributeLength(attribute, length: count)
        #expect(throws: error) { try readManifest(wrong.bytes) }
      }
    }
  }

  @Test("Lengths that point past the end are refused")
  func lyingLengths() throws {
    let bytes = try Manifest.sample().encoded()
    let all = Attributes(bytes)
    var offset = 0
    for (number, value) in all.list where number < 0xC000 {
      var lying = bytes
      lying[offset + 2] = 0xff
      lying[offset + 3] = 0xff
      #expect(throws: UpdateFileError.attributeTruncated(offset: offset)) {
        try readManifest(lying)
      }
      offset += 4 + value.count
    }
  }

  @Test("Random bytes, and random changes, never trap")
  func random() throws {
    var random = SeededGenerator.ofTest("random manifests")
    let bytes = try Manifest.sample().encoded()
    for _ in 0..<2000 {
      var changed = bytes
      for _ in 0...(random.next() % 4) {
        let at = Int(random.next() % UInt64(changed.count))
        switch random.next() % 3 {
        case 0: changed[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: changed.remove(at: at)
        default: changed.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        }
      }
      if let read = try? readManifest(changed) {
        let again = try read.encoded()
        #expect(again == changed)
      }
      let noise = random.bytes(Int(random.next() % 200))
      #expect(throws: UpdateFileError.self) { try readManifest(noise) }
    }
  }
}
