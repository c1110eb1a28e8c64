internal import Bytes

/// A table of a `switch` that goes on: 32-bit distances from its start to code.
struct JumpTable {
  /// Where it starts in the file; -1: there is none.
  private(set) var start = -1
  private var base: UInt64 = 0

  var isOpen: Bool { start >= 0 }

  /// None.
  init() {}

  /// One that started at an offset, or none.
  ///
  /// - Parameter resumePoint: The offset and one; 0: none.
  init(resumePoint: Int, in region: FieldRegion, _ index: FieldIndex) {
    guard resumePoint > 0 else { return }
    start = resumePoint &- 1
    base = index.image.sections[region.section].address(ofOffset: start)
  }

  /// Looks at the word at an offset, a multiple of four; gives what it points at when it belongs
  /// to a table.
  @inline(__always)
  mutating func step(
    _ view: borrowing WindowView, at: Int, _ region: FieldRegion, _ index: FieldIndex
  ) -> UInt64? {
    if index.isTableStart(at, in: region) {
      start = at
      base = index.image.sections[region.section].address(ofOffset: at)
    }
    guard start >= 0 else { return nil }
    guard at &+ 4 <= region.range.upperBound else {
      start = -1
      return nil
    }
    let target = base &+ view.loadSigned32(at)
    guard let code = index.image.section(at: target), index.image.sections[code].isExecutable
    else {
      start = -1
      return nil
    }
    return target
  }
}
