/// A copy, or a part of one, inside one band of both files, or the types that it has: in 16 bytes what
/// ``MapPiece`` has 24 for.
struct MapPart: Equatable, Sendable {
  /// The number of the first old key, then eight bits: the new band.
  private var place: UInt64
  /// Where the first byte is in the new file, or the new number of the first type; of two copies, that
  /// of the first is lower.
  private var offset: UInt32
  private(set) var count: UInt32

  /// - Parameters:
  ///   - number: Of ``MapKeys``.
  ///   - band: The segment of the new file; how many there are: none of them; one more: types.
  init(number: UInt64, band: Int, newOffset: UInt32, count: UInt32) {
    place = number &<< 8 | UInt64(truncatingIfNeeded: band)
    offset = newOffset
    self.count = count
  }

  /// The number of its first old key.
  @inline(__always) var start: UInt64 { place &>> 8 }
  /// The number after its last; in the same band.
  @inline(__always) var end: UInt64 { start &+ UInt64(count) }
  @inline(__always) var band: Int { Int(truncatingIfNeeded: place & 0xff) }
  @inline(__always) var newOffset: UInt64 { UInt64(offset) }

  /// By where they start.
  static func isBefore(_ one: MapPart, _ other: MapPart) -> Bool {
    one.place != other.place ? one.place < other.place : one.offset < other.offset
  }

  /// Whether it counts where it overlaps another: the longer one, or else that which is lower in new.
  @inline(__always)
  func counts(before other: MapPart) -> Bool {
    count != other.count ? count > other.count : offset < other.offset
  }

  /// What of it lies between two numbers, both inside.
  @inline(__always)
  func cut(from first: UInt64, to last: UInt64) -> MapPart {
    var part = self
    let skipped = first &- start
    part.place &+= skipped &<< 8
    part.offset &+= UInt32(truncatingIfNeeded: skipped)
    part.count = UInt32(truncatingIfNeeded: last &- first)
    return part
  }

  /// Takes in another that goes on where it ends, in both files; `false`: that does not.
  @inline(__always)
  mutating func join(_ next: MapPart) -> Bool {
    guard next.place == place &+ UInt64(count) &<< 8, next.offset == offset &+ count,
      // No offset is that large.
      case (let sum, false) = count.addingReportingOverflow(next.count)
    else { return false }
    count = sum
    return true
  }
}

/// Makes sorted parts disjoint, in their own memory.
///
/// A part that counts more than one that starts before it also ends behind it: so of parts that
/// overlap, each is left in one piece at most, and those that still may count lie in a row, the
/// one that does so now first.
struct MapSweep: ~Copyable {
  private var parts: [MapPart]
  /// How many pieces are written, at the start of `parts`.
  private var written = 0
  /// Parts that will count when those before them end: behind what is written, before what is not read.
  private var waiting = 0..<0
  private var current: MapPart?

  /// - Parameter parts: By where they start.
  init(_ parts: consuming [MapPart]) { self.parts = parts }

  /// The pieces that are left.
  consuming func pieces() -> [MapPart] {
    var next = 0
    var at: UInt64 = 0
    while true {
      if current == nil {
        guard next < parts.count else { break }
        at = parts[next].start
      }
      while next < parts.count, parts[next].start == at {
        take(parts[next])
        next &+= 1
      }
      guard let part = current else { break }
      guard part.end > at else {
        advance()
        continue
      }
      let end = next < parts.count ? min(part.end, parts[next].start) : part.end
      write(part.cut(from: at, to: end))
      at = end
    }
    parts.removeLast(parts.count &- written)
    return parts
  }

  /// A part starts.
  private mutating func take(_ part: MapPart) {
    while let last = waiting.last, part.counts(before: parts[last]) {
      waiting = waiting.lowerBound..<last
    }
    if let current, !waiting.isEmpty || !part.counts(before: current) {
      parts[waiting.upperBound] = part
      waiting = waiting.lowerBound..<(waiting.upperBound &+ 1)
    } else {
      current = part
      // The room for what is written of it.
      waiting = (waiting.lowerBound &+ 1)..<(waiting.lowerBound &+ 1)
    }
  }

  /// The part that counts ends.
  private mutating func advance() {
    guard !waiting.isEmpty else {
      current = nil
      return
    }
    current = parts[waiting.lowerBound]
    waiting = (waiting.lowerBound &+ 1)..<waiting.upperBound
  }

  private mutating func write(_ piece: MapPart) {
    if written > 0, parts[written &- 1].join(piece) { return }
    parts[written] = piece
    written &+= 1
  }
}
