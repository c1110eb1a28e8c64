internal import BinaryPatch
internal import Bytes

/// Tokens for numbers of BTF: those of a file's own types and strings say what these are; the
/// kernel's, which the file does not have, say nothing.
struct TypeTokens: ~Escapable {
  private let bytes: RawSpan
  private let bases: ProjectionKnowledge.Bases
  private let strings: Range<Int>
  /// Of each own type.
  private var tokens: [UInt32] = []

  /// A type is told by what it refers to, so many steps far.
  private static let rounds = 2

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ image: ElfImage) {
    self.bytes = bytes
    guard let types = BTFTypes(bytes, image), let bases = types.bases else {
      bases = .init(types: .max, strings: .max)
      strings = 0..<0
      return
    }
    self.bases = bases
    strings = types.strings
    for start in types.starts {
      tokens.append(
        Token.combine(
          types.kind(at: start), stringToken(bytes.load32(start)), bytes.load32(start &+ 4)))
    }
    for _ in 0..<Self.rounds {
      var next = tokens
      for (index, start) in types.starts.enumerated() {
        var token = tokens[index]
        types.forEachNumber(at: start) { isType, number in
          token = Token.combine(token, isType ? typeToken(number) : stringToken(number), 0)
        }
        next[index] = token
      }
      tokens = next
    }
  }

  /// The token of a field of BTF.
  func token(for field: Field) -> UInt32 {
    let number = UInt32(truncatingIfNeeded: field.target)
    return field.adjustment == 1 ? typeToken(number) : stringToken(number)
  }

  private func typeToken(_ number: UInt32) -> UInt32 {
    guard number >= bases.types, Int(number &- bases.types) < tokens.count else { return 0 }
    return tokens[Int(number &- bases.types)]
  }

  private func stringToken(_ number: UInt32) -> UInt32 {
    guard number >= bases.strings else { return 0 }
    return Token.name(
      bytes.string(
        at: Int(number &- bases.strings), in: strings, atMost: SymbolNames.longestName))
  }
}
