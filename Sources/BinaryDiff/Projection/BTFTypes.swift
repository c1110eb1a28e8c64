internal import BinaryPatch
internal import Bytes

/// The types of a file's `.BTF`, in their order.
struct BTFTypes: ~Escapable {
  /// `BTF_KIND_`
  enum Kind {
    static let function: UInt32 = 12
    static let prototype: UInt32 = 13
  }

  let bytes: RawSpan
  /// Where each starts in the file.
  private(set) var starts: [Int] = []
  /// Where strings are in the file.
  let strings: Range<Int>
  /// Where types end.
  private let end: Int

  /// - Returns: `nil` when there are none.
  @_lifetime(copy bytes)
  init?(_ bytes: RawSpan, _ image: ElfImage) {
    guard image.btf > 0 else { return nil }
    let range = image.sections[image.btf].range
    guard let strings = Int(exactly: image.btfStrings), strings <= range.upperBound else {
      return nil
    }
    self.bytes = bytes
    let length = Int(bytes.load32(range.lowerBound &+ 20))
    self.strings = strings..<min(strings &+ length, range.upperBound)
    var at =
      range.lowerBound &+ Int(bytes.load32(range.lowerBound &+ 4))
      &+ Int(bytes.load32(range.lowerBound &+ 8))
    end = min(at &+ Int(bytes.load32(range.lowerBound &+ 12)), range.upperBound)
    let view = WindowView(bytes, base: 0)
    var rest = RestOfType()
    while at < end {
      let isHead = rest.isAtHead
      guard let next = rest.step(view, at: at, to: end, { _, _ in }) else { return }
      if isHead { starts.append(at) }
      at = next
    }
  }

  /// The kind of the type at a place.
  func kind(at start: Int) -> UInt32 { bytes.load32(start &+ 4) &>> 24 & 31 }

  /// Calls `body` with each number of the type at a place that is not 0.
  func forEachNumber(at start: Int, _ body: (_ isType: Bool, _ number: UInt32) -> Void) {
    let view = WindowView(bytes, base: 0)
    var rest = RestOfType()
    var at = start
    repeat {
      let next = rest.step(view, at: at, to: end) { domain, place in
        let number = bytes.load32(place)
        if number != 0 { body(domain == .type, number) }
      }
      guard let next else { return }
      at = next
    } while !rest.isAtHead
  }
}

extension BTFTypes {
  /// The first type and the first string that are the file's own; those below are the kernel's, which
  /// the file does not have. `nil`: it does not say.
  var bases: ProjectionKnowledge.Bases? {
    guard let types = firstType, let strings = firstString else { return nil }
    return .init(types: types, strings: strings)
  }

  /// So many functions must agree.
  private static let leastVotes = 3
  /// A function's type is one of so many before it, or is the kernel's.
  private static let nearest = 4

  /// Functions refer to prototypes: these are mostly just before them.
  private var firstType: UInt32? {
    var votes: [UInt32: Int] = [:]
    var prototypes: [UInt32] = []
    for (index, start) in starts.enumerated() {
      switch kind(at: start) {
      case Kind.prototype: prototypes.append(UInt32(truncatingIfNeeded: index))
      case Kind.function:
        let type = bytes.load32(start &+ 8)
        for prototype in prototypes.suffix(Self.nearest) where prototype <= type {
          votes[type &- prototype, default: 0] &+= 1
        }
      default: break
      }
    }
    let best = votes.max { ($0.value, $1.key) < ($1.value, $0.key) }
    guard let best, best.value >= Self.leastVotes else { return nil }
    return best.key
  }

  /// The last string that is referred to is the last of all.
  private var firstString: UInt32? {
    var greatest: UInt32 = 0
    for start in starts {
      forEachNumber(at: start) { isType, number in
        if !isType { greatest = max(greatest, number) }
      }
    }
    guard strings.count > 1, bytes[strings.upperBound &- 1] == 0 else { return nil }
    var last = strings.upperBound &- 1
    while last > strings.lowerBound, bytes[last &- 1] != 0 { last &-= 1 }
    let into = UInt32(truncatingIfNeeded: last &- strings.lowerBound)
    return greatest >= into ? greatest &- into : nil
  }
}
