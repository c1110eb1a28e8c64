/// Predicts what a copied field will say in the new file.
package struct FieldPredictor: Sendable {
  package let map: AddressMap
  private let isRelocatable: Bool
  private let isKernel: Bool
  private let newSegments: ElfSegments
  private let kinds: UInt64
  package private(set) var numbers: NumberPredictor
  /// What it used of other files, and teaches.
  package var knowledge: ProjectionKnowledge
  /// The last relocated place of the copy: its old and its real new address, and whether that is
  /// what the map says.
  private var chain: (old: UInt64, new: UInt64, isMapped: Bool)?

  package init(
    map: AddressMap, old: ElfImage, tables: ResolvedTables,
    _ knowledge: consuming ProjectionKnowledge = .init()
  ) {
    self.map = map
    isRelocatable = old.isRelocatable
    isKernel = old.isKernel
    newSegments = tables.segments
    kinds = tables.kinds
    numbers = NumberPredictor(
      old: tables.oldBases, new: tables.newBases,
      strings: (old.btfStrings, old.btfStrings &+ tables.stringsShift),
      capacity: tables.numberCapacity)
    knowledge.oldBases = tables.oldBases
    knowledge.newBases = tables.newBases
    self.knowledge = knowledge
  }

  /// Forgets what holds within one copy only.
  package mutating func startCopy() { chain = nil }

  /// Whether a kind is predicted; if not, a field is copied like other bytes.
  @inline(__always)
  package func predicts(_ kind: FieldKind) -> Bool {
    kinds & ProjectionTables.bit(kind) != 0
  }

  /// The new address of the byte at an offset of the new file; all ones when it is in no segment.
  @inline(__always)
  package func newAddress(ofOffset offset: UInt64) -> UInt64 {
    newSegments.address(ofOffset: offset)
  }

  /// The value of a field in the new file; only as many low bytes count as it has.
  ///
  /// - Parameters:
  ///   - value: Its old value.
  ///   - newOffset: Where it is in the new file.
  package func predict(_ field: Field, _ value: UInt64, at newOffset: UInt64) -> UInt64 {
    switch field.kind {
    case .relative, .conditionalJump:
      return map.map(field.target)
        &- (newAddress(ofOffset: newOffset) &+ UInt64(field.adjustment))
    case .absolute64, .absolute32:
      return map.map(field.target)
    case .table32:
      let base = field.target &- Self.extended(value)
      return map.map(field.target) &- map.start(ofSection: Int(field.section), otherwise: base)
    case .table64:
      let adjustment = UInt64(field.adjustment)
      let base = field.target &- adjustment &- value
      return map.map(field.target) &- map.start(ofSection: Int(field.section), otherwise: base)
        &- adjustment
    case .name:
      return map.mapOffset(field.target) &- map.offset(ofSection: Int(field.section))
    case .index:
      return (map.mapOffset(field.target) &- map.offset(ofSection: Int(field.section))) / 24
    case .cie:
      return newAddress(ofOffset: newOffset) &- map.map(field.target)
    case .length32, .length64:
      return map.map(field.target &+ value &- 1) &+ 1 &- map.map(field.target)
    case .relative64:
      return map.map(field.target) &- newAddress(ofOffset: newOffset)
    case .symbolOffset:
      return map.map(field.target &+ 1 &+ Self.extended(value)) &- 1 &- map.map(field.target)
    case .symbolNumber:
      return predictNumber(field, value)
    case .relocation, .sectionRelocation:
      return predictRelocation(field, value)
    case .branch26, .branch19, .branch14, .address, .page, .pageOffset:
      return UInt64(
        predictInstruction(field, UInt32(truncatingIfNeeded: value), at: newOffset))
    case .btf, .checksum, .counter:
      return numbers.predict(field, value, map, knowledge)
    case .sectionPlace:
      return field.adjustment == 0
        ? map.offset(ofSection: Int(field.section))
        : map.start(ofSection: Int(field.section), otherwise: field.target)
    case .sectionLength:
      return map.mapOffset(field.target &+ value &- 1) &+ 1 &- map.mapOffset(field.target)
    }
  }

  private func predictNumber(_ field: Field, _ value: UInt64) -> UInt64 {
    let first = field.target &- 4 &* value.swapped24
    return ((map.mapOffset(field.target) &- map.mapOffset(first)) / 4).swapped24
  }

  private func predictRelocation(_ field: Field, _ value: UInt64) -> UInt64 {
    // Relocations are sorted: where the map is wrong once it is wrong again.
    let target: UInt64
    if let chain, !chain.isMapped {
      target = chain.new &+ (field.target &- chain.old)
    } else {
      target = map.map(field.target)
    }
    guard field.kind == .sectionRelocation else { return target }
    return target
      &- map.start(ofSection: Int(field.section), otherwise: field.target &- value)
  }

  private func predictInstruction(
    _ field: Field, _ word: UInt32, at newOffset: UInt64
  ) -> UInt32 {
    let target = map.map(field.target)
    let pc = newAddress(ofOffset: newOffset)
    let distance = UInt32(truncatingIfNeeded: (target &- pc) &>> 2)
    switch field.kind {
    case .branch26: return word & ~0x03ff_ffff | distance & 0x03ff_ffff
    case .branch19: return word & ~0x00ff_ffe0 | (distance & 0x7_ffff) &<< 5
    case .branch14: return word & ~0x0007_ffe0 | (distance & 0x3fff) &<< 5
    case .address: return word.settingPageImmediate(target &- pc)
    case .page: return word.settingPageImmediate(((target & ~0xfff) &- (pc & ~0xfff)) &>> 12)
    default:
      let bits = UInt32(truncatingIfNeeded: target & 0xfff) &>> UInt32(field.adjustment)
      return word & ~0x003f_fc00 | (bits & 0xfff) &<< 10
    }
  }

  /// Remembers what the next predictions depend on.
  ///
  /// - Parameter value: What the field really says in the new file.
  @inline(__always)
  package mutating func learn(_ field: Field, real value: UInt64, old: UInt64) {
    switch field.kind {
    case .relocation: chain = (field.target, value, map.map(field.target) == value)
    case .sectionRelocation:
      let base = map.start(ofSection: Int(field.section), otherwise: field.target &- old)
      let place = base &+ value
      chain = (field.target, place, map.map(field.target) == place)
    case .btf, .checksum, .counter: numbers.learn(field, real: value, map, &knowledge)
    default: break
    }
  }

  /// Whether ``learn(_:real:old:)`` does anything for a kind.
  @inline(__always)
  package static func learns(_ kind: FieldKind) -> Bool {
    kind == .relocation || kind == .sectionRelocation || kind.isNumber
  }

  @inline(__always)
  private static func extended(_ value: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
  }
}

extension UInt64 {
  /// Its low 24 bits with the bytes the other way round.
  @inline(__always) fileprivate var swapped24: UInt64 { (self &<< 40).byteSwapped }
}

extension UInt32 {
  /// The instruction with another immediate of `ADR` or `ADRP`.
  fileprivate func settingPageImmediate(_ value: UInt64) -> UInt32 {
    let bits = UInt32(truncatingIfNeeded: value)
    return self & ~0x60ff_ffe0 | (bits & 3) &<< 29 | (bits &>> 2 & 0x7_ffff) &<< 5
  }
}

extension FieldPredictor {
  /// Where a field with a value points in the new file: the inverse of prediction, for making
  /// hints; `nil` when its value does not say.
  package func target(
    of field: Field, _ value: UInt64, at newOffset: UInt64, old: UInt64
  ) -> UInt64? {
    let pc = newAddress(ofOffset: newOffset)
    let word = UInt32(truncatingIfNeeded: value)
    switch field.kind {
    case .relative, .conditionalJump:
      return pc &+ UInt64(field.adjustment) &+ Self.extended(value)
    case .absolute64: return value
    case .absolute32: return isKernel ? Self.extended(value) : value
    case .relative64: return pc &+ value
    case .symbolOffset:
      return map.map(field.target &+ 1 &+ Self.extended(old)) &- 1 &- Self.extended(value)
    case .table32:
      let base = field.target &- Self.extended(old)
      return map.start(ofSection: Int(field.section), otherwise: base) &+ Self.extended(value)
    case .table64:
      let base = field.target &- UInt64(field.adjustment) &- old
      return map.start(ofSection: Int(field.section), otherwise: base) &+ value
        &+ UInt64(field.adjustment)
    case .index:
      return map.offset(ofSection: Int(field.section)) &+ 24 &* value
    case .cie: return pc &- value
    case .branch26: return pc &+ word.signed(from: 0, count: 26) &* 4
    case .branch19: return pc &+ word.signed(from: 5, count: 19) &* 4
    case .branch14: return pc &+ word.signed(from: 5, count: 14) &* 4
    case .address: return pc &+ word.pageImmediate
    default: return nil
    }
  }
}
