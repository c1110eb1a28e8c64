/// Fields as parsers find them, then in the order of the file.
struct FieldList {
  private(set) var fields: [Field] = []
  /// How many there may be; more, and the file is not projected.
  let limit: Int
  /// How many parsers found, those not kept among them.
  private(set) var found = 0

  init(limit: Int) { self.limit = limit }

  var isOverfull: Bool { found > limit }
  var count: Int { fields.count }

  @inline(__always)
  mutating func append(
    _ kind: FieldKind, at offset: Int, target: UInt64, adjustment: Int = 0, section: Int = 0
  ) {
    found &+= 1
    guard found <= limit else { return }
    fields.append(
      Field(
        offset: UInt32(truncatingIfNeeded: offset), kind: kind,
        adjustment: UInt8(truncatingIfNeeded: adjustment),
        section: UInt16(truncatingIfNeeded: section), target: target))
  }

  /// Gives an `ADRP` its whole target, which another instruction completes.
  mutating func complete(_ index: Int, target: UInt64) {
    fields[index].target = target
    fields[index].adjustment = 1
  }

  /// The fields in the order of the file, none overlapping: where two do, the one that starts first is
  /// kept, or was found first.
  consuming func sorted() -> [Field] {
    var fields = fields
    Self.sort(&fields)
    var kept = 0
    var end = 0
    var span = fields.mutableSpan
    for index in 0..<span.count where span[index].start >= end {
      span[kept] = span[index]
      end = span[kept].end
      kept &+= 1
    }
    fields.removeLast(fields.count &- kept)
    return fields
  }

  /// Sorts by offset, by digits of eleven bits: linear, and stable.
  private static func sort(_ fields: inout [Field]) {
    let highest = fields.reduce(0 as UInt32) { max($0, $1.offset) }
    var other = fields
    var shift: UInt32 = 0
    while shift < 32, highest &>> shift > 0 {
      var starts = [Int](repeating: 0, count: 2049)
      do {
        let source = fields.span
        var starts = starts.mutableSpan
        for index in 0..<source.count {
          starts[Int(source[index].offset &>> shift & 2047) &+ 1] &+= 1
        }
        for digit in 1..<2049 { starts[digit] &+= starts[digit &- 1] }
        var sorted = other.mutableSpan
        for index in 0..<source.count {
          let digit = Int(source[index].offset &>> shift & 2047)
          sorted[starts[digit]] = source[index]
          starts[digit] &+= 1
        }
      }
      swap(&fields, &other)
      shift &+= 11
    }
  }
}
