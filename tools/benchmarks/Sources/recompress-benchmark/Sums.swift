import Bytes
import Foundation
import Recompress

/// What came of many files.
struct Sums {
  private struct Kind {
    var count = 0
    var compressed: UInt64 = 0
    var opened: UInt64 = 0
    var recipes = 0
  }

  private var files = 0
  private var kinds: [RecipeKind: Kind] = [:]
  private var leftAlone: [String: (count: Int, bytes: UInt64)] = [:]
  private var analysing = Cost()
  private var opening = Cost()
  private var rebuilding = Cost()
  private var viewBytes: UInt64 = 0
  private(set) var failures = 0

  /// Analyses a file, opens it, makes it again, and compares.
  mutating func measure(
    _ path: String, _ bytes: [UInt8], kinds: Set<RecipeKind>, threads: Int, memory: UInt64
  ) throws {
    files += 1
    let file = MemorySpill(bytes)
    let limits = RecompressLimits(memory: memory)
    let recompressor = Recompressor(limits: limits, kinds: kinds, threads: threads)
    var start = Cost.now()
    let analysis = try recompressor.analyse(file, spill: MemorySpill())
    analysing.add(since: start)
    for left in analysis.leftAlone { leave(left, path) }
    guard !analysis.layout.regions.isEmpty else { return }
    note(analysis.layout.regions, path)

    start = Cost.now()
    let layoutBytes = analysis.layout.bytes
    let layout = try FileLayout(layoutBytes.rawSpan)
    let view = try OpenedView(file, layout, spill: MemorySpill(), limits: limits)
    opening.add(since: start)
    viewBytes += view.byteCount
    start = Cost.now()
    let made = try rebuild(view, layout, threads)
    rebuilding.add(since: start)
    if made != bytes || layout != analysis.layout {
      failures += 1
      Swift.print("\(path): does not come back")
    }
  }

  private func rebuild(
    _ view: OpenedView, _ layout: FileLayout, _ threads: Int
  ) throws -> [UInt8] {
    let pool = threads > 1 ? RebuildPool(threads: threads, memory: UInt64(threads) << 27) : nil
    let rebuilder = FileRebuilder(layout, threads: threads, pool: pool)
    var made: [UInt8] = []
    var at: UInt64 = 0
    while at < view.byteCount {
      let bytes = try view.bytes(at: at, count: 256 << 10)
      try rebuilder.push(bytes.rawSpan, into: &made)
      at += UInt64(bytes.count)
    }
    try rebuilder.finish(into: &made)
    return made
  }

  private mutating func note(_ regions: [Region], _ path: String) {
    for region in regions {
      kinds[region.recipe.kind, default: Kind()].count += 1
      kinds[region.recipe.kind, default: Kind()].compressed += region.length
      kinds[region.recipe.kind, default: Kind()].opened += region.openedLength
      kinds[region.recipe.kind, default: Kind()].recipes += region.recipe.bytes.count
      if region.recipe.bytes.count > 200 {
        Swift.print(
          "\(path) at \(region.offset): \(region.length) bytes, opened \(region.openedLength),"
            + " recipe \(region.recipe.bytes.count)")
      }
      note(region.inner, path)
    }
  }

  private mutating func leave(_ left: Recompressor.LeftAlone, _ path: String) {
    if case .tooShort = left.reason {
    } else {
      Swift.print(
        "\(path) at \(left.offset), depth \(left.depth), \(left.kind) of"
          + " \(left.length.map(String.init) ?? "?") bytes: \(left.reason)")
    }
    var reason = "\(left.reason)"
    if case .notOpened = left.reason { reason = "not opened" }
    leftAlone["\(left.kind), \(reason)", default: (0, 0)].count += 1
    leftAlone["\(left.kind), \(reason)", default: (0, 0)].bytes += left.length ?? 0
  }

  /// Says it all.
  func print() {
    Swift.print("\(files) files")
    for (kind, sum) in kinds.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      Swift.print(
        "\(kind): \(sum.count) opened, \(sum.compressed) -> \(sum.opened) bytes,"
          + " recipes \(sum.recipes) bytes")
    }
    for (reason, sum) in leftAlone.sorted(by: { $0.key < $1.key }) {
      Swift.print("left alone: \(sum.count) \(reason), \(sum.bytes) bytes")
    }
    speed("analysing", analysing)
    speed("opening", opening)
    speed("rebuilding", rebuilding)
    Swift.print("failures: \(failures)")
  }

  private static func tenths(_ number: Double) -> Double { (number * 10).rounded() / 10 }

  private func speed(_ what: String, _ cost: Cost) {
    Swift.print(
      "\(what): \(Self.tenths(cost.wall)) s, \(Self.tenths(cost.processor)) s of processors:",
      "\(Self.tenths(Double(viewBytes) / max(cost.processor, 1e-9) / 1e6)) MB/s of opened bytes",
      "for each processor")
  }
}

/// Seconds, by the clock and of all processors together: a busy machine spoils only the first.
struct Cost {
  var wall = 0.0
  var processor = 0.0

  /// From some time on.
  static func now() -> Cost {
    Cost(wall: seconds(CLOCK_MONOTONIC), processor: seconds(CLOCK_PROCESS_CPUTIME_ID))
  }

  /// Adds what passed.
  mutating func add(since start: Cost) {
    let now = Self.now()
    wall += now.wall - start.wall
    processor += now.processor - start.processor
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// Which files to look at.
enum CompressedFiles {
  private static let names = [
    ".gz", ".xz", ".zst", ".zip", ".jar", ".whl", ".tgz", ".svgz", ".bz2",
  ]

  /// The files below some paths, sorted.
  static func find(_ paths: [String], all: Bool) throws -> [String] {
    var found: [String] = []
    for path in paths {
      var isDirectory: ObjCBool = false
      guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
        throw CocoaError(.fileNoSuchFile)
      }
      guard isDirectory.boolValue, let walk = FileManager.default.enumerator(atPath: path) else {
        found.append(path)
        continue
      }
      for case let name as String in walk where all || names.contains(where: name.hasSuffix) {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
        guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
        found.append("\(path)/\(name)")
      }
    }
    return found.sorted()
  }
}
