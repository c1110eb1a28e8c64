import Bytes

/// Writes LZO1X instruction by instruction, and keeps what they stand for.
struct LZOSample {
  var bytes: [UInt8] = []
  var plain: [UInt8] = []
  private var state = 0

  /// Random instructions of all forms that give at most so many bytes, and the end.
  init(upTo limit: Int, using random: inout some RandomNumberGenerator) {
    while limit - plain.count > 8 {
      let room = limit - plain.count - 3
      if bytes.isEmpty || (state == 0 && Int.random(in: 0..<2, using: &random) == 0) {
        addLiterals(upTo: room, using: &random)
      } else if !addCopy(upTo: room, using: &random) {
        break
      }
      if Int.random(in: 0..<60, using: &random) == 0 { break }
    }
    bytes += [0x11, 0, 0]
  }

  private mutating func add(_ count: Int, using random: inout some RandomNumberGenerator) {
    for _ in 0..<count {
      let byte = UInt8.random(in: 0...255, using: &random)
      bytes.append(byte)
      plain.append(byte)
    }
  }

  /// A length less what the instruction has room for.
  private mutating func extend(_ length: Int) {
    var rest = length
    while rest > 255 {
      bytes.append(0)
      rest -= 255
    }
    bytes.append(UInt8(rest))
  }

  private mutating func addLiterals(
    upTo room: Int, using random: inout some RandomNumberGenerator
  ) {
    if bytes.isEmpty, Int.random(in: 0..<2, using: &random) == 0 {
      let count = Int.random(in: 1...min(238, room), using: &random)
      bytes.append(UInt8(17 + count))
      add(count, using: &random)
      state = min(count, 4)
      return
    }
    let count = Int.random(
      in: 4...min([18, 600][Int.random(in: 0...1, using: &random)], room),
      using: &random)
    if count <= 18 {
      bytes.append(UInt8(count - 3))
    } else {
      bytes.append(0)
      extend(count - 18)
    }
    add(count, using: &random)
    state = 4
  }

  /// - Returns: false if no form fits.
  private mutating func addCopy(
    upTo room: Int, using random: inout some RandomNumberGenerator
  ) -> Bool {
    let literals = Int.random(in: 0...3, using: &random)
    let form = Int.random(in: 0..<5, using: &random)
    let reach = plain.count
    func any(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    let (count, distance): (Int, Int)
    switch form {
    case 0 where reach > 0:
      (count, distance) = (any(3...min(8, room)), any(1...min(2048, reach)))
      bytes.append(UInt8((count - 1) << 5 | ((distance - 1) & 7) << 2 | literals))
      bytes.append(UInt8((distance - 1) >> 3))
    case 1 where reach > 0:
      (count, distance) = (any(3...min(900, room)), any(1...min(16384, reach)))
      bytes.append(UInt8(0x20 | (count <= 33 ? count - 2 : 0)))
      if count > 33 { extend(count - 33) }
      bytes.append(littleEndian: UInt16((distance - 1) << 2 | literals))
    case 2 where reach > 16384:
      (count, distance) = (any(3...min(300, room)), any(16385...min(49151, reach)))
      let rest = distance - 16384
      bytes.append(UInt8(0x10 | (rest >> 14) << 3 | (count <= 9 ? count - 2 : 0)))
      if count > 9 { extend(count - 9) }
      bytes.append(littleEndian: UInt16((rest & 0x3fff) << 2 | literals))
    case 3 where (1...3).contains(state) && reach > 0:
      (count, distance) = (2, any(1...min(1024, reach)))
      bytes.append(UInt8(((distance - 1) & 3) << 2 | literals))
      bytes.append(UInt8((distance - 1) >> 2))
    case 4 where state == 4 && reach > 2048:
      (count, distance) = (3, any(2049...min(3072, reach)))
      bytes.append(UInt8(((distance - 2049) & 3) << 2 | literals))
      bytes.append(UInt8((distance - 2049) >> 2))
    default: return reach > 0 ? addCopy(upTo: room, using: &random) : false
    }
    for _ in 0..<count { plain.append(plain[plain.count - distance]) }
    add(literals, using: &random)
    state = literals
    return true
  }

  /// An extent of such segments, all but the last a sector long; a length never lies across two
  /// sectors.
  static func extent(_ segments: [[UInt8]], sector: Int) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 0, 0]
    for segment in segments {
      let left = sector - bytes.count % sector
      if left < 4 { bytes += [UInt8](repeating: 0, count: left) }
      bytes.append(littleEndian: UInt32(segment.count))
      bytes += segment
    }
    var length: [UInt8] = []
    length.append(littleEndian: UInt32(bytes.count))
    bytes.replaceSubrange(0..<4, with: length)
    return bytes
  }
}
