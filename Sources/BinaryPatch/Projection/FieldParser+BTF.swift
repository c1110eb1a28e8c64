internal import Bytes

extension FieldParser {
  /// `.BTF`: numbers of types, and offsets into its strings.
  mutating func parseBTF() {
    for index in sections(where: { $0.isNamed(".BTF") }) {
      let range = image.sections[index].range
      guard spend(range.count) else { return }
      // struct btf_header; offsets count from its end.
      guard range.count >= 24, bytes.load16(range.lowerBound) == 0xeb9f else { continue }
      let start =
        range.lowerBound &+ Int(bytes.load32(range.lowerBound &+ 4))
        &+ Int(bytes.load32(range.lowerBound &+ 8))
      let end = start &+ Int(bytes.load32(range.lowerBound &+ 12))
      var at = start
      while at &+ 12 <= min(end, range.upperBound) {
        guard let next = parseType(at: at, to: range.upperBound) else { break }
        at = next
      }
    }
  }

  /// One type (`struct btf_type`); gives where the next is, `nil`: unknown, or cut off.
  private mutating func parseType(at: Int, to end: Int) -> Int? {
    let info = bytes.load32(at &+ 4)
    let count = Int(info & 0xffff)
    let kind = info &>> 24 & 31
    let tail = at &+ 12
    guard let layout = Self.tail(of: kind) else { return nil }
    let size = layout.repeats ? layout.size &* count : layout.size
    guard tail &+ size <= end else { return nil }
    appendBTF(.name, at: at)
    if Self.refersToType(kind) { appendBTF(.type, at: at &+ 8) }
    guard layout.size > 0 else { return tail }
    for entry in stride(from: tail, to: tail &+ size, by: layout.size) {
      for (offset, domain) in layout.fields { appendBTF(domain, at: entry &+ offset) }
    }
    return tail &+ size
  }

  package enum BTFDomain { case name, type }

  private mutating func appendBTF(_ domain: BTFDomain, at: Int) {
    let number = UInt64(bytes.load32(at))
    guard number != 0 else { return }
    list.append(.btf, at: at, target: number, adjustment: domain == .name ? 0 : 1)
  }

  /// Whether `size_or_type` is a type.
  package static func refersToType(_ kind: UInt32) -> Bool {
    switch kind {
    // PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DECL_TAG, TYPE_TAG
    case 2, 7...14, 17, 18: true
    default: false
    }
  }

  /// What follows a type of a kind: how long it is, whether `vlen` times, and its numbers.
  package static func tail(
    of kind: UInt32
  ) -> (size: Int, repeats: Bool, fields: [(Int, BTFDomain)])? {
    switch kind {
    // INT, VAR, DECL_TAG
    case 1, 14, 17: (4, false, [])
    // PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FLOAT, TYPE_TAG
    case 2, 7...12, 16, 18: (0, false, [])
    // ARRAY
    case 3: (12, false, [(0, .type), (4, .type)])
    // STRUCT, UNION
    case 4, 5: (12, true, [(0, .name), (4, .type)])
    // ENUM
    case 6: (8, true, [(0, .name)])
    // FUNC_PROTO
    case 13: (8, true, [(0, .name), (4, .type)])
    // DATASEC
    case 15: (12, true, [(0, .type)])
    // ENUM64
    case 19: (12, true, [(0, .name)])
    default: nil
    }
  }
}
