/// What goes through a ``BitstreamWalk``: it takes a number in one spelling, and writes it in another.
protocol BitstreamNumbers {
  /// A number of `width` bits, 1 to 32.
  mutating func fixed(_ width: Int) throws(RecompressError) -> UInt64
  /// A number in groups of `width` bits, 2 to 32, of which one says whether another group follows.
  mutating func grouped(_ width: Int) throws(RecompressError) -> UInt64
  /// Bytes as they are, from a multiple of 32 bits on.
  mutating func bytes(_ count: Int) throws(RecompressError)
  /// Goes on at a multiple of 32 bits.
  mutating func align() throws(RecompressError)
  /// Whether no further block follows the outermost ones.
  mutating func isAtEnd() throws(RecompressError) -> Bool
  /// That what was taken cannot be.
  var wrong: RecompressError { get }
}

/// A way through an LLVM bitstream, the container of bitcode ("LLVM Bitcode File Format", *Bitstream
/// Format*), a step at a time.
///
/// Its numbers have any number of bits, so what follows a number that grew by a bit is another row of bytes.
/// What the numbers mean does not matter here, but for the abbreviations, which say how others are
/// spelled.
struct BitstreamWalk {
  /// Blocks in one another.
  private static let deepest = 32
  /// Abbreviations of a block, and of all that blocks get from elsewhere.
  private static let mostAbbreviations = 1024
  private static let mostOperands = 128
  /// How many numbers or bytes of a row one step takes.
  static let stepLength = 4096

  /// How a number of a record is spelled.
  private enum Operand {
    case literal
    case fixed(Int)
    case grouped(Int)
    case array
    case bytes
  }

  private struct Block {
    var kind: UInt64
    /// How many bits the number of an abbreviation has.
    var width: Int
    var abbreviations: [[Operand]]
  }

  private enum State {
    case element
    /// Numbers of an array or record that are left.
    case numbers(Operand, left: UInt64)
    case bytes(left: UInt64)
  }

  /// `BLOCKINFO_BLOCK_ID`, whose abbreviations are other blocks'.
  private static let infoKind: UInt64 = 0
  /// `BLOCKINFO_CODE_SETBID`
  private static let setKind: UInt64 = 1

  private var blocks: [Block] = []
  private var state = State.element
  /// Abbreviations that blocks of a kind begin with.
  private var given: [UInt64: [[Operand]]] = [:]
  private var givenCount = 0
  /// The kind of block that the information block speaks of.
  private var describedKind: UInt64?

  /// Whether every block that began has ended.
  var isComplete: Bool { blocks.isEmpty }

  /// Takes the next element, or some numbers of it; `false` at the end.
  mutating func step(
    _ numbers: inout some BitstreamNumbers
  ) throws(RecompressError) -> Bool {
    switch state {
    case .element: return try element(&numbers)
    case .numbers(let operand, let left):
      let count = min(left, UInt64(Self.stepLength))
      for _ in 0..<count { _ = try Self.number(operand, &numbers) }
      state = left > count ? .numbers(operand, left: left &- count) : .element
    case .bytes(let left):
      let count = min(left, UInt64(Self.stepLength))
      try numbers.bytes(Int(count))
      state = .bytes(left: left &- count)
      if left == count {
        try numbers.align()
        state = .element
      }
    }
    return true
  }

  private mutating func element(
    _ numbers: inout some BitstreamNumbers
  ) throws(RecompressError) -> Bool {
    if blocks.isEmpty, try numbers.isAtEnd() { return false }
    let number = try numbers.fixed(blocks.last?.width ?? 2)
    guard number == 1 || !blocks.isEmpty else { throw numbers.wrong }
    switch number {
    case 0:
      try numbers.align()
      blocks.removeLast()
    case 1: try enterBlock(&numbers)
    case 2: try defineAbbreviation(&numbers)
    case 3: try plainRecord(&numbers)
    default: try record(number &- 4, &numbers)
    }
    return true
  }

  private mutating func enterBlock(
    _ numbers: inout some BitstreamNumbers
  ) throws(RecompressError) {
    let kind = try numbers.grouped(8)
    let width = try numbers.grouped(4)
    try numbers.align()
    // The block's length in words, which follows from what is in it.
    _ = try numbers.fixed(32)
    guard (2...32).contains(width), blocks.count < Self.deepest else { throw numbers.wrong }
    blocks.append(Block(kind: kind, width: Int(width), abbreviations: given[kind] ?? []))
    describedKind = nil
  }

  /// `UNABBREV_RECORD`
  private mutating func plainRecord(
    _ numbers: inout some BitstreamNumbers
  ) throws(RecompressError) {
    let code = try numbers.grouped(6)
    var left = try numbers.grouped(6)
    if blocks.last?.kind == Self.infoKind, code == Self.setKind, left > 0 {
      describedKind = try numbers.grouped(6)
      left -= 1
    }
    if left > 0 { state = .numbers(.grouped(6), left: left) }
  }

  private mutating func record(
    _ index: UInt64, _ numbers: inout some BitstreamNumbers
  ) throws(RecompressError) {
    guard let block = blocks.last, block.kind != Self.infoKind,
      index < UInt64(block.abbreviations.count)
    else { throw numbers.wrong }
    let operands = block.abbreviations[Int(index)]
    for (index, operand) in operands.enumerated() {
      switch operand {
      case .literal: continue
      case .fixed, .grouped: _ = try Self.number(operand, &numbers)
      case .array:
        let left = try numbers.grouped(6)
        if left > 0 { state = .numbers(operands[index + 1], left: left) }
        return
      case .bytes:
        let left = try numbers.grouped(6)
        try numbers.align()
        if left > 0 { state = .bytes(left: left) }
      }
    }
  }

  private static func number(
    _ operand: Operand, _ numbers: inout some BitstreamNumbers
  ) throws(RecompressError) -> UInt64 {
    switch operand {
    case .fixed(let width): try numbers.fixed(width)
    case .grouped(let width): try numbers.grouped(width)
    case .literal, .array, .bytes: throw numbers.wrong
    }
  }

  // MARK: Abbreviations

  private mutating func defineAbbreviation(
    _ numbers: inout some BitstreamNumbers
  ) throws(RecompressError) {
    let count = try numbers.grouped(5)
    guard count > 0, count <= UInt64(Self.mostOperands) else { throw numbers.wrong }
    var operands: [Operand] = []
    for _ in 0..<count { operands.append(try Self.operand(&numbers)) }
    guard Self.isValid(operands) else { throw numbers.wrong }
    if blocks.last?.kind == Self.infoKind {
      guard let describedKind, givenCount < Self.mostAbbreviations else { throw numbers.wrong }
      givenCount += 1
      given[describedKind, default: []].append(operands)
    } else {
      let last = blocks.count - 1
      guard blocks[last].abbreviations.count < Self.mostAbbreviations else { throw numbers.wrong }
      blocks[last].abbreviations.append(operands)
    }
  }

  private static func operand(
    _ numbers: inout some BitstreamNumbers
  ) throws(RecompressError) -> Operand {
    if try numbers.fixed(1) == 1 {
      _ = try numbers.grouped(8)
      return .literal
    }
    switch try numbers.fixed(3) {
    case 1:
      let width = try numbers.grouped(5)
      guard width <= 32 else { throw numbers.wrong }
      return width == 0 ? .literal : .fixed(Int(width))
    case 2:
      let width = try numbers.grouped(5)
      guard width <= 32, width != 1 else { throw numbers.wrong }
      return width == 0 ? .literal : .grouped(Int(width))
    case 3: return .array
    // A letter, digit, dot or underscore.
    case 4: return .fixed(6)
    case 5: return .bytes
    default: throw numbers.wrong
    }
  }

  /// An array is last but for what it is of, bytes are last.
  private static func isValid(_ operands: [Operand]) -> Bool {
    for (index, operand) in operands.enumerated() {
      let left = operands.count - index - 1
      switch operand {
      case .fixed, .grouped, .literal: continue
      case .bytes: if left > 0 { return false }
      case .array:
        guard left == 1 else { return false }
        switch operands[index + 1] {
        case .fixed, .grouped: return true
        default: return false
        }
      }
    }
    return true
  }
}
