internal import Bytes

extension FieldParser {
  /// Names that end with a count of the compiler (`__COUNTER__`), in the strings of symbols: the last
  /// of the kernel's `__UNIQUE_ID_name123`, also before a suffix `.4`.
  mutating func parseCounters() {
    for index in sections(where: { $0.type == ElfSection.Kind.symbols }) {
      let link = image.sections[index].link
      let strings = image.sections[link].range
      guard link > 0, spend(strings.count) else { continue }
      var start = strings.lowerBound
      while start < strings.upperBound {
        var end = start
        while end < strings.upperBound, bytes[end] != 0 { end &+= 1 }
        appendCounter(ofName: start..<end)
        start = end &+ 1
      }
    }
  }

  private mutating func appendCounter(ofName name: Range<Int>) {
    // "__UNIQUE" "_ID_": a longer one has room for four bytes.
    guard name.count >= 16, bytes.load64(name.lowerBound) == 0x4555_5149_4e55_5f5f,
      bytes.load32(name.lowerBound &+ 8) == 0x5f44_495f
    else { return }
    var end = name.lowerBound &+ 12
    while end < name.upperBound, bytes[end] != 0x2e { end &+= 1 }
    guard end >= name.lowerBound &+ 16 else { return }
    let count = Counter.digitCount(bytes.load32(end &- 4))
    guard count > 0, let number = Counter.number(bytes.load32(end &- 4), digits: count) else {
      return
    }
    list.append(.counter, at: end &- 4, target: UInt64(number), adjustment: count)
  }
}

/// The last four bytes of a name that ends with a number.
enum Counter {
  /// How many of the bytes are digits, from the last one on.
  static func digitCount(_ bytes: UInt32) -> Int {
    var count = 0
    while count < 4, isDigit(bytes &>> UInt32(24 &- 8 &* count)) { count &+= 1 }
    return count
  }

  /// The number that the last digits say; `nil` when they are not all digits.
  static func number(_ bytes: UInt32, digits: Int) -> UInt32? {
    guard digitCount(bytes) >= digits else { return nil }
    var number: UInt32 = 0
    for digit in (0..<digits).reversed() {
      number = number &* 10 &+ (bytes &>> UInt32(24 &- 8 &* digit) & 15)
    }
    return number
  }

  /// The bytes with another number, or its last digits.
  static func bytes(_ bytes: UInt32, digits: Int, number: UInt32) -> UInt32 {
    var bytes = bytes
    var number = number
    for digit in 0..<digits {
      let shift = UInt32(24 &- 8 &* digit)
      bytes = bytes & ~(0xff &<< shift) | (0x30 &+ number % 10) &<< shift
      number /= 10
    }
    return bytes
  }

  private static func isDigit(_ byte: UInt32) -> Bool { (0x30...0x39).contains(byte & 0xff) }
}
