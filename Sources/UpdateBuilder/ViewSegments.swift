internal import Recompress

/// Which part of a new view is made of which part of an old one.
///
/// Programs that were compressed are paired, the first with the first and so on, so that each is
/// predicted from the other; what is between them is made of what is between their likes.
struct ViewSegments {
  /// A pair of ranges.
  struct Pair: Equatable {
    var new: Range<Int>
    var old: Range<Int>
    /// Whether both are programs.
    var isProgram: Bool
  }

  private(set) var pairs: [Pair] = []

  /// Pairs the parts of two views.
  init(
    new: [UInt8], _ newLayout: FileLayout?, old: [UInt8], _ oldLayout: FileLayout?
  ) {
    let fresh = Self.programs(in: new, newLayout)
    let former = Self.programs(in: old, oldLayout)
    var (newEnd, oldEnd) = (0, 0)
    for (one, other) in zip(fresh, former) {
      add(newEnd..<one.lowerBound, oldEnd..<other.lowerBound)
      pairs.append(Pair(new: one, old: other, isProgram: true))
      (newEnd, oldEnd) = (one.upperBound, other.upperBound)
    }
    add(newEnd..<new.count, oldEnd..<old.count)
    if pairs.isEmpty { pairs = [Pair(new: 0..<0, old: 0..<0, isProgram: false)] }
  }

  private mutating func add(_ new: Range<Int>, _ old: Range<Int>) {
    if !new.isEmpty { pairs.append(Pair(new: new, old: old, isProgram: false)) }
  }

  /// The programs that a view has from the start to the end of a region, or that it is.
  private static func programs(in view: [UInt8], _ layout: FileLayout?) -> [Range<Int>] {
    guard let layout else { return view.isProgram(at: 0) ? [0..<view.count] : [] }
    var programs: [Range<Int>] = []
    layout.visitingRegions { region, start in
      guard view.isProgram(at: start) else { return }
      programs.append(Int(start)..<Int(start + region.viewLength))
      region.inner = []
    }
    return programs
  }
}
