internal import Bytes
internal import DeltaStream

/// Which part of an old file is searched for which part of a new one.
///
/// A file that is no longer than ``OldFileMatcher/maximumInput`` is searched whole, unless little of it
/// is written. Of another one a window is searched for each block that is written: where samples of
/// its contents are, else at its own place.
struct OldWindows {
  let matcher: OldFileMatcher
  private var map: (path: [UInt8], places: PlaceMap)?

  /// How many bytes of one file are written.
  private let written: UInt64

  init(_ matcher: OldFileMatcher, for runs: ArraySlice<WrittenRun>) {
    self.matcher = matcher
    written = runs.reduce(0) { $0 &+ $1.length }
  }

  /// The shortest window of a long file, in bytes.
  private static let minimumWindow: UInt64 = 16 << 20
  /// How much is written of a file in which it is looked for, in bytes.
  private static let minimumMapped: UInt64 = 1 << 20
  /// Files of up to so many bytes are not worth a window.
  private static let shortFile: UInt64 = 64 << 20

  /// The windows begin at multiples of this part of their length, so that blocks share them.
  private static let steps: UInt64 = 4
  private static let block = PatchClone.blockLength

  /// The ends of the blocks in which a run is worked on; the last is the run's.
  ///
  /// - Parameter chunk: where the normal form cuts.
  func ends(of run: WrittenRun, in file: ParentIndex.File, chunk: UInt64) -> [UInt64] {
    let limit = matcher.maximumInput
    guard window(of: file) < file.size || run.length > limit else { return [run.end] }
    let length = Swift.max(Swift.min(window(of: file), limit) / Self.steps / chunk, 1) * chunk
    var ends: [UInt64] = []
    var at = run.offset
    while run.end - at > length - at % length {
      var cut = at + length - at % length
      if let clone = run.clones.first(where: { $0.offset < cut && cut < $0.end }) {
        cut = clone.end
      }
      guard cut < run.end else { break }
      ends.append(cut)
      at = cut
    }
    return ends + [run.end]
  }

  /// The part of an old file that a block is searched in.
  mutating func source(
    for new: RawSpan, at offset: UInt64, in file: ParentIndex.File
  ) throws(BuildError) -> PatchSource {
    let window = window(of: file)
    guard window < file.size else {
      return PatchSource(path: file.path, offset: 0, length: file.size)
    }
    let step = window / Self.steps
    // Where little is written, nothing has moved; reading all of the file would be for nothing.
    let place =
      written < Self.minimumMapped
      ? offset : try places(of: file).place(of: new, precision: step) ?? offset
    let start = place > step ? (place - step) / step * step : 0
    // Windows begin at whole blocks, so that what is shared lies at whole blocks of them.
    let last = (file.size - window + Self.block - 1) / Self.block * Self.block
    let begin = Swift.min(start, last)
    return PatchSource(
      path: file.path, offset: begin, length: Swift.min(window, file.size - begin))
  }

  /// How much of a file is searched at a time.
  private func window(of file: ParentIndex.File) -> UInt64 {
    let limit = matcher.maximumInput / (Self.steps * Self.block) * (Self.steps * Self.block)
    guard file.size > Swift.min(limit, Self.shortFile) else { return file.size }
    var window = Self.minimumWindow
    while window < limit, window / Self.steps < written { window *= 2 }
    window = Swift.min(window, limit)
    return file.size <= window ? file.size : window
  }

  private mutating func places(of file: ParentIndex.File) throws(BuildError) -> PlaceMap {
    if let map, map.path == file.path { return map.places }
    var places = PlaceMap(fileLength: file.size)
    try matcher.tree.read(file) { places.add($0) }
    places.finish()
    map = (file.path, places)
    return places
  }
}
