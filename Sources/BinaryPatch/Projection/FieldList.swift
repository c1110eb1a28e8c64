/// Fields as a parser finds them: in the order of the file.
struct FieldList {
  private(set) var fields: [Field]
  /// Those that start outside are not kept: another window has them.
  let window: Range<Int>

  /// - Parameter storage: An array whose memory is used again.
  init(window: Range<Int>, storage: consuming [Field]) {
    self.window = window
    fields = storage
    fields.removeAll(keepingCapacity: true)
  }

  var count: Int { fields.count }

  @inline(__always)
  mutating func append(
    _ kind: FieldKind, at offset: Int, target: UInt64, adjustment: Int = 0, section: Int = 0
  ) {
    guard window.contains(offset) else { return }
    fields.append(
      Field(
        offset: UInt32(truncatingIfNeeded: offset), kind: kind,
        adjustment: UInt8(truncatingIfNeeded: adjustment),
        section: UInt16(truncatingIfNeeded: section), target: target))
  }

  /// Gives an `ADRP` its whole target, which another instruction completes.
  mutating func complete(_ index: Int, target: UInt64) {
    fields[index].target = target
    fields[index].adjustment = 1
  }
}
