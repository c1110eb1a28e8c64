internal import Bytes

extension FieldParser {
  /// Words of the global offset table and of the lists of initializers that are addresses.
  mutating func parsePointers() {
    let indices = sections {
      $0.isNamed(".got.plt") || $0.isNamed(".got") || $0.isNamed(".init_array")
        || $0.isNamed(".fini_array")
    }
    for index in indices {
      let range = image.sections[index].range
      guard spend(range.count) else { return }
      for at in stride(from: range.lowerBound, through: range.upperBound &- 8, by: 8) {
        let word = bytes.load64(at)
        if word != 0, image.segments.contains(word) {
          list.append(.absolute64, at: at, target: word)
        }
      }
    }
  }

  /// `SHT_DYNAMIC`: values that are addresses.
  mutating func parseDynamic() {
    // DT_STRSZ, DT_RELASZ, DT_RELACOUNT, DT_PLTRELSZ, DT_FLAGS_1: numbers that may look like one.
    let numbers: [UInt64] = [10, 8, 0x6fff_fff9, 2, 0x6fff_fffb]
    for index in sections(where: { $0.type == ElfSection.Kind.dynamic }) {
      let range = image.sections[index].range
      guard spend(range.count) else { return }
      for at in stride(from: range.lowerBound, through: range.upperBound &- 16, by: 16) {
        let value = bytes.load64(at &+ 8)
        if value > 0x1000, image.segments.contains(value), !numbers.contains(bytes.load64(at)) {
          list.append(.absolute64, at: at &+ 8, target: value)
        }
      }
    }
  }

  /// Words in the data of a program with fixed addresses that look like one.
  mutating func parseExecutableData() {
    guard let lowest = lowestAddress else { return }
    let indices = sections {
      $0.type == ElfSection.Kind.programBits && $0.isAllocated && !$0.isExecutable
        && !$0.isNamed(startingWith: ".eh")
    }
    for index in indices {
      let range = image.sections[index].range
      guard spend(range.count) else { return }
      for at in stride(from: (range.lowerBound &+ 7) & ~7, through: range.upperBound &- 8, by: 8) {
        let word = bytes.load64(at)
        if word >= lowest, image.section(at: word) != nil {
          list.append(.absolute64, at: at, target: word)
        }
      }
    }
  }

  /// `SHT_RELR`: addresses of words to relocate, and bitmaps of those that follow; and the words.
  mutating func parseRelativeRelocations() {
    for index in sections(where: { $0.type == ElfSection.Kind.relativeRelocations }) {
      let range = image.sections[index].range
      guard spend(range.count) else { return }
      var next: UInt64 = 0
      for at in stride(from: range.lowerBound, through: range.upperBound &- 8, by: 8) {
        let entry = bytes.load64(at)
        if entry & 1 == 0 {
          list.append(.absolute64, at: at, target: entry)
          appendWord(at: entry)
          next = entry &+ 8
        } else {
          guard spend(63 &* 8) else { return }
          var bits = entry &>> 1
          while bits != 0 {
            appendWord(at: next &+ 8 &* UInt64(bits.trailingZeroBitCount))
            bits &= bits &- 1
          }
          next &+= 63 &* 8
        }
      }
    }
  }

  private mutating func appendWord(at address: UInt64) {
    guard let offset = Int(exactly: image.segments.offset(ofAddress: address)),
      offset <= bytes.byteCount &- 8
    else { return }
    let word = bytes.load64(offset)
    guard image.segments.contains(word) else { return }
    list.append(.absolute64, at: offset, target: word)
  }
}
