internal import BinaryPatch
internal import Bytes

/// Finds the old addresses whose new ones no copy tells, or tells wrong: objects without bytes, and
/// blocks that were copied from somewhere else.
struct HintFinder {
  /// A hint must put so many fields right.
  static let leastFields = 5
  /// A hint changes what its neighbours are predicted from: then there may be more to say.
  static let rounds = 3

  /// A target that fields inside copies have, and where most of them say that it went.
  private struct Target {
    let old: UInt64
    let new: UInt64
    var isHinted = false
    var shift: UInt64 { new &- old }

    func moved(with other: Target) -> Bool {
      shift == other.shift && old &>> 60 == other.old &>> 60
    }
  }

  private struct Vote: Comparable {
    let old: UInt64
    let new: UInt64

    static func < (one: Vote, other: Vote) -> Bool {
      (one.old, one.new) < (other.old, other.new)
    }
  }

  /// Targets that are so far from each other may be in different sections.
  private static let farApart: UInt64 = 4096

  private let oldImage: ElfImage
  private let newImage: ElfImage
  private var newFields: FieldFinder
  private var targets: [Target] = []

  /// Hints that make `makePredictor` better, sorted and disjoint.
  static func find(
    _ projector: borrowing CopyProjector, oldImage: ElfImage, newFile: MaskedFile,
    _ makePredictor: ([MapPiece]) -> FieldPredictor?
  ) -> [MapPiece] {
    var finder = HintFinder(oldImage, newFile)
    var hints: [MapPiece] = []
    for round in 0..<rounds {
      guard let predictor = makePredictor(hints) else { return [] }
      let wrong = finder.collect(projector, predictor, countsAll: round == 0)
      guard finder.mark(wrong) else { break }
      hints = finder.hints
    }
    return hints
  }

  private init(_ oldImage: ElfImage, _ newFile: MaskedFile) {
    self.oldImage = oldImage
    newImage = newFile.image
    newFields = FieldFinder(newFile.scanner)
  }

  /// The votes of fields that are predicted wrong; and, the first time, the targets of all.
  private mutating func collect(
    _ projector: borrowing CopyProjector, _ predictor: FieldPredictor, countsAll: Bool
  ) -> [Vote] {
    var all: [Vote] = []
    var wrong: [Vote] = []
    projector.forEachField(predictor) { field, newOffset, predicted, real, old in
      guard countsAll || predicted != real,
        let target = newTarget(of: field, newOffset, real, old, predictor, projector.new)
      else { return }
      let vote = Vote(old: field.target, new: target)
      if countsAll { all.append(vote) }
      if predicted != real { wrong.append(vote) }
    }
    if countsAll {
      all.sort()
      targets = Self.majorities(all)
    }
    wrong.sort()
    return wrong
  }

  /// Where a field of the new file really points.
  private mutating func newTarget(
    of field: Field, _ newOffset: Int, _ real: UInt64, _ old: UInt64, _ predictor: FieldPredictor,
    _ new: RawSpan
  ) -> UInt64? {
    switch field.kind {
    case .length32, .length64, .relocation, .sectionRelocation, .name: return nil
    case .btf, .checksum, .counter, .sectionPlace, .sectionLength, .symbolNumber: return nil
    case .index where !newImage.isRelocatable: return nil
    default: break
    }
    let found = newFields.field(at: newOffset, in: new)
    var target: UInt64?
    if let found, found.kind == field.kind, found.kind != .page || found.adjustment != 0 {
      target = found.target
    } else {
      target = predictor.target(of: field, real, at: UInt64(newOffset), old: old)
    }
    guard let target, newImage.segments.contains(target) else { return nil }
    return target
  }

  /// For each old target, the new one that most votes are for.
  private static func majorities(_ votes: [Vote]) -> [Target] {
    var targets: [Target] = []
    var best = 0
    var at = 0
    while at < votes.count {
      let vote = votes[at]
      var end = at
      while end < votes.count, votes[end] == vote { end &+= 1 }
      if let last = targets.last, last.old == vote.old {
        if end &- at > best { targets[targets.count &- 1] = Target(old: vote.old, new: vote.new) }
        best = max(best, end &- at)
      } else {
        targets.append(Target(old: vote.old, new: vote.new))
        best = end &- at
      }
      at = end
    }
    return targets
  }

  /// Marks the targets in runs with enough wrong fields; says whether there are more than before.
  private mutating func mark(_ wrong: [Vote]) -> Bool {
    var counts = [Int](repeating: 0, count: targets.count)
    var next = 0
    for vote in wrong {
      while next < targets.count, targets[next].old < vote.old { next &+= 1 }
      if next < targets.count, targets[next].old == vote.old, targets[next].new == vote.new {
        counts[next] &+= 1
      }
    }
    var hasMore = false
    var start = 0
    while start < targets.count {
      var end = start
      while end < targets.count, targets[end].moved(with: targets[start]),
        end == start || areNeighbours(targets[end &- 1], targets[end])
      {
        end &+= 1
      }
      let wrongOnes = (start..<end).filter { counts[$0] > 0 }
      let weight = wrongOnes.reduce(0) { $0 + counts[$1] }
      if weight >= Self.leastFields, let first = wrongOnes.first, let last = wrongOnes.last {
        for index in first...last where !targets[index].isHinted {
          targets[index].isHinted = true
          hasMore = true
        }
      }
      start = end
    }
    return hasMore
  }

  /// Whether a hint may have both: what is between has no target, and copies may know better where it
  /// went; of one section, it probably went with them.
  private func areNeighbours(_ one: Target, _ other: Target) -> Bool {
    other.old &- one.old <= Self.farApart
      || oldImage.section(at: one.old) == oldImage.section(at: other.old)
  }

  /// Marked targets that follow each other and moved together.
  private var hints: [MapPiece] {
    var hints: [MapPiece] = []
    var previous: Target?
    for target in targets {
      defer { previous = target }
      guard target.isHinted else { continue }
      if let previous, previous.isHinted, target.moved(with: previous),
        areNeighbours(previous, target), let last = hints.last
      {
        hints[hints.count &- 1].count = target.old &- last.old &+ 1
      } else {
        hints.append(MapPiece(old: target.old, new: target.new, count: 1))
      }
    }
    return hints
  }
}
