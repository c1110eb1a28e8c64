/// What follows each opcode of x86-64's one-byte map.
enum X86OpcodeTable {
  /// An immediate operand, in the low bits of an entry.
  enum Immediate {
    static let none: UInt8 = 0
    static let byte: UInt8 = 1
    /// Four bytes; two after an operand-size prefix.
    static let long: UInt8 = 2
    static let word: UInt8 = 3
    /// `ENTER`: a word and a byte.
    static let enter: UInt8 = 4
    static let quad: UInt8 = 5
    /// Eight bytes with `REX.W`, else as ``long``.
    static let full: UInt8 = 6
    /// `E8`, `E9`.
    static let jump: UInt8 = 7
  }
  static let immediateMask: UInt8 = 7
  /// A ModRM byte follows.
  static let modRM: UInt8 = 8
  /// The immediate is there only when ModRM's register is below 2: `F6`, `F7`.
  static let test: UInt8 = 16
  /// No opcode, but what may come before one. These and invalid ones are at the end of the order.
  static let prefix: UInt8 = 64
  static let invalid: UInt8 = 128

  /// An entry for each opcode; from ``forms`` on, a form for each ModRM byte.
  static let oneByte: [UInt8] = (0...255).map(entry) + (0...255).map(form)

  /// What follows a ModRM byte: where it is in ``oneByte``.
  static let forms = 256
  /// In a form, how many bytes of displacement there are.
  static let displacementMask: UInt8 = 7
  /// A SIB byte follows, and may ask for a displacement of its own.
  static let scaled: UInt8 = 8
  /// Four bytes relative to the instruction's end follow.
  static let relative: UInt8 = 16

  private static func form(_ modRM: UInt8) -> UInt8 {
    let mode = modRM >> 6
    let displacement: UInt8 = mode == 1 ? 1 : mode == 2 ? 4 : 0
    if mode == 3 { return 0 }
    if modRM & 7 == 4 { return scaled | displacement }
    return mode == 0 && modRM & 7 == 5 ? relative : displacement
  }

  private static func entry(_ opcode: UInt8) -> UInt8 {
    switch opcode {
    case 0x26, 0x2e, 0x36, 0x3e, 0x64...0x67, 0xf0, 0xf2, 0xf3: prefix
    case 0x00...0x3f:
      switch opcode & 7 {
      case 0...3: modRM
      case 4: Immediate.byte
      case 5: Immediate.long
      default: invalid
      }
    case 0x40...0x5f, 0x6c...0x6f, 0xa4...0xa7, 0xaa...0xaf, 0xc3, 0xc9, 0xcb, 0xcc, 0xcf, 0xd7,
      0xec...0xef, 0xf1, 0xf4, 0xf5, 0xf8...0xfd:
      Immediate.none
    case 0x9a: invalid
    case 0x90...0x9f: Immediate.none
    case 0x63, 0x84...0x8f, 0xd0...0xd3, 0xd8...0xdf, 0xfe, 0xff: modRM
    case 0x68, 0xa9: Immediate.long
    case 0x69, 0x81, 0xc7: modRM | Immediate.long
    case 0x6a, 0x70...0x7f, 0xa8, 0xb0...0xb7, 0xcd, 0xe0...0xe7, 0xeb: Immediate.byte
    case 0x6b, 0x80, 0x83, 0xc0, 0xc1, 0xc6: modRM | Immediate.byte
    case 0xa0...0xa3: Immediate.quad
    case 0xb8...0xbf: Immediate.full
    case 0xc2, 0xca: Immediate.word
    case 0xc8: Immediate.enter
    case 0xe8, 0xe9: Immediate.jump
    case 0xf6: modRM | test | Immediate.byte
    case 0xf7: modRM | test | Immediate.long
    default: invalid
    }
  }
}
