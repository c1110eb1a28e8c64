internal import Bytes

/// Makes a file from its opened view: raw parts pass, regions are made again.
///
/// Bytes go in and come out in order. Regions in regions need a rebuilder each, at the same time.
public final class FileRebuilder {
  /// What is left of a region that is being made.
  private struct Open {
    var region: Region
    var rebuilder: RegionRebuilder
    var opened: FileRebuilder
    /// How many compressed bytes came out.
    var made: UInt64 = 0
  }

  private let length: UInt64
  private let regions: [Region]
  private let threads: Int
  private let memoryLimit: UInt64
  private var next = 0
  private var open: Open?
  /// How far the file is made.
  private var position: UInt64 = 0

  /// A rebuilder of a file.
  ///
  /// - Parameters:
  ///   - threads: How many threads may compress.
  ///   - memoryLimit: The most memory that one region may take, in bytes.
  public convenience init(_ layout: FileLayout, threads: Int = 1, memoryLimit: UInt64 = .max) {
    self.init(layout.length, layout.regions, threads, memoryLimit)
  }

  private init(_ length: UInt64, _ regions: [Region], _ threads: Int, _ memoryLimit: UInt64) {
    self.length = length
    self.regions = regions
    self.threads = threads
    self.memoryLimit = memoryLimit
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
    guard isFinished else { throw .truncated(offset: position) }
  }

  private var isFinished: Bool { position == length && next == regions.count && open == nil }

  /// Takes what belongs to the file.
  ///
  /// - Returns: How many bytes that were.
  private func take(
    _ bytes: RawSpan, into output: inout [UInt8]
  ) throws(RecompressError) -> Int {
    var taken = 0
    while true {
      if open != nil {
        taken &+= try takeOpened(bytes.extracting(taken..<bytes.byteCount), into: &output)
        guard open == nil else { return taken }
      }
      let rawEnd = next < regions.count ? regions[next].offset : length
      guard rawEnd >= position, rawEnd <= length else { throw .corrupt(offset: rawEnd) }
      let count = min(Int(clamping: rawEnd &- position), bytes.byteCount &- taken)
      output.append(copying: bytes.extracting(taken..<(taken &+ count)))
      taken &+= count
      position &+= UInt64(count)
      guard position == rawEnd, next < regions.count else { return taken }
      try begin(regions[next])
      next &+= 1
    }
  }

  private func begin(_ region: Region) throws(RecompressError) {
    open = Open(
      region: region,
      rebuilder: try RegionRebuilder(region.recipe, threads: threads, memoryLimit: memoryLimit),
      opened: FileRebuilder(region.openedLength, region.inner, threads, memoryLimit))
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
