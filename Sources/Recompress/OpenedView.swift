internal import Bytes

/// A file with its regions opened: raw parts and opened bytes in the order of the file, as one run of
/// bytes.
///
/// Opened bytes lie in a spill; what is not opened is read from the file.
public final class OpenedView: RandomAccessBytes {
  /// A run that lies in one place.
  private struct Piece {
    var viewStart: UInt64
    /// Where it starts, in the file or in the spill.
    var start: UInt64
    var isSpilled: Bool
  }

  private let file: any RandomAccessBytes
  private let spill: any SpilledBytes
  private var pieces: [Piece] = []
  /// How many bytes there are.
  public private(set) var byteCount: UInt64 = 0

  /// Opens all regions.
  ///
  /// - Parameters:
  ///   - layout: Where they are.
  ///   - spill: Takes the opened bytes, behind what is there already, and keeps them.
  ///   - limits: What opening may cost; only ratio, memory and the sum of opened bytes are looked at.
  /// - Throws: ``RecompressError``; ``RecompressError/corrupt(offset:)`` if the file is not what the
  ///   layout says.
  public init(
    _ file: some RandomAccessBytes, _ layout: FileLayout, spill: some SpilledBytes,
    limits: RecompressLimits = .init()
  ) throws(RecompressError) {
    self.file = file
    self.spill = spill
    guard layout.length == file.byteCount else { throw .corrupt(offset: file.byteCount) }
    var left = limits.openedBytes
    try add(layout.regions, of: file, start: 0, length: layout.length, false, limits, &left)
  }

  /// Adds bytes of the file, or opened ones, with the regions in them opened.
  private func add(
    _ regions: [Region], of source: some RandomAccessBytes, start: UInt64, length: UInt64,
    _ isSpilled: Bool, _ limits: RecompressLimits, _ left: inout UInt64
  ) throws(RecompressError) {
    var end: UInt64 = 0
    for region in regions {
      guard region.offset >= end, region.length <= length, region.offset <= length &- region.length
      else { throw .corrupt(offset: region.offset) }
      addPiece(start &+ end, region.offset &- end, isSpilled)
      end = region.end
      guard region.openedLength <= left else { throw .tooLong(limit: limits.openedBytes) }
      left &-= region.openedLength
      let spillStart = spill.byteCount
      try RegionOpener(source: source, limits: limits).open(region, into: spill)
      let opened = BytesSlice(spill, start: spillStart, byteCount: region.openedLength)
      try add(
        region.inner, of: opened, start: spillStart, length: region.openedLength, true, limits,
        &left)
    }
    addPiece(start &+ end, length &- end, isSpilled)
  }

  private func addPiece(_ start: UInt64, _ length: UInt64, _ isSpilled: Bool) {
    guard length > 0 else { return }
    pieces.append(Piece(viewStart: byteCount, start: start, isSpilled: isSpilled))
    byteCount &+= length
  }

  /// Appends the bytes from `offset` on until `output` is full or they end.
  public func read(at offset: UInt64, into output: inout OutputRawSpan) throws(RecompressError) {
    var at = offset
    var index = pieceIndex(of: offset)
    while at < byteCount, output.freeCapacity > 0, index < pieces.count {
      let piece = pieces[index]
      let end = index + 1 < pieces.count ? pieces[index + 1].viewStart : byteCount
      let inside = at &- piece.viewStart
      let base: any RandomAccessBytes = piece.isSpilled ? spill : file
      let before = output.byteCount
      try BytesSlice(base, start: piece.start &+ inside, byteCount: end &- at)
        .read(at: 0, into: &output)
      guard output.byteCount > before else { throw .readFailed(offset: at) }
      at &+= UInt64(output.byteCount &- before)
      index += 1
    }
  }

  /// The last piece that starts at or before an offset.
  private func pieceIndex(of offset: UInt64) -> Int {
    let pieces = pieces
    return max(pieces.span.partitionPoint { $0.viewStart <= offset } - 1, 0)
  }
}
