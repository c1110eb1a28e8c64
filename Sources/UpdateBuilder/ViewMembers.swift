internal import Bytes
internal import DeltaStream
internal import Recompress

/// What of a view is in files that the same update has made before: the modules that an initial RAM
/// disk repeats.
struct ViewMembers {
  /// A range of a view, and the file that it is.
  struct Found {
    var range: Range<Int>
    var run: WrittenRun
  }

  /// Shorter ones are not worth a source.
  private static let shortest = 4096

  private(set) var found: [Found] = []

  /// Looks for the members of all archives that a view has at its start, or at that of a region.
  init(
    of view: [UInt8], _ layout: FileLayout, before run: WrittenRun, _ newFiles: NewFiles
  ) throws(BuildError) {
    var all: [Found] = []
    for start in Self.starts(layout) {
      for member in CpioMembers(in: view, at: start).members
      where member.contents.count >= Self.shortest {
        guard
          let file = newFiles.file(
            at: member.path, length: UInt64(member.contents.count), before: run),
          try newFiles.contents(of: file).elementsEqual(view[member.contents])
        else { continue }
        all.append(Found(range: member.contents, run: file))
      }
    }
    // The longest, if they are too many; then in the order of the view, apart.
    all.sort {
      $0.range.count != $1.range.count
        ? $0.range.count > $1.range.count : $0.range.lowerBound < $1.range.lowerBound
    }
    all = Array(all.prefix(PatchCommand.maximumOpenedSources - 1))
    all.sort { $0.range.lowerBound < $1.range.lowerBound }
    for member in all where member.range.lowerBound >= found.last?.range.upperBound ?? 0 {
      found.append(member)
    }
  }

  /// Where a view begins, and what comes out of each region.
  private static func starts(_ layout: FileLayout) -> [Int] {
    var starts = [0]
    layout.visitingRegions { starts.append(Int($1)) }
    return starts
  }
}
