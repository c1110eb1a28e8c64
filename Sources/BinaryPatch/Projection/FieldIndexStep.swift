internal import Bytes

/// What ``FieldIndexer`` does with the bytes of a window: each gives the place that it reached.
enum FieldIndexStep {
  /// x86-64: where instructions start, and what addresses they take.
  static func stepCode(
    _ index: inout FieldIndex, _ region: FieldRegion, _ view: borrowing WindowView,
    _ start: Int, _ limit: Int
  ) -> (at: Int, rest: UInt64) {
    let section = index.image.sections[region.section]
    let table = X86OpcodeTable.oneByte
    let code = view.bytes
    let end = min(region.range.upperBound, view.end) &- view.base
    var at = start &- view.base
    while at < limit &- view.base {
      let instruction = X86Instruction(code, at: at, to: end, table.span)
      if instruction.reference == .effectiveAddress {
        let next = view.base &+ at &+ instruction.length
        index.noteTable(
          at: section.address(ofOffset: next)
            &+ code.loadSigned32(at &+ instruction.referenceOffset))
      }
      at &+= max(instruction.length, 1)
    }
    return (view.base &+ at, 0)
  }

  static func stepEhFrame(
    _ index: inout FieldIndex, _ region: FieldRegion, _ view: borrowing WindowView,
    _ start: Int, _ limit: Int
  ) -> (at: Int, rest: UInt64) {
    var at = start
    while at < limit {
      guard let record = EhFrameRecord(view, at: at, to: region.range.upperBound) else {
        return (region.range.upperBound, 0)
      }
      if record.isCommon, index.commonEntries.count < FieldIndex.maxCommonEntries,
        let hasLSDA = record.parseCommon(view, { _ in })
      {
        index.commonEntries.append(FieldIndex.CommonEntry(start: at, hasLSDA: hasLSDA))
      }
      at = record.end
    }
    return (at, 0)
  }

  static func stepTypes(
    _ index: inout FieldIndex, _ region: FieldRegion, _ view: borrowing WindowView,
    from start: Int, to limit: Int, _ type: inout RestOfType
  ) -> (at: Int, rest: UInt64) {
    var at = start
    while at < limit {
      guard let next = type.step(view, at: at, to: region.entries.upperBound, { _, _ in }) else {
        return (region.entries.upperBound, 0)
      }
      at = next
    }
    return (at, type.packed)
  }

  /// Words that the linker may have filled with the addend.
  static func stepRelocations(
    _ index: inout FieldIndex, _ region: FieldRegion, _ view: borrowing WindowView,
    _ start: Int, _ limit: Int
  ) -> (at: Int, rest: UInt64) {
    var at = start
    while at < limit {
      guard at &+ Relocation.byteCount <= region.range.upperBound else { return (limit, 0) }
      let relocation = Relocation(view.bytes, at: at &- view.base)
      if relocation.isRelative(on: index.image.machine) {
        index.noteRelocated(relocation.offset)
      }
      at &+= Relocation.byteCount
    }
    return (at, 0)
  }

  static func stepRelative(
    _ index: inout FieldIndex, _ region: FieldRegion, _ view: borrowing WindowView,
    from start: Int, to limit: Int, _ next: inout UInt64
  ) -> (at: Int, rest: UInt64) {
    var at = start
    while at < limit {
      guard at &+ 8 <= region.range.upperBound else { return (limit, 0) }
      let entry = view.load64(at)
      if entry & 1 == 0 {
        index.noteRelocated(entry)
        next = entry &+ 8
      } else {
        var bits = entry &>> 1
        while bits != 0 {
          index.noteRelocated(next &+ 8 &* UInt64(bits.trailingZeroBitCount))
          bits &= bits &- 1
        }
        next &+= 63 &* 8
      }
      at &+= 8
    }
    return (at, 0)
  }

  static func stepSymbols(
    _ index: inout FieldIndex, _ region: FieldRegion, _ view: borrowing WindowView,
    _ start: Int, _ limit: Int
  ) -> (at: Int, rest: UInt64) {
    var at = start
    while at < limit {
      guard at &+ Symbol.byteCount <= region.range.upperBound else { return (limit, 0) }
      let symbol = Symbol(view.bytes, at: at &- view.base)
      if symbol.isSection, symbol.section > 0, symbol.section < index.image.sections.count,
        index.sectionSymbols.count < FieldIndex.maxSectionSymbols
      {
        let number = (at &- region.range.lowerBound) / Symbol.byteCount
        index.sectionSymbols.append(
          (UInt32(truncatingIfNeeded: number), UInt16(truncatingIfNeeded: symbol.section)))
      }
      at &+= Symbol.byteCount
    }
    return (at, 0)
  }
}

extension FieldIndex {
  /// A relocation fills the word at an address.
  fileprivate mutating func noteRelocated(_ address: UInt64) {
    let offset = image.segments.offset(ofAddress: address)
    guard offset & 7 == 0, let offset = Int(exactly: offset) else { return }
    relocated.insert(offset / 8)
  }
}
