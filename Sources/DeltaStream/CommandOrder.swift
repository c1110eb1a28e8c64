internal import SendStream

/// The order in which a delta stream has its commands: MANIFEST, its SIGNATUREs, one SUBVOL or
/// SNAPSHOT, what is done in it, END.
struct CommandOrder {
  /// What the commands so far allow to come next.
  private enum Place {
    case start
    case signatures
    case subvolume
    case commands(hasParent: Bool)
    case nothing
  }

  private var place: Place
  /// Whether there has to be a parent; `nil` where the stream itself says so.
  private let hasParent: Bool?

  /// The order from a stream's start on.
  init() {
    place = .start
    hasParent = nil
  }

  /// The order behind a head that was read already.
  init(behindHeadOfUpdateWithParent hasParent: Bool) {
    place = .subvolume
    self.hasParent = hasParent
  }

  /// The order at a cut of an update, with the subvolume and maybe more behind it.
  init(insideUpdateWithParent hasParent: Bool) {
    place = .commands(hasParent: hasParent)
    self.hasParent = hasParent
  }

  /// Takes a command; throws where it has no place.
  mutating func add(_ frame: borrowing Frame) throws(DeltaStreamError) {
    switch (frame.kind, place) {
    case (.manifest, .start): place = .signatures
    case (.signature, .signatures): break
    case (.subvolume, .start), (.subvolume, .signatures), (.subvolume, .subvolume):
      try begin(frame, hasParent: false)
    case (.snapshot, .start), (.snapshot, .signatures), (.snapshot, .subvolume):
      try begin(frame, hasParent: true)
    case (.subvolume, _), (.snapshot, _): throw .severalSubvolumes(offset: frame.offset)
    case (.patch, .commands): break
    case (.end, .commands): place = .nothing
    case (let kind, .commands) where !kind.isExtension: break
    default: throw .unexpectedCommand(frame.kind, offset: frame.offset)
    }
  }

  /// Throws where a PATCH has something of a parent, and there is none.
  func requireParent(_ attribute: AttributeKind, at offset: UInt64) throws(DeltaStreamError) {
    guard case .commands(hasParent: true) = place else {
      throw .malformedPatch(attribute, offset: offset)
    }
  }

  private mutating func begin(
    _ frame: borrowing Frame, hasParent: Bool
  ) throws(DeltaStreamError) {
    guard self.hasParent == nil || self.hasParent == hasParent else {
      throw .unexpectedCommand(frame.kind, offset: frame.offset)
    }
    place = .commands(hasParent: hasParent)
  }
}
