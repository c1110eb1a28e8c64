internal import Bytes

extension FieldParser {
  /// How many bytes back an `ADRP` is still remembered.
  static let pageDistance = FieldWindow.reach

  /// What an `ADRP` left in a register.
  private struct Page {
    /// Where it is; -1: the register is not known to hold a page.
    var at = -1
    var address: UInt64 = 0
    /// Its field, while no instruction has completed its target; else -1.
    var field = -1
  }

  /// AArch64 code: what matters of it is at most ``pageDistance`` away.
  mutating func parseArm64Code(_ region: FieldRegion) {
    let section = index.image.sections[region.section]
    var pages: [32 of Page] = .init(repeating: Page())
    let before = list.window.lowerBound &- FieldWindow.reach
    var at = region.range.lowerBound &+ (max(before &- region.range.lowerBound, 0) &+ 3) / 4 &* 4
    let end = min(region.range.upperBound &- 3, list.window.upperBound &+ FieldWindow.reach &+ 4)
    while at < end {
      parse(view.load32(at), at: at, section.address(ofOffset: at), &pages)
      at &+= 4
    }
  }

  @inline(__always)
  private mutating func parse(_ word: UInt32, at: Int, _ pc: UInt64, _ pages: inout [32 of Page]) {
    // MOV (register) and MOVZ overwrite a page.
    if word & 0xffc0_0000 == 0xaa00_0000 || word & 0x7f80_0000 == 0x5280_0000 {
      pages[Int(word & 31)].at = -1
    }
    if word & 0x7c00_0000 == 0x1400_0000 {
      appendBranch(.branch26, at, pc, word.signed(from: 0, count: 26))
    } else if word & 0xff00_0010 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
      appendBranch(.branch19, at, pc, word.signed(from: 5, count: 19))
    } else if word & 0x7e00_0000 == 0x3600_0000 {
      appendBranch(.branch14, at, pc, word.signed(from: 5, count: 14))
    } else if word & 0x9f00_0000 == 0x1000_0000 {
      appendAddress(at, pc, word.pageImmediate)
    } else if word & 0x9f00_0000 == 0x9000_0000 {
      let target = (pc & ~0xfff) &+ word.pageImmediate &<< 12
      let count = list.count
      list.append(.page, at: at, target: target)
      // One that another window has is completed there.
      pages[Int(word & 31)] = Page(
        at: at, address: target, field: list.count > count ? count : -1)
    } else if word & 0xffc0_0000 == 0x9100_0000 || word & 0x3b00_0000 == 0x3900_0000 {
      appendPageOffset(word, at, &pages)
    }
  }

  private mutating func appendBranch(
    _ kind: FieldKind, _ at: Int, _ pc: UInt64, _ distance: UInt64
  ) {
    let target = pc &+ distance &* 4
    if index.image.segments.contains(target) { list.append(kind, at: at, target: target) }
  }

  private mutating func appendAddress(_ at: Int, _ pc: UInt64, _ distance: UInt64) {
    let isNear = distance &+ 0xffff < 0x1_ffff
    let target = pc &+ distance
    guard isNear, index.image.segments.contains(target) else { return }
    list.append(.address, at: at, target: target)
  }

  /// `ADD` of an immediate, or a load or store at an unsigned offset: if its base holds a page.
  private mutating func appendPageOffset(_ word: UInt32, _ at: Int, _ pages: inout [32 of Page]) {
    let isAdd = word & 0xffc0_0000 == 0x9100_0000
    let isVector = word & 0x0400_0000 != 0
    let shift = isAdd ? 0 : isVector && word & 0x0080_0000 != 0 ? 4 : Int(word &>> 30)
    let base = Int(word &>> 5 & 31)
    let page = pages[base]
    if page.at >= 0, at &- page.at <= Self.pageDistance {
      let target = page.address &+ UInt64(word &>> 10 & 0xfff) &<< UInt64(shift)
      list.append(.pageOffset, at: at, target: target, adjustment: shift)
      if page.field >= 0 {
        list.complete(page.field, target: target)
        pages[base].field = -1
      }
    }
    // An ADD, and a load to a general register, overwrite theirs.
    if isAdd || word & 0x0040_0000 != 0 && !isVector { pages[Int(word & 31)].at = -1 }
  }
}

extension UInt32 {
  /// A signed number in some of the bits, extended to 64.
  @inline(__always)
  func signed(from low: UInt32, count: UInt32) -> UInt64 {
    let value = Int32(bitPattern: self &<< (32 &- count &- low)) &>> Int32(32 &- count)
    return UInt64(truncatingIfNeeded: value)
  }

  /// The 21 bits of an `ADR` or `ADRP`, as a signed number extended to 64.
  @inline(__always) var pageImmediate: UInt64 {
    signed(from: 5, count: 19) &<< 2 | UInt64(self &>> 29 & 3)
  }
}
