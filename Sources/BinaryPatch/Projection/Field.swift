/// How a field says where it points.
///
/// The raw values are bits in the patch's mask of kinds.
package enum FieldKind: UInt8, CaseIterable, Sendable {
  /// 32 bits, target − address of the field − adjustment: calls, jumps, `[rip + n]`, eh_frame.
  case relative = 0
  /// The same in a conditional jump.
  case conditionalJump = 1
  /// The target's address, 64 bits.
  case absolute64 = 2
  /// The target's address, 32 bits.
  case absolute32 = 3
  /// 32 bits, target − base: jump tables, eh_frame_hdr.
  case table32 = 4
  /// 64 bits, target − base − adjustment: in relocatable files.
  case table64 = 5
  /// 32 bits: offset into a string table.
  case name = 6
  /// 32 bits: number of a 24-byte record of a table.
  case index = 7
  /// 32 bits, address of the field − target: from an FDE to its CIE.
  case cie = 8
  /// 32 bits: the length of the function that the field before it points at.
  case length32 = 9
  /// 64 bits: the length of a symbol.
  case length64 = 10
  /// 64 bits, the place that a relocation changes.
  case relocation = 11
  /// The same relative to a section's start.
  case sectionRelocation = 12
  /// AArch64 `B`, `BL`.
  case branch26 = 13
  /// AArch64 `B.cond`, `CBZ`, `CBNZ`.
  case branch19 = 14
  /// AArch64 `TBZ`, `TBNZ`.
  case branch14 = 15
  /// AArch64 `ADR`.
  case address = 16
  /// AArch64 `ADRP`.
  case page = 17
  /// AArch64 `ADD`, loads and stores after an `ADRP`: the low 12 bits.
  case pageOffset = 18
  /// 32 bits: a BTF type id, or an offset into BTF's strings.
  case btf = 19
  /// 32 bits: the checksum of an exported symbol of the kernel.
  case checksum = 20
  /// 64 bits: the offset, or with adjustment 1 the address, of the section, in its header.
  case sectionPlace = 21
  /// 64 bits: the length of a section, in its header.
  case sectionLength = 22
  /// 32 bits: the last four bytes of a name, of which the last are a decimal number.
  case counter = 23
  /// 32 bits, base − 1 − target: the address of a symbol in the kernel's own table.
  case symbolOffset = 24
  /// 24 bits, the highest first: the number of a symbol of that table.
  case symbolNumber = 25
  /// 64 bits, target − address of the field.
  case relative64 = 26

  /// Whether a ``NumberPredictor`` predicts it.
  @inline(__always) package var isNumber: Bool {
    self == .btf || self == .checksum || self == .counter
  }

  /// The bits of a number that has as many bytes as the field.
  @inline(__always) package var mask: UInt64 { UInt64.max &>> UInt64(64 &- 8 &* byteCount) }

  /// How many bytes the field has.
  @inline(__always) package var byteCount: Int {
    switch self {
    case .absolute64, .table64, .length64, .relocation, .sectionRelocation, .sectionPlace,
      .sectionLength, .relative64:
      8
    case .symbolNumber: 3
    default: 4
    }
  }
}

/// A place in an old file that depends on where something else is.
package struct Field: Equatable, Sendable {
  package var offset: UInt32
  package var kind: FieldKind
  /// A small constant; what it means depends on the kind.
  package var adjustment: UInt8
  /// The section whose start is the base; 0: none.
  package var section: UInt16
  /// What the field points at.
  package var target: UInt64

  /// A field.
  package init(
    offset: UInt32, kind: FieldKind, adjustment: UInt8, section: UInt16, target: UInt64
  ) {
    self.offset = offset
    self.kind = kind
    self.adjustment = adjustment
    self.section = section
    self.target = target
  }

  /// Whether it is predicted by a ``NumberPredictor``.
  @inline(__always) package var isNumber: Bool { kind.isNumber }
  @inline(__always) package var start: Int { Int(offset) }
  @inline(__always) package var end: Int { Int(offset) &+ kind.byteCount }
}
