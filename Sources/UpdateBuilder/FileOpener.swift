internal import BinaryDiff
internal import Bytes
internal import DeltaStream
internal import Linux
internal import Recompress

/// Opens the compressed regions of files, where the build may and the device can make them again.
struct FileOpener: Sendable {
  /// The kinds of recipes that may be used.
  let kinds: Set<RecipeKind>
  /// The most memory that opening and making a file again may take on the device, in bytes, with
  /// what applying its patch takes.
  let maximumMemory: UInt64
  /// The longest view, in bytes.
  let maximumLength: UInt64
  /// Makes a file without a name, for what is opened.
  let temporary: @Sendable () throws(SystemError) -> Descriptor

  /// A file with its regions opened.
  struct Opened: Sendable {
    var layout: FileLayout
    var view: [UInt8]
    /// What opening it takes, and what making it again does, in bytes.
    var openingMemory: UInt64
    var rebuilding = RebuildDemand()
  }

  /// Opens a new file; `nil` if there is nothing in it that comes back bit for bit.
  func openNew(_ new: [UInt8]) throws(BuildError) -> Opened? {
    guard !kinds.isEmpty else { return nil }
    guard var opened = try open(new, kinds, for: .rebuilding) else { return nil }
    do throws(RecompressError) { opened.rebuilding = try opened.layout.demand() } catch {
      throw .recompress(error)
    }
    return opened
  }

  /// Opens an old file; `nil` if there is nothing to open.
  func openOld(_ old: [UInt8]) throws(BuildError) -> Opened? {
    try open(old, Set(RecipeKind.allCases), for: .opening)
  }

  private func open(
    _ bytes: [UInt8], _ kinds: Set<RecipeKind>, for aim: Recompressor.Aim
  ) throws(BuildError) -> Opened? {
    let file = MemorySpill(bytes)
    let limits = RecompressLimits(
      openedBytes: maximumLength, regions: OpenedPatch.mostRegions / 4, memory: maximumMemory)
    let spill = SpillFile(temporary)
    do throws(RecompressError) {
      let analysis = try Recompressor(limits: limits, kinds: kinds, for: aim).analyse(
        file, spill: spill)
      var layout = analysis.layout
      if aim == .rebuilding { layout = try layout.fitting(maximumMemory) }
      guard !layout.regions.isEmpty else { return nil }
      var view = try Self.view(of: file, layout, spill, limits)
      // The inside of a program is predicted by its own places, which opening would move.
      let whole = layout.withoutRegionsInPrograms(view)
      if whole != layout {
        layout = whole
        try spill.shorten(to: 0)
        view = try Self.view(of: file, layout, spill, limits)
      }
      return Opened(
        layout: layout, view: view,
        openingMemory: analysis.openingMemory
          &+ UInt64(layout.regionCount) &* FileLayout.memoryPerRegion)
    } catch {
      if let failure = spill.failure { throw .system(failure) }
      throw .recompress(error)
    }
  }

  private static func view(
    of file: MemorySpill, _ layout: FileLayout, _ spill: SpillFile, _ limits: RecompressLimits
  ) throws(RecompressError) -> [UInt8] {
    let view = try OpenedView(file, layout, spill: spill, limits: limits)
    return try view.bytes(at: 0, count: Int(clamping: view.byteCount))
  }
}

extension FileLayout {
  /// The layout without what would take too much memory: first what lies in regions, then regions.
  fileprivate func fitting(_ limit: UInt64) throws(RecompressError) -> FileLayout {
    if try demand().memory <= limit { return self }
    var kept: [Region] = []
    for var region in regions {
      if try Self.memory(region) > limit { region.inner = [] }
      if try Self.memory(region) <= limit { kept.append(region) }
    }
    let fitting = FileLayout(length: length, regions: kept)
    // Many small ones take memory for themselves.
    return try fitting.demand().memory <= limit ? fitting : FileLayout(length: length, regions: [])
  }

  private static func memory(_ region: Region) throws(RecompressError) -> UInt64 {
    try FileLayout(length: region.offset &+ region.length, regions: [region]).demand().memory
  }

  /// The layout without regions inside opened programs.
  fileprivate func withoutRegionsInPrograms(_ view: [UInt8]) -> FileLayout {
    visitingRegions { region, start in
      if view.isProgram(at: start) { region.inner = [] }
    }
  }
}

extension [UInt8] {
  /// Whether an ELF file begins at an offset.
  func isProgram(at offset: UInt64) -> Bool {
    guard let start = Int(exactly: offset), start + 64 <= count else { return false }
    return self[start] == 0x7f && self[start + 1] == 0x45 && self[start + 2] == 0x4c
      && self[start + 3] == 0x46
  }
}
