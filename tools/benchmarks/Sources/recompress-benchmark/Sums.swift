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
  private var analysing = Duration.zero
  private var opening = Duration.zero
  private var rebuilding = Duration.zero
  private var viewBytes: UInt64 = 0
  private(set) var failures = 0

  /// Analyses a file, opens it, makes it again, and compares.
  mutating func measure(
    _ path: String, _ bytes: [UInt8], kinds: Set<RecipeKind>, threads: Int, memory: UInt64
  ) throws {
    files += 1
    let clock = ContinuousClock()
    let file = MemorySpill(bytes)
    let limits = RecompressLimits(memory: memory)
    let recompressor = Recompressor(limits: limits, kinds: kinds, threads: threads)
    var start = clock.now
    let analysis = try recompressor.analyse(file, spill: MemorySpill())
    analysing += clock.now - start
    for left in analysis.leftAlone { leave(left, path) }
    guard !analysis.layout.regions.isEmpty else { return }
    note(analysis.layout.regions, path)

    start = clock.now
    let layoutBytes = analysis.layout.bytes
    let layout = try FileLayout(layoutBytes.rawSpan)
    let view = try OpenedView(file, layout, spill: MemorySpill(), limits: limits)
    opening += clock.now - start
    viewBytes += view.byteCount
    start = clock.now
    let made = try rebuild(view, layout, threads)
    rebuilding += clock.now - start
    if made != bytes || layout != analysis.layout {
      failures += 1
      Swift.print("\(path): does not come back")
    }
  }

  private func rebuild(
    _ view: OpenedView, _ layout: FileLayout, _ threads: Int
  ) throws -> [UInt8] {
    let rebuilder = FileRebuilder(layout, threads: threads)
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

  private func speed(_ what: String, _ time: Duration) {
    let seconds =
      Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    let rate = Double(viewBytes) / max(seconds, 1e-9) / 1e6
    Swift.print(
      "\(what): \(Self.tenths(seconds)) s, \(Self.tenths(rate)) MB/s of opened bytes")
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
