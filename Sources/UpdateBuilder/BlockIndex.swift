internal import Bytes
internal import DeltaStream

/// Where the blocks of an old file are, by their contents.
///
/// Memory: the old bytes, and some 24 bytes for each block of 4 KiB.
struct BlockIndex: Sendable {
  static let blockLength = Int(PatchClone.blockLength)

  let bytes: [UInt8]
  /// The first block with a hash.
  private let places: [UInt64: Int32]

  /// The blocks of old bytes.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    let span = bytes.rawSpan
    var places: [UInt64: Int32] = [:]
    let count = span.byteCount / Self.blockLength
    places.reserveCapacity(count)
    for block in 0..<count {
      guard let number = Int32(exactly: block) else { break }
      let hash = Self.hash(of: span, at: block * Self.blockLength)
      if places[hash] == nil { places[hash] = number }
    }
    self.places = places
  }

  /// Where a block with this hash begins.
  func place(of hash: UInt64) -> Int? { places[hash].map { Int($0) * Self.blockLength } }

  /// A hash of the block that begins at an offset.
  static func hash(of bytes: RawSpan, at offset: Int) -> UInt64 {
    var (one, two) = (0x9e37_79b9_7f4a_7c15 as UInt64, 0xc2b2_ae3d_27d4_eb4f as UInt64)
    var at = offset
    let end = offset + blockLength
    while at < end {
      one = unsafe mix(one ^ bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
      two = unsafe mix(two ^ bytes.unsafeLoadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
      at += 16
    }
    return mix(one ^ (two &<< 1 | two &>> 63))
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value &* 0xff51_afd7_ed55_8ccd
    return product ^ (product &>> 32)
  }
}

/// Goes through new bytes for blocks that are in old ones.
struct BlockSearch: ~Escapable {
  private let new: RawSpan
  private let index: BlockIndex
  /// How many bytes of the last block may match although the block is not whole; 0 for none.
  private let tail: Int
  private var at = 0
  /// How far on in old a place of new was found last.
  private var shift: Int
  private let samePlace: Int

  /// A part of new, and where it begins in old.
  struct Match: Equatable {
    var new: Range<Int>
    var old: Int
  }

  /// A search in new bytes that begin at a whole block of their file.
  ///
  /// - Parameters:
  ///   - tail: the length of the last block if that is no whole one and both files end there.
  ///   - samePlace: where in old the same place of the file is.
  @_lifetime(copy new)
  init(new: RawSpan, index: BlockIndex, tail: Int, samePlace: Int) {
    self.new = new
    self.index = index
    self.tail = tail
    self.samePlace = samePlace
    shift = samePlace
  }

  /// The next part of at least `minimum` bytes that is in old; `nil` when there are no more.
  @_lifetime(self: copy self)
  mutating func next(minimum: Int) -> Match? {
    // Borrowed apart, so that the place can move on meanwhile.
    let (new, index) = (new, index)
    let old = index.bytes.rawSpan
    while at < new.byteCount {
      if let match = match(at: shift, old, minimum) ?? match(at: samePlace, old, minimum) {
        return take(match)
      }
      if at + BlockIndex.blockLength <= new.byteCount,
        let place = index.place(of: BlockIndex.hash(of: new, at: at)),
        let match = match(at: place - at, old, minimum)
      {
        return take(match)
      }
      at += BlockIndex.blockLength
    }
    return nil
  }

  @_lifetime(self: copy self)
  private mutating func take(_ match: Match) -> Match {
    at = match.new.upperBound
    shift = match.old - match.new.lowerBound
    return match
  }

  /// What is the same from here on, if old is looked at so much further on.
  private func match(at shift: Int, _ old: RawSpan, _ minimum: Int) -> Match? {
    let place = at + shift
    guard place >= 0, place < old.byteCount else { return nil }
    let length = new.extracting(droppingFirst: at)
      .commonPrefixLength(with: old.extracting(droppingFirst: place))
    var whole = length / BlockIndex.blockLength * BlockIndex.blockLength
    let endsBoth = at + length == new.byteCount && place + length == old.byteCount
    if endsBoth, tail > 0, length % BlockIndex.blockLength == tail { whole = length }
    guard whole >= minimum else { return nil }
    return Match(new: at..<at + whole, old: place)
  }
}
