/// Predicts numbers that say nothing of places: those of BTF, and checksums of symbols.
///
/// What is a file's own is learned within the file; all else belongs to ``ProjectionKnowledge``.
package struct NumberPredictor: Sendable {
  private let old: ProjectionKnowledge.Bases
  private let new: ProjectionKnowledge.Bases
  /// Where the strings of BTF start in the old file, and in the new.
  package let strings: (old: UInt64, new: UInt64)
  /// The file's own types, counted from its first.
  private var types: LearnedMap
  /// The file's own strings that did not go where the map says.
  private var strayStrings: LearnedMap
  /// The file's own counters.
  private var counters: LearnedMap

  /// So many strings may have gone elsewhere.
  static let mostStrayStrings = 16 << 10

  /// - Parameter capacity: How many numbers of each kind may be learned.
  package init(
    old: ProjectionKnowledge.Bases, new: ProjectionKnowledge.Bases,
    strings: (old: UInt64, new: UInt64), capacity: Int
  ) {
    types = LearnedMap(capacity: capacity)
    strayStrings = LearnedMap(capacity: min(capacity, Self.mostStrayStrings))
    counters = LearnedMap(capacity: capacity)
    self.old = old
    self.new = new
    self.strings = strings
    types.learn(0, 0)
  }

  /// The new number for that of a field.
  ///
  /// - Parameter value: What it says in the old file.
  package func predict(
    _ field: Field, _ value: UInt64, _ map: AddressMap, _ knowledge: ProjectionKnowledge
  ) -> UInt64 {
    let number = UInt32(truncatingIfNeeded: field.target)
    if field.kind == .checksum {
      return UInt64(knowledge.checksums.exact(number) ?? number)
    }
    if field.kind == .counter {
      let moved = counters.nearest(number) ?? knowledge.counters.nearest(number) ?? number
      return UInt64(
        Counter.bytes(
          UInt32(truncatingIfNeeded: value), digits: Int(field.adjustment), number: moved))
    }
    if field.isType {
      guard number >= old.types else {
        return UInt64(knowledge.types.nearest(number) ?? number)
      }
      let own = number &- old.types
      return UInt64(
        new.types &+ (types.exact(own) ?? map.mapType(own) ?? types.nearest(own) ?? own))
    }
    guard number >= old.strings else {
      return UInt64(knowledge.strings.nearest(number) ?? number)
    }
    let own = number &- old.strings
    return UInt64(strayStrings.exact(own).map { new.strings &+ $0 } ?? mapString(own, map))
  }

  /// Where one of the file's own strings is in new, as copies tell.
  private func mapString(_ own: UInt32, _ map: AddressMap) -> UInt32 {
    let place = map.mapOffset(strings.old &+ UInt64(own)) &- strings.new
    return new.strings &+ UInt32(truncatingIfNeeded: place)
  }

  /// Remembers what a field really says in the new file.
  package mutating func learn(
    _ field: Field, real value: UInt64, _ map: AddressMap,
    _ knowledge: inout ProjectionKnowledge
  ) {
    let number = UInt32(truncatingIfNeeded: field.target)
    let real = UInt32(truncatingIfNeeded: value)
    if field.kind == .checksum {
      knowledge.checksums.learn(number, real)
    } else if field.kind == .counter {
      guard let real = Counter.number(real, digits: Int(field.adjustment)) else { return }
      counters.learn(number, real)
      knowledge.counters.learn(number, real)
    } else if !field.isType {
      let own = number &- old.strings
      if number < old.strings {
        knowledge.strings.learn(number, real)
      } else if strayStrings.exact(own) != nil || mapString(own, map) != real {
        strayStrings.learn(own, real &- new.strings)
      }
    } else if number < old.types {
      knowledge.types.learn(number, real)
    } else {
      types.learn(number &- old.types, real &- new.types)
    }
  }
}

extension Field {
  /// Of a field of BTF: whether it is a type, or an offset into strings.
  @inline(__always)
  fileprivate var isType: Bool { adjustment == 1 }
}
