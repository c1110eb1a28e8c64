internal import Bytes
internal import XZ

/// What an xz Stream says of itself at its start: enough to guess what `xz` was told.
struct XZHead {
  static let magic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
  /// Stream Header and the longest Block Header.
  static let longest = 12 + 1024

  let check: XZStreamEncoder.Check
  let branchFilter: XZStreamEncoder.BranchFilter?
  let dictionarySize: UInt32
  /// The length of the first Block, if its header says it.
  let firstBlockLength: UInt64?

  /// Reads the heads of a Stream and of its first Block; `nil` if there is no Block, or a filter
  /// chain that no recipe has.
  init?(_ bytes: RawSpan) {
    var cursor = ByteCursor(bytes)
    guard let magic = cursor.take(6), magic.hasSameBytes(as: Self.magic.rawSpan),
      cursor.read(UInt8.self) == 0, let checkNumber = cursor.read(UInt8.self),
      let check = XZStreamEncoder.Check(rawValue: checkNumber), cursor.read(UInt32.self) != nil,
      let size = cursor.read(UInt8.self), size > 0, let flags = cursor.read(UInt8.self),
      flags & 0x3c == 0
    else { return nil }
    self.check = check
    if flags & 0x40 != 0, cursor.readVarint() == nil { return nil }
    var length: UInt64?
    if flags & 0x80 != 0 {
      guard let said = cursor.readVarint() else { return nil }
      length = said
    }
    firstBlockLength = length
    var filters: [(id: UInt64, properties: UInt64)] = []
    for _ in 0...(flags & 3) {
      guard let id = cursor.readVarint(), let count = cursor.readVarint(), count <= 4,
        let properties = cursor.take(Int(count))
      else { return nil }
      var value: UInt64 = 0
      for index in 0..<properties.byteCount { value |= UInt64(properties[index]) << (8 * index) }
      filters.append((id, count == 0 ? .max : value))
    }
    guard let last = filters.popLast(), last.id == 0x21,
      let dictionarySize = Self.dictionarySize(last.properties)
    else { return nil }
    self.dictionarySize = dictionarySize
    guard let first = filters.popLast() else {
      branchFilter = nil
      return
    }
    // One that starts elsewhere than at 0 has properties.
    guard filters.isEmpty, first.properties == .max, let number = UInt8(exactly: first.id),
      let filter = XZStreamEncoder.BranchFilter(rawValue: number)
    else { return nil }
    branchFilter = filter
  }

  /// The dictionary that LZMA2's properties stand for.
  private static func dictionarySize(_ properties: UInt64) -> UInt32? {
    guard properties < 37 else { return nil }
    let size = (2 | properties & 1) << (properties / 2 + 11)
    guard let size = UInt32(exactly: size), XZEncoder.Options.dictionarySizes.contains(size) else {
      return nil
    }
    return size
  }

  /// What `xz` may have been told, the most usual first.
  func candidates(openedLength: UInt64) -> [XZStreamEncoder.Options] {
    var all: [XZStreamEncoder.Options] = []
    for blocks in blockCandidates(openedLength: openedLength) {
      for (preset, isExtreme) in presets {
        all.append(
          XZStreamEncoder.Options(
            preset: preset, isExtreme: isExtreme, dictionarySize: dictionarySize,
            branchFilter: branchFilter, check: check, blocks: blocks))
      }
    }
    return all
  }

  /// The default, then those whose dictionary it is, then all others.
  private var presets: [(UInt32, Bool)] {
    let own: [UInt32]
    switch dictionarySize {
    case 256 << 10: own = [0]
    case 1 << 20: own = [1]
    case 2 << 20: own = [2]
    case 4 << 20: own = [3, 4]
    case 8 << 20: own = [5]
    case 16 << 20: own = [7]
    case 32 << 20: own = [8]
    case 64 << 20: own = [9]
    default: own = []
    }
    let first: [UInt32] = dictionarySize == 64 << 20 ? [9, 6] : [6] + own + [9]
    var order = first.map { ($0, false) } + first.map { ($0, true) }
    for preset in 0...9 as ClosedRange<UInt32> where !first.contains(preset) {
      order.append((preset, false))
    }
    return order
  }

  private func blockCandidates(openedLength: UInt64) -> [XZStreamEncoder.Blocks] {
    guard let firstBlockLength else { return [.one] }
    // What liblzma takes if it is told nothing.
    let usual = max(UInt64(dictionarySize) * 3, 1 << 20)
    if firstBlockLength < openedLength {
      return firstBlockLength > 0 && firstBlockLength <= XZRecipe.longestBlock
        ? [.sized(firstBlockLength)] : []
    }
    var sizes = [usual]
    // A preset's own dictionary, of which a smaller file needs only a part, sets the Blocks.
    for size in [1 << 20, 3 << 20, 12 << 20, 24 << 20, 192 << 20] as [UInt64]
    where size != usual && size >= openedLength { sizes.append(size) }
    return sizes.filter { $0 >= firstBlockLength && $0 <= XZRecipe.longestBlock }
      .map { .sized($0) }
  }
}
