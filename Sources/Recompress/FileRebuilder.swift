internal import Bytes

/// Makes a file from its opened view: raw parts pass, regions are made again.
///
/// Bytes go in and come out in order. Regions in regions need a rebuilder each, at the same time. With a
/// pool, regions that are not too long are made there, and come out some pushes later.
public final class FileRebuilder {
  /// What is left of a region that is being made.
  private struct Open {
    var region: Region
    var rebuilder: RegionRebuilder
    var opened: FileRebuilder
    /// How many compressed bytes came out.
    var made: UInt64 = 0
  }

  /// A region for the pool, and what is there of its opened bytes.
  private struct Gathered {
    var region: Region
    var room: RebuildPool.Room
    var bytes: [UInt8] = []
  }

  /// How regions are made.
  private struct Means {
    var threads: Int
    var memoryLimit: UInt64
    var pool: RebuildPool?
  }

  private let length: UInt64
  private let regions: [Region]
  private let means: Means
  private let isInner: Bool
  private var next = 0
  private var open: Open?
  private var gathered: Gathered?
  private var pending = PendingOutput()
  /// How far the file is made.
  private var position: UInt64 = 0

  /// A rebuilder of a file.
  ///
  /// - Parameters:
  ///   - threads: How many threads may compress one region that is not made by the pool.
  ///   - memoryLimit: The most memory that one region may take, in bytes.
  ///   - pool: Makes regions; its memory is beside the limit.
  public convenience init(
    _ layout: FileLayout, threads: Int = 1, memoryLimit: UInt64 = .max, pool: RebuildPool? = nil
  ) {
    let means = Means(threads: threads, memoryLimit: memoryLimit, pool: pool)
    self.init(layout.length, layout.regions, means, isInner: false)
  }

  private init(_ length: UInt64, _ regions: [Region], _ means: Means, isInner: Bool) {
    self.length = length
    self.regions = regions
    self.means = means
    self.isInner = isInner
  }

  /// Takes the next bytes of the view, and appends what is ready of the file to `output`.
  ///
  /// - Throws: ``RecompressError``; ``RecompressError/tooLong(limit:)`` for bytes behind the view's
  ///   end.
  public func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError) {
    let taken = try take(bytes, into: &output)
    guard taken == bytes.byteCount else { throw .tooLong(limit: length) }
  }

  /// Appends the rest.
  ///
  /// - Throws: ``RecompressError/truncated(offset:)`` if the view is not whole.
  public func finish(into output: inout [UInt8]) throws(RecompressError) {
    // Regions without an opened byte may be left.
    _ = try take(RawSpan(), into: &output)
    try pending.drain(into: &output)
    guard isFinished else { throw .truncated(offset: position) }
  }

  /// Whether ``finish(into:)`` need not wait for the pool.
  public var isReady: Bool { pending.isReady() }

  /// Whether all bytes of the view were taken.
  private var hasAll: Bool {
    position == length && next == regions.count && open == nil && gathered == nil
  }

  private var isFinished: Bool { hasAll && pending.isEmpty }

  /// Takes what belongs to the file.
  ///
  /// - Returns: How many bytes that were.
  private func take(
    _ bytes: RawSpan, into output: inout [UInt8]
  ) throws(RecompressError) -> Int {
    var taken = 0
    try pending.drainReady(into: &output)
    while true {
      if open != nil || gathered != nil {
        let rest = bytes.extracting(taken..<bytes.byteCount)
        taken &+=
          open != nil ? try takeOpened(rest, into: &output) : try gather(rest)
        guard open == nil, gathered == nil else { return taken }
      }
      let rawEnd = next < regions.count ? regions[next].offset : length
      guard rawEnd >= position, rawEnd <= length else { throw .corrupt(offset: rawEnd) }
      let count = min(Int(clamping: rawEnd &- position), bytes.byteCount &- taken)
      try pending.append(bytes.extracting(taken..<(taken &+ count)), into: &output)
      taken &+= count
      position &+= UInt64(count)
      guard position == rawEnd, next < regions.count else { break }
      try begin(regions[next], into: &output)
      next &+= 1
    }
    // What is around needs all of it.
    if isInner, hasAll { try pending.drain(into: &output) }
    return taken
  }

  private func begin(_ region: Region, into output: inout [UInt8]) throws(RecompressError) {
    if let room = try room(for: region, into: &output) {
      gathered = Gathered(region: region, room: room)
      // It was counted; growing by doubling was not.
      gathered?.bytes.reserveCapacity(Int(clamping: region.openedLength))
      return
    }
    try pending.drain(into: &output)
    open = Open(
      region: region,
      rebuilder: try RegionRebuilder(
        region.recipe, threads: means.threads, memoryLimit: means.memoryLimit),
      opened: FileRebuilder(region.openedLength, region.inner, means, isInner: true))
  }

  /// Room in the pool, for which what comes before may have to be waited for; `nil` if there is none.
  private func room(
    for region: Region, into output: inout [UInt8]
  ) throws(RecompressError) -> RebuildPool.Room? {
    guard let pool = means.pool, pool.takes(region),
      try region.recipe.memory() <= means.memoryLimit
    else { return nil }
    while true {
      if let room = pool.room(for: region) { return room }
      if pending.isEmpty { return nil }
      try pending.drainFirst(into: &output)
    }
  }

  /// Takes opened bytes of a region for the pool, and hands it over with its last one.
  private func gather(_ bytes: RawSpan) throws(RecompressError) -> Int {
    guard var gathered else { return 0 }
    // It is changed in place: no other may hold its bytes.
    self.gathered = nil
    let region = gathered.region
    let missing = Int(clamping: region.openedLength) &- gathered.bytes.count
    let count = min(missing, bytes.byteCount)
    gathered.bytes.append(copying: bytes.extracting(0..<count))
    guard count == missing else {
      self.gathered = gathered
      return count
    }
    if let pool = means.pool {
      pending.append(try pool.add(region, opened: gathered.bytes, gathered.room), of: pool)
    }
    position = region.end
    return count
  }

  /// Takes bytes of the open region, and ends it with its last one.
  private func takeOpened(
    _ bytes: RawSpan, into output: inout [UInt8]
  ) throws(RecompressError) -> Int {
    guard var open else { return 0 }
    var opened: [UInt8] = []
    let taken = try open.opened.take(bytes, into: &opened)
    let before = output.count
    try open.rebuilder.push(opened.rawSpan, into: &output)
    if open.opened.isFinished { try open.rebuilder.finish(into: &output) }
    open.made &+= UInt64(output.count &- before)
    guard open.made <= open.region.length else {
      throw .recipeMismatch(offset: open.region.offset)
    }
    guard open.opened.isFinished else {
      self.open = open
      return taken
    }
    guard open.made == open.region.length else {
      throw .recipeMismatch(offset: open.region.offset)
    }
    position = open.region.end
    self.open = nil
    return taken
  }
}
