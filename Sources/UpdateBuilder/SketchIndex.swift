internal import Bytes

/// The features of a tree's files, by which files are found that have something in common.
///
/// Memory: at most 384 bytes a file.
struct SketchIndex: Sendable {
  private struct Entry {
    var feature: UInt64
    var file: Int32
  }

  private var entries: [Entry] = []

  /// A feature of more files than this says nothing: an empty page, a licence.
  private static let maximumOwners = 64
  /// How many features have to agree before a file is looked at.
  private static let minimumShared = 2

  /// The index of sketches, each with its file's number.
  init(_ sketches: [(file: Int32, sketch: ContentSketch)]) {
    for (file, sketch) in sketches {
      for feature in sketch.features { entries.append(Entry(feature: feature, file: file)) }
    }
    entries.sort { ($0.feature, $0.file) < ($1.feature, $1.file) }
  }

  /// The files that have most features of a sketch, at most `limit`, the best first; of equally good
  /// ones the first.
  ///
  /// - Parameter end: only files with lower numbers.
  func files(like sketch: ContentSketch, before end: Int32 = .max, limit: Int) -> [Int32] {
    var counts: [Int32: Int] = [:]
    for feature in sketch.features {
      var at = firstEntry(of: feature)
      let start = at
      while at < entries.count, entries[at].feature == feature, entries[at].file < end { at += 1 }
      if at - start > Self.maximumOwners { continue }
      for entry in entries[start..<at] { counts[entry.file, default: 0] += 1 }
    }
    let found = counts.filter { $0.value >= Self.minimumShared }
    let sorted = found.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return sorted.prefix(limit).map(\.key)
  }

  private func firstEntry(of feature: UInt64) -> Int {
    entries.span.partitionPoint { $0.feature < feature }
  }
}
