internal import Bytes

/// What patches of kind ``PatchKind/projected`` taught about things that change alike in many files:
/// the modules of a kernel refer to the same types and the same exported symbols.
///
/// Such patches are applied in the order in which they were made, each with what the ones before
/// have left: see ``PatchApplier/takeKnowledge()``. It has at most ``maximumMemory`` bytes.
public struct ProjectionKnowledge: Equatable, Sendable {
  /// The most memory that it takes, in bytes; of counters there are not as many, as of four digits.
  public static let maximumMemory = LearnedMap.maximumMemory * 3 + (1 << 20)

  /// Where a file's own numbers of BTF start: those below are another file's, the kernel's.
  package struct Bases: Equatable, Sendable {
    /// The first type of its own.
    package var types: UInt32 = 0
    /// The first offset among strings of its own.
    package var strings: UInt32 = 0

    package init(types: UInt32 = 0, strings: UInt32 = 0) {
      self.types = types
      self.strings = strings
    }

    /// These as differences, put to what they differ from.
    func added(to other: Bases) -> Bases {
      Bases(types: other.types &+ types, strings: other.strings &+ strings)
    }

    /// These as differences from others.
    package func subtracting(_ other: Bases) -> Bases {
      Bases(types: types &- other.types, strings: strings &- other.strings)
    }
  }

  /// The last file's, old and new.
  package var oldBases = Bases()
  package var newBases = Bases()
  /// Types that are not a file's own.
  package var types = LearnedMap()
  /// Strings that are not a file's own.
  package var strings = LearnedMap()
  /// Checksums of exported symbols.
  package var checksums = LearnedMap()
  /// Counters in names.
  package var counters = LearnedMap()

  /// None yet.
  public init() {}

  /// None yet, of a patch that keeps it for itself.
  package init(of tables: ProjectionTables) {
    types = LearnedMap(capacity: tables.numberCapacity)
    strings = types
    checksums = types
    counters = types
  }

  /// All of it as bytes, for going on later.
  public var encoded: [UInt8] {
    var out: [UInt8] = []
    for base in [oldBases, newBases] {
      out.append(varint: UInt64(base.types))
      out.append(varint: UInt64(base.strings))
    }
    for map in [types, strings, checksums, counters] { map.append(to: &out) }
    return out
  }

  /// Reads what ``encoded`` wrote; `nil`: it is something else.
  public init?(parsing bytes: RawSpan) {
    var cursor = ByteCursor(bytes)
    guard let oldBases = Bases(&cursor), let newBases = Bases(&cursor),
      let types = LearnedMap(&cursor), let strings = LearnedMap(&cursor),
      let checksums = LearnedMap(&cursor), let counters = LearnedMap(&cursor), cursor.isAtEnd
    else { return nil }
    self.oldBases = oldBases
    self.newBases = newBases
    self.types = types
    self.strings = strings
    self.checksums = checksums
    self.counters = counters
  }
}

extension ProjectionKnowledge.Bases {
  fileprivate init?(_ cursor: inout ByteCursor) {
    guard let types = cursor.readVarint().flatMap({ UInt32(exactly: $0) }),
      let strings = cursor.readVarint().flatMap({ UInt32(exactly: $0) })
    else { return nil }
    self.init(types: types, strings: strings)
  }
}
