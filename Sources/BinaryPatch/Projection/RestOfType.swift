internal import Bytes

/// Where in a type of BTF a parser is: before its head, or among what follows it.
package struct RestOfType {
  /// What a number is of.
  package enum Domain { case name, type }

  private var kind: UInt32 = 0
  /// How many entries follow; 0: a head comes next.
  private var left = 0

  package init() {}

  /// Whether a head comes next.
  package var isAtHead: Bool { left == 0 }

  init(packed: UInt64) {
    kind = UInt32(truncatingIfNeeded: packed &>> 32)
    left = Int(packed & 0xffff_ffff)
  }

  /// The same as a number.
  var packed: UInt64 { UInt64(kind) &<< 32 | UInt64(left) }

  /// Reads a head or an entry, and tells where it has numbers; gives where the next one is, `nil`:
  /// this one is unknown, or its type cut off.
  @inline(__always)
  package mutating func step(
    _ view: borrowing WindowView, at: Int, to end: Int, _ body: (Domain, Int) -> Void
  ) -> Int? {
    guard left > 0 else { return readHead(view, at: at, to: end, body) }
    left &-= 1
    switch kind {
    // ARRAY
    case 3:
      body(.type, at)
      body(.type, at &+ 4)
      return at &+ 12
    // STRUCT, UNION
    case 4, 5:
      body(.name, at)
      body(.type, at &+ 4)
      return at &+ 12
    // FUNC_PROTO
    case 13:
      body(.name, at)
      body(.type, at &+ 4)
      return at &+ 8
    // ENUM
    case 6:
      body(.name, at)
      return at &+ 8
    // ENUM64
    case 19:
      body(.name, at)
      return at &+ 12
    // DATASEC
    default:
      body(.type, at)
      return at &+ 12
    }
  }

  /// A head (`struct btf_type`).
  private mutating func readHead(
    _ view: borrowing WindowView, at: Int, to end: Int, _ body: (Domain, Int) -> Void
  ) -> Int? {
    guard at &+ 12 <= end else { return nil }
    let info = view.load32(at &+ 4)
    let count = Int(info & 0xffff)
    kind = info &>> 24 & 31
    var tail = at &+ 12
    switch kind {
    // INT, VAR, DECL_TAG: a number that is none
    case 1, 14, 17: tail &+= 4
    // PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FLOAT, TYPE_TAG
    case 2, 7...12, 16, 18: break
    case 3: left = 1
    case 4, 5, 6, 13, 15, 19: left = count
    default: return nil
    }
    let size = kind == 6 || kind == 13 ? 8 : 12
    guard tail &+ left &* size <= end else { return nil }
    body(.name, at)
    switch kind {
    case 2, 7...14, 17, 18: body(.type, at &+ 8)
    default: break
    }
    return tail
  }
}
