public import UpdateFile

/// Where an expansion can begin: at the start of one of a payload's sections.
public struct ExpansionCut: Hashable, Sendable {
  /// The first section that is not expanded yet.
  public var section: Int
  /// What the commands before have left that those behind may need, as bytes.
  public var knowledge: [UInt8]

  /// A cut. What stands before it was expanded from the same update, and found to be what was signed.
  public init(section: Int, knowledge: [UInt8] = []) {
    self.section = section
    self.knowledge = knowledge
  }

  /// The payload's start.
  public static let start = ExpansionCut(section: 0)
}

extension Manifest.Payload {
  /// How many bytes of the plain stream lie before a section.
  public func plainLength(before section: Int) -> UInt64 {
    // The lengths of a consistent payload add up without overflow.
    cuts.prefix(section).reduce(0) { $0 &+ $1.plainLength }
  }
}

extension ParentIdentity {
  /// The parent as an update's SNAPSHOT names it.
  init(_ parent: Manifest.Parent) {
    self.init(uuid: parent.uuid, ctransid: parent.ctransid)
  }
}
