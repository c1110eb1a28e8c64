internal import Bytes

/// How long an x86-64 instruction is, and where its fields are.
///
/// Not a disassembler: what it takes for an instruction need not be one. It must be the same on
/// both sides, and it falls into step with the code within a few instructions.
struct X86Instruction {
  /// What its address field is.
  enum Reference { case none, jump, conditionalJump, memory, effectiveAddress }

  /// In bytes; 0: none that is known.
  private(set) var length = 0
  /// Where its fields are, counted from its start; 0: it has none.
  private(set) var referenceOffset = 0
  private(set) var reference = Reference.none
  /// A 32-bit immediate.
  private(set) var immediateOffset = 0
  /// A 32-bit displacement without `rip`.
  private(set) var displacementOffset = 0

  private enum Map { case twoByte, vectorTwoByte, threeByte38, threeByte3A, more, none }

  static let longestPrefix = 14

  /// Reads the instruction at `start`.
  ///
  /// - Parameters:
  ///   - end: Where code ends; inside `code`.
  ///   - table: ``X86OpcodeTable/oneByte``.
  @inline(__always)
  init(_ code: RawSpan, at start: Int, to end: Int, _ table: Span<UInt8>) {
    var at = start
    var isShort = false
    while at < end, table[Int(code[at])] == X86OpcodeTable.prefix {
      if code[at] == 0x66 { isShort = true }
      at &+= 1
      if at &- start > Self.longestPrefix { return }
    }
    guard at < end else { return }
    var isWide = false
    if code[at] & 0xf0 == 0x40 {
      isWide = code[at] & 8 != 0
      at &+= 1
      guard at < end else { return }
    }
    var opcode = code[at]
    at &+= 1
    var entry = table[Int(opcode)]
    // C4, C5, 62 and 0F are invalid in the table; after a REX, a prefix is, too.
    if entry >= X86OpcodeTable.prefix {
      guard let (map, wide) = Self.readMap(code, &at, end, &opcode) else { return }
      if let wide { isWide = wide }
      if map == .twoByte, opcode & 0xf0 == 0x80 {
        guard at &+ 4 <= end else { return }
        setJump(.conditionalJump, at, start)
        return
      }
      entry = Self.entry(opcode, map)
      guard entry != X86OpcodeTable.invalid else { return }
      finish(code, start, at, end, entry, table, isShort, isWide, isLEA: false)
      return
    }
    if entry == X86OpcodeTable.Immediate.jump {
      guard at &+ 4 <= end else { return }
      setJump(.jump, at, start)
      return
    }
    finish(code, start, at, end, entry, table, isShort, isWide, isLEA: opcode == 0x8d)
  }

  private mutating func setJump(_ kind: Reference, _ at: Int, _ start: Int) {
    reference = kind
    referenceOffset = at &- start
    length = referenceOffset &+ 4
  }

  /// ModRM, SIB, displacement and immediate.
  @inline(__always)
  private mutating func finish(
    _ code: RawSpan, _ start: Int, _ after: Int, _ end: Int, _ entry: UInt8, _ table: Span<UInt8>,
    _ isShort: Bool, _ isWide: Bool, isLEA: Bool
  ) {
    var at = after
    var immediate = Self.immediateLength(entry & X86OpcodeTable.immediateMask, isShort, isWide)
    if entry & X86OpcodeTable.modRM != 0 {
      guard at < end else { return }
      let modRM = code[at]
      at &+= 1
      if entry & X86OpcodeTable.test != 0, modRM &>> 3 & 7 >= 2 { immediate = 0 }
      let form = table[X86OpcodeTable.forms &+ Int(modRM)]
      if form & X86OpcodeTable.relative != 0 {
        guard at &+ 4 &+ immediate <= end else { return }
        referenceOffset = at &- start
        reference = isLEA ? .effectiveAddress : .memory
        at &+= 4
      } else {
        if form & X86OpcodeTable.scaled != 0 {
          guard at < end else { return }
          at &+= 1
          // No base.
          if modRM < 0x40, code[at &- 1] & 7 == 5 {
            displacementOffset = at &- start
            at &+= 4
          }
        }
        let displacement = Int(form & X86OpcodeTable.displacementMask)
        if displacement == 4 { displacementOffset = at &- start }
        at &+= displacement
      }
    }
    if immediate == 4 { immediateOffset = at &- start }
    at &+= immediate
    guard at <= end else { return }
    length = at &- start
  }

  @inline(__always)
  private static func immediateLength(_ code: UInt8, _ isShort: Bool, _ isWide: Bool) -> Int {
    switch code {
    case X86OpcodeTable.Immediate.none: 0
    case X86OpcodeTable.Immediate.byte: 1
    case X86OpcodeTable.Immediate.long: isShort ? 2 : 4
    case X86OpcodeTable.Immediate.word: 2
    case X86OpcodeTable.Immediate.enter: 3
    case X86OpcodeTable.Immediate.quad: 8
    default: isWide ? 8 : isShort ? 2 : 4
    }
  }

  /// Reads the rest of an escape or vector prefix, and the opcode after it.
  private static func readMap(
    _ code: RawSpan, _ at: inout Int, _ end: Int, _ opcode: inout UInt8
  ) -> (Map, wide: Bool?)? {
    var map = Map.none
    var wide: Bool?
    var skipped = 0
    switch opcode {
    case 0x0f:
      guard at < end else { return nil }
      map = code[at] == 0x38 ? .threeByte38 : code[at] == 0x3a ? .threeByte3A : .twoByte
      skipped = map == .twoByte ? 0 : 1
    case 0xc5:
      map = .vectorTwoByte
      skipped = 1
    case 0xc4:
      guard at &+ 1 < end else { return nil }
      map = Self.vectorMap(code[at] & 31)
      wide = code[at &+ 1] & 0x80 != 0
      skipped = 2
    case 0x62:
      guard at < end else { return nil }
      map = Self.vectorMap(code[at] & 7)
      skipped = 3
    default: return nil
    }
    guard at &+ skipped < end else { return nil }
    opcode = code[at &+ skipped]
    at &+= skipped &+ 1
    return (map, wide)
  }

  private static func vectorMap(_ number: UInt8) -> Map {
    switch number {
    case 1: .vectorTwoByte
    case 2: .threeByte38
    case 3: .threeByte3A
    case 5, 6: .more
    default: .none
    }
  }

  /// An entry as in the one-byte table for the other maps.
  private static func entry(_ opcode: UInt8, _ map: Map) -> UInt8 {
    switch map {
    case .twoByte:
      switch opcode {
      case 0x04, 0x0a, 0x0c: X86OpcodeTable.invalid
      case 0x05...0x09, 0x0b, 0x0e, 0x30...0x35, 0x37, 0x77, 0xa0...0xa2, 0xa8...0xaa,
        0xc8...0xcf:
        X86OpcodeTable.Immediate.none
      default: twoByte(opcode)
      }
    case .vectorTwoByte: opcode == 0x77 ? X86OpcodeTable.Immediate.none : twoByte(opcode)
    case .threeByte38, .more: X86OpcodeTable.modRM
    case .threeByte3A: X86OpcodeTable.modRM | X86OpcodeTable.Immediate.byte
    case .none: X86OpcodeTable.invalid
    }
  }

  private static func twoByte(_ opcode: UInt8) -> UInt8 {
    switch opcode {
    case 0x70...0x73, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6, 0x0f:
      X86OpcodeTable.modRM | X86OpcodeTable.Immediate.byte
    default: X86OpcodeTable.modRM
    }
  }
}
