internal import Bytes

extension FieldParser {
  /// A name that is longer has no counter: it must be near the window that has that.
  private static let longestName = 112

  /// Names that end with a count of the compiler (`__COUNTER__`), in the strings of symbols: the last
  /// of the kernel's `__UNIQUE_ID_name123`, also before a suffix `.4`.
  mutating func parseCounters(_ region: FieldRegion) {
    let first = max(list.window.lowerBound &- Self.longestName, region.range.lowerBound)
    let limit = min(list.window.upperBound, region.range.upperBound)
    var at = first
    // The name that goes on there started too early.
    if at > region.range.lowerBound, view[at &- 1] != 0 { at = end(ofName: at, region) &+ 1 }
    while at < limit {
      appendCounter(ofNameAt: at, region)
      at = end(ofName: at, region) &+ 1
    }
  }

  /// Where the name that has a byte ends, but no further than names in the window are looked for.
  private func end(ofName start: Int, _ region: FieldRegion) -> Int {
    let limit = min(list.window.upperBound, region.range.upperBound)
    var at = start
    while at < limit, view[at] != 0 { at &+= 1 }
    return at
  }

  private mutating func appendCounter(ofNameAt start: Int, _ region: FieldRegion) {
    let upper = min(region.range.upperBound, start &+ Self.longestName)
    // "__UNIQUE" "_ID_": a longer one has room for four bytes.
    guard upper >= start &+ 16, view.load64(start) == 0x4555_5149_4e55_5f5f,
      view.load32(start &+ 8) == 0x5f44_495f
    else { return }
    var end = start &+ 12
    while end < upper, view[end] != 0, view[end] != 0x2e { end &+= 1 }
    guard end >= start &+ 16, end < upper || end == region.range.upperBound else { return }
    let count = Counter.digitCount(view.load32(end &- 4))
    guard count > 0, let number = Counter.number(view.load32(end &- 4), digits: count) else {
      return
    }
    list.append(.counter, at: end &- 4, target: UInt64(number), adjustment: count)
  }
}

/// The last four bytes of a name that ends with a number.
enum Counter {
  /// All are below: they have four digits at most.
  static let bound = 10_000

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
