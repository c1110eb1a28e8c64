import Bytes

/// A patch taken apart: every field can be made to lie.
struct PatchParts {
  var kind: UInt8
  var newLength: UInt64
  var copyCount: UInt64
  var streams: [[UInt8]]
  /// Added to what the header says of the length of each stream.
  var lies = [UInt64](repeating: 0, count: 7)

  private static let numeric = [0, 1, 2, 3, 6]

  /// `nil` for what is no patch.
  init?(_ patch: [UInt8]) {
    var cursor = ByteCursor(patch.rawSpan)
    guard let kind = cursor.read(UInt8.self), let newLength = cursor.readVarint(),
      let copyCount = cursor.readVarint()
    else { return nil }
    var lengths: [Int] = []
    for _ in 0..<(kind == 2 ? 7 : 6) {
      guard let length = cursor.readVarint() else { return nil }
      lengths.append(Int(truncatingIfNeeded: length))
    }
    streams = []
    for length in lengths {
      guard let bytes = cursor.take(length) else { return nil }
      streams.append([UInt8](copying: bytes))
    }
    (self.kind, self.newLength, self.copyCount) = (kind, newLength, copyCount)
  }

  var bytes: [UInt8] {
    var out = [kind]
    out.append(varint: newLength)
    out.append(varint: copyCount)
    for (stream, lie) in zip(streams, lies) { out.append(varint: UInt64(stream.count) &+ lie) }
    return out + streams.joined()
  }

  /// Some fields lie; half of the time the rest is made to agree with them.
  mutating func lie(using random: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      switch Int.random(in: 0..<12, using: &random) {
      case 0: newLength = newLength.hostile(using: &random)
      case 1: copyCount = copyCount.hostile(using: &random)
      case 2:
        let at = Int.random(in: streams.indices, using: &random)
        lies[at] = UInt64(0).hostile(using: &random)
      case 3:
        let at = Int.random(in: streams.indices, using: &random)
        streams[at] = streams[at].damaged(using: &random)
      case 4: kind = UInt8.random(in: 0...3, using: &random)
      default:
        let at = Self.numeric.filter { $0 < streams.count }.randomElement(using: &random) ?? 0
        changeNumbers(of: at, using: &random)
      }
    }
    if Bool.random(using: &random) { agree(using: &random) }
  }

  private mutating func changeNumbers(of stream: Int, using random: inout SeededGenerator) {
    var numbers = Self.numbers(streams[stream])
    guard !numbers.isEmpty else { return }
    let at = Int.random(in: numbers.indices, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: numbers.remove(at: at)
    case 1: numbers.insert(numbers[at].hostile(using: &random), at: at)
    case 2: numbers.swapAt(at, Int.random(in: numbers.indices, using: &random))
    default: numbers[at] = numbers[at].hostile(using: &random)
    }
    streams[stream] = Self.encoded(numbers)
  }

  /// Mends counts and lengths, so that what lies is deeper inside.
  private mutating func agree(using random: inout SeededGenerator) {
    lies = [UInt64](repeating: 0, count: 7)
    var control = (0..<3).map { Self.numbers(streams[$0]) }
    let count = control.map(\.count).min() ?? 0
    for index in control.indices { control[index].removeLast(control[index].count - count) }
    for index in 0..<2 { control[index] = control[index].map { $0 % (1 << 22) } }
    for index in control.indices { streams[index] = Self.encoded(control[index]) }
    copyCount = UInt64(count)
    let inserts = control[0].reduce(0, &+)
    if inserts > UInt64(streams[5].count), inserts < 1 << 20 {
      streams[5] += random.bytes(Int(inserts) - streams[5].count)
    }
    newLength = control[1].reduce(UInt64(streams[5].count), &+)
    var gaps = Self.numbers(streams[3])
    let differences = min(gaps.count, streams[4].count)
    gaps.removeLast(gaps.count - differences)
    streams[3] = Self.encoded(gaps)
    streams[4] = streams[4].prefix(differences).map { max($0, 1) }
  }

  private static func numbers(_ bytes: [UInt8]) -> [UInt64] {
    var cursor = ByteCursor(bytes.rawSpan)
    var out: [UInt64] = []
    while let number = cursor.readVarint() { out.append(number) }
    return out
  }

  private static func encoded(_ numbers: [UInt64]) -> [UInt8] {
    var out: [UInt8] = []
    for number in numbers { out.append(varint: number) }
    return out
  }
}
