internal import Bytes
internal import XZ
internal import Zstd

/// The search through one file, down into what is opened.
struct RegionSearch {
  private let limits: RecompressLimits
  private let kinds: Set<RecipeKind>
  private let threads: Int
  private let spill: any SpilledBytes
  private let aim: Recompressor.Aim

  /// The memory that opening what was found takes, in bytes.
  private(set) var openingMemory: UInt64 = 0
  private(set) var leftAlone: [Recompressor.LeftAlone] = []
  private var openedLeft: UInt64
  private var regionsLeft: Int
  private var failuresLeft: Int

  init(
    limits: RecompressLimits, kinds: Set<RecipeKind>, threads: Int, spill: any SpilledBytes,
    aim: Recompressor.Aim
  ) {
    self.aim = aim
    self.limits = limits
    self.kinds = kinds
    self.threads = threads
    self.spill = spill
    openedLeft = limits.openedBytes
    regionsLeft = min(limits.regions, FileLayout.mostRegions)
    failuresLeft = limits.failures
  }

  /// All regions of some bytes, in order.
  mutating func regions(
    of source: some RandomAccessBytes, depth: Int
  ) throws(RecompressError) -> [Region] {
    guard depth < min(limits.depth, FileLayout.deepest) else { return [] }
    var scanner = SignatureScanner(source)
    var regions: [Region] = []
    while regionsLeft > 0, failuresLeft > 0, let signature = try scanner.next() {
      guard kinds.contains(signature.kind) else { continue }
      guard let region = try region(at: signature, of: source, depth: depth) else { continue }
      regions.append(region)
      regionsLeft -= 1
      scanner.skip(to: region.end)
    }
    return regions
  }

  /// The region behind a signature, opened, proven and searched itself.
  private mutating func region(
    at signature: Signature, of source: some RandomAccessBytes, depth: Int
  ) throws(RecompressError) -> Region? {
    let start = spill.byteCount
    let found: Region?
    do throws(RecompressError) {
      found = try open(signature, of: source, depth: depth)
    } catch {
      try Self.rethrowIfOutside(error)
      // What was opened before the fault counts, too: or faults would make it endless.
      spend(spill.byteCount &- start)
      leave(signature, depth, .notOpened(error))
      try spill.shorten(to: start)
      return nil
    }
    spend(spill.byteCount &- start)
    guard var region = found else {
      try spill.shorten(to: start)
      return nil
    }
    let opened = BytesSlice(spill, start: start, byteCount: region.openedLength)
    region.inner = try regions(of: opened, depth: depth + 1)
    try spill.shorten(to: start)
    return region
  }

  /// Throws what is no fault of the data.
  private static func rethrowIfOutside(_ error: RecompressError) throws(RecompressError) {
    switch error {
    case .readFailed, .writeFailed: throw error
    default: return
    }
  }

  private mutating func spend(_ opened: UInt64) { openedLeft &-= min(opened, openedLeft) }

  private mutating func leave(
    _ signature: Signature, _ depth: Int, _ reason: Recompressor.LeftAlone.Reason,
    length: UInt64? = nil
  ) {
    failuresLeft -= 1
    leftAlone.append(
      Recompressor.LeftAlone(
        kind: signature.kind, depth: depth, offset: signature.offset, length: length,
        reason: reason))
  }

  private mutating func open(
    _ signature: Signature, of source: some RandomAccessBytes, depth: Int
  ) throws(RecompressError) -> Region? {
    guard openedLeft > 0 else {
      leave(signature, depth, .limitReached)
      return nil
    }
    switch signature.format {
    case .gzip, .zip: return try openDeflate(signature, source, depth)
    case .xz: return try openXZ(signature, source, depth)
    case .zstd: return try openZstd(signature, source, depth)
    case .bitcode:
      return try openSimply(signature, source, depth, BitstreamRebuilder.memory) { _ in
        [Recipe(.bitstream)]
      }
    case .messages:
      let hasHashTable = try MessagesReader.hashSize(source, at: signature.offset) > 0
      return try openSimply(signature, source, depth, MessagesRebuilder.memory) { _ in
        [Recipe(.messages(hasHashTable: hasHashTable))]
      }
    }
  }

  // MARK: deflate

  private mutating func openDeflate(
    _ signature: Signature, _ source: some RandomAccessBytes, _ depth: Int
  ) throws(RecompressError) -> Region? {
    guard let (offset, hint) = try signature.deflateStart(source) else { return nil }
    guard aim == .rebuilding else {
      return try openDeflate(at: offset, signature, source, depth)
    }
    let opened = spill.byteCount
    let analyser = DeflateAnalyser(source: source, offset: offset, limits: limits)
    guard let result = try analyser.analyse(hint: hint, ceiling: openedLeft, into: spill) else {
      leave(signature, depth, .noRecipe)
      return nil
    }
    guard result.compressedCount >= limits.shortest else {
      leave(signature, depth, .tooShort, length: result.compressedCount)
      return nil
    }
    var recipe = result.recipe
    let bytes = BytesSlice(spill, start: opened, byteCount: result.openedCount)
    if try hasTrailer(signature, of: bytes, at: offset &+ result.compressedCount, in: source) {
      recipe.trailer = .gzip
    }
    openingMemory = max(openingMemory, Self.inflateMemory)
    let region = Region(
      offset: offset, length: result.compressedCount &+ UInt64(recipe.trailer.length),
      openedLength: result.openedCount, recipe: Recipe(.deflate(recipe)))
    return try proven(region, signature, source, depth, opened: opened)
  }

  /// What inflating takes, in bytes: a window and tables.
  private static let inflateMemory: UInt64 = 1 << 20

  /// A region that is opened only.
  private mutating func openDeflate(
    at offset: UInt64, _ signature: Signature, _ source: some RandomAccessBytes, _ depth: Int
  ) throws(RecompressError) -> Region? {
    let start = spill.byteCount
    let extent = try RegionOpener(source: source, limits: limits).open(
      .deflate, at: offset, ceiling: openedLeft, into: spill)
    guard extent.compressed >= limits.shortest else {
      leave(signature, depth, .tooShort, length: extent.compressed)
      return nil
    }
    let bytes = BytesSlice(spill, start: start, byteCount: extent.opened)
    let trailer: DeflateRecipe.Trailer =
      try hasTrailer(signature, of: bytes, at: offset &+ extent.compressed, in: source)
      ? .gzip : .none
    openingMemory = max(openingMemory, Self.inflateMemory)
    return Region(
      offset: offset, length: extent.compressed &+ UInt64(trailer.length),
      openedLength: extent.opened, recipe: .forOpening(.deflate, trailer))
  }

  /// Whether a gzip trailer follows that can be computed.
  private func hasTrailer(
    _ signature: Signature, of opened: BytesSlice, at end: UInt64,
    in source: some RandomAccessBytes
  ) throws(RecompressError) -> Bool {
    guard signature.format == .gzip else { return false }
    let trailer = try source.bytes(at: end, count: 8)
    return try trailer == Self.gzipTrailer(opened)
  }

  private static func gzipTrailer(
    _ opened: BytesSlice
  ) throws(RecompressError) -> [UInt8] {
    var crc = CRC32()
    var at: UInt64 = 0
    while at < opened.byteCount {
      let bytes = try opened.bytes(at: at, count: 256 << 10)
      guard !bytes.isEmpty else { throw .readFailed(offset: at) }
      crc.update(bytes.rawSpan)
      at &+= UInt64(bytes.count)
    }
    var trailer: [UInt8] = []
    trailer.append(littleEndian: crc.value)
    trailer.append(littleEndian: UInt32(truncatingIfNeeded: opened.byteCount))
    return trailer
  }

  // MARK: xz, zstd, bitstreams, messages

  private mutating func openXZ(
    _ signature: Signature, _ source: some RandomAccessBytes, _ depth: Int
  ) throws(RecompressError) -> Region? {
    let bytes = try source.bytes(at: signature.offset, count: XZHead.longest)
    guard let head = XZHead(bytes.rawSpan) else {
      leave(signature, depth, .noRecipe)
      return nil
    }
    let memory: UInt64
    // Counted by the library's decoder; and its buffers.
    do throws(XZError) {
      memory = try XZDecoder.memoryUsage(dictionarySize: head.dictionarySize) &+ Self.xzMemory
    } catch { throw .xz(error) }
    return try openSimply(signature, source, depth, memory) { opened in
      head.candidates(openedLength: opened).map { Recipe(.xz(XZRecipe($0))) }
    }
  }

  private mutating func openZstd(
    _ signature: Signature, _ source: some RandomAccessBytes, _ depth: Int
  ) throws(RecompressError) -> Region? {
    let bytes = try source.bytes(at: signature.offset, count: ZstdHead.longest)
    guard let head = ZstdHead(bytes.rawSpan) else {
      leave(signature, depth, .noRecipe)
      return nil
    }
    return try openSimply(signature, source, depth, head.decoderMemory) { opened in
      head.candidates(openedLength: opened).map { Recipe(.zstd(ZstdRecipe($0))) }
    }
  }

  /// What decoding xz takes beside the filters, in bytes.
  private static let xzMemory: UInt64 = 1 << 20

  private mutating func openSimply(
    _ signature: Signature, _ source: some RandomAccessBytes, _ depth: Int, _ decoder: UInt64,
    _ candidates: (UInt64) -> [Recipe]
  ) throws(RecompressError) -> Region? {
    let opened = spill.byteCount
    guard decoder <= limits.memory else {
      leave(signature, depth, .tooMuchMemory(decoder))
      return nil
    }
    // Later parts of it may say something else than the first.
    var ownLimits = limits
    ownLimits.memory = decoder
    let extent = try RegionOpener(source: source, limits: ownLimits).open(
      signature.kind, at: signature.offset, ceiling: openedLeft, into: spill)
    guard extent.compressed >= limits.shortest else {
      leave(signature, depth, .tooShort, length: extent.compressed)
      return nil
    }
    if aim == .opening {
      openingMemory = max(openingMemory, decoder)
      return Region(
        offset: signature.offset, length: extent.compressed, openedLength: extent.opened,
        recipe: .forOpening(signature.kind))
    }
    var leastMemory: UInt64?
    for recipe in candidates(extent.opened) {
      guard let memory = try? recipe.memory() else { continue }
      guard memory <= limits.memory else {
        leastMemory = min(leastMemory ?? .max, memory)
        continue
      }
      let region = Region(
        offset: signature.offset, length: extent.compressed, openedLength: extent.opened,
        recipe: recipe)
      guard try isProven(region, source, opened: opened) else { continue }
      openingMemory = max(openingMemory, decoder)
      return region
    }
    leave(
      signature, depth, leastMemory.map { .tooMuchMemory($0) } ?? .noRecipe,
      length: extent.compressed)
    return nil
  }

  // MARK: Proof

  private mutating func proven(
    _ region: Region, _ signature: Signature, _ source: some RandomAccessBytes, _ depth: Int,
    opened: UInt64
  ) throws(RecompressError) -> Region? {
    if try isProven(region, source, opened: opened) { return region }
    leave(signature, depth, .noRecipe, length: region.length)
    return nil
  }

  /// Makes the region again, and compares until something differs.
  private func isProven(
    _ region: Region, _ source: some RandomAccessBytes, opened: UInt64
  ) throws(RecompressError) -> Bool {
    let original = BytesSlice(source, start: region.offset, byteCount: region.length)
    let bytes = BytesSlice(spill, start: opened, byteCount: region.openedLength)
    do throws(RecompressError) {
      return try RebuildProof(recipe: region.recipe, threads: threads, memoryLimit: limits.memory)
        .holds(opened: bytes, original: original)
    } catch {
      try Self.rethrowIfOutside(error)
      return false
    }
  }
}

extension Signature {
  /// The kind of recipe that it leads to.
  var kind: RecipeKind {
    switch format {
    case .gzip, .zip: .deflate
    case .xz: .xz
    case .zstd: .zstd
    case .bitcode: .bitstream
    case .messages: .messages
    }
  }
}
