import Bytes
import Recompress

/// Hostile compressed files, layouts and recipes: the finder, the readers of compressed data, the
/// rebuilders.
struct RecompressTarget: Target {
  static let name = "recompress"
  static let nanosecondsPerByte = 10_000.0

  private static let limits = RecompressLimits(
    openedBytes: 4 << 20, failures: 200, shortest: 1, memory: 64 << 20)
  /// What every input may cost, beside its length.
  private static let allowance = 1 << 20

  /// Files with regions, and their layouts.
  private var files: [(file: [UInt8], layout: FileLayout)] = []

  init(_ corpus: Corpus) throws {
    for (index, plain) in corpus.small.prefix(6).enumerated() {
      let level = UInt8(1 + index % 9)
      let recipes: [[UInt8]] = [
        // Deflate: level, hash, policy, trailer, no corrections; xz: CRC-32, no filter, preset 1.
        [1, level, 15, 0, 1, 0, 0], [1, level, 15, 14, 1, 0, 0],
        [2, 1, 0, 1, 0x80, 0x80, 0x04, 0], [2, 4, 4, 0, 0x80, 0x80, 0x04, 0x80, 0x80, 0x04],
      ]
      for recipe in recipes {
        var file = try Self.compressed(plain, recipe)
        // One within another.
        if index % 3 == 0 { file = try Self.compressed(plain[..<100] + file, recipes[0]) }
        files.append((file, try Self.analysed(file).layout))
      }
      let bitcode = try Self.bitcode(plain)
      files.append((bitcode, try Self.analysed(bitcode).layout))
      let messages = try Self.messages(plain, hasHashTable: index % 2 == 0)
      files.append((messages, try Self.analysed(messages).layout))
    }
    guard files.contains(where: { !$0.layout.regions.isEmpty }) else {
      throw Finding("nothing is opened to begin with")
    }
  }

  /// A bitstream: a block with an abbreviation, and records of some bytes each, in both spellings.
  private static func bitcode(_ plain: [UInt8]) throws -> [UInt8] {
    var opened: [UInt8] = [0x42, 0x43, 0xc0, 0xde, 1, 8, 3, 0, 2, 2, 0, 3, 0, 1, 7]
    for start in stride(from: 0, to: plain.count, by: 90) {
      let some = plain[start..<min(start + 90, plain.count)].map { $0 & 127 }
      opened += (start % 4 == 0 ? [4] : [3, 17]) + [UInt8(some.count)] + some
    }
    let recipe: [UInt8] = [4]
    let rebuilder = try RegionRebuilder(Recipe(recipe.rawSpan))
    opened.append(0)
    var file: [UInt8] = []
    try rebuilder.push(opened.rawSpan, into: &file)
    try rebuilder.finish(into: &file)
    return file
  }

  /// A message catalog: an even number of strings, some of them with the mark of a zero.
  private static func messages(_ plain: [UInt8], hasHashTable: Bool) throws -> [UInt8] {
    var opened: [UInt8] = []
    for start in stride(from: 0, to: plain.count &- 1, by: 40) {
      let end = min(start + 39, plain.count)
      for part in [start..<(start + end) / 2, (start + end) / 2..<end] {
        opened += plain[part].map { $0 == 0 ? 1 : $0 }
        opened.append(0)
      }
    }
    return try [7] + region(opened, [5, hasHashTable ? 1 : 0])
  }

  /// Something with a region: what a recipe makes of the bytes.
  static func compressed(_ plain: [UInt8], _ recipe: [UInt8]) throws -> [UInt8] {
    try plain.prefix(50) + region(plain, recipe)
  }

  /// What a recipe makes of the bytes; of Deflate a gzip file.
  static func region(_ plain: [UInt8], _ recipe: [UInt8]) throws -> [UInt8] {
    let rebuilder = try RegionRebuilder(Recipe(recipe.rawSpan))
    var output: [UInt8] = recipe[0] == 1 ? [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] : []
    try rebuilder.push(plain.rawSpan, into: &output)
    try rebuilder.finish(into: &output)
    return output
  }

  static func analysed(_ file: [UInt8]) throws -> Recompressor.Analysis {
    try Recompressor(limits: limits).analyse(MemorySpill(file), spill: MemorySpill())
  }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    guard let (file, layout) = files.randomElement(using: &random) else { return false }
    let step = [1000, 1 << 15, 1 << 18].randomElement(using: &random) ?? 1
    return try meter.measure(bytes: file.count + Self.allowance) {
      if Bool.random(using: &random) {
        return try Self.opens(file.damaged(using: &random), step: step)
      }
      return try Self.takes(layout.bytes.damaged(using: &random), of: file, step: step)
    }
  }

  private static func opens(_ hostile: [UInt8], step: Int) throws -> Bool {
    let found = try analysed(hostile).layout
    guard try rebuilt(hostile, found, step: step) == hostile else {
      throw Finding("a region was proven that does not come back")
    }
    return !found.regions.isEmpty
  }

  private static func takes(_ layout: [UInt8], of file: [UInt8], step: Int) throws -> Bool {
    guard let lie = try refusable({ try FileLayout(layout.rawSpan) }) else { return false }
    guard lie.bytes == layout else { throw Finding("a layout is taken that nobody would write") }
    _ = try refusable { try rebuilt(file, lie, step: step) }
    return true
  }

  private static func rebuilt(
    _ file: [UInt8], _ layout: FileLayout, step: Int
  ) throws -> [UInt8] {
    let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill(), limits: limits)
    // Half of them beside this thread.
    let pool = step % 2 == 0 ? RebuildPool(threads: 2, memory: limits.memory) : nil
    let rebuilder = FileRebuilder(layout, memoryLimit: limits.memory, pool: pool)
    var output: [UInt8] = []
    var at: UInt64 = 0
    while at < view.byteCount {
      let bytes = try view.bytes(at: at, count: step)
      try rebuilder.push(bytes.rawSpan, into: &output)
      at += UInt64(bytes.count)
    }
    try rebuilder.finish(into: &output)
    return output
  }
}

extension RecompressTarget: GuidedTarget {
  /// A compressed file, or which file and its layout.
  var seeds: [[UInt8]] {
    var all: [[UInt8]] = []
    for (index, known) in files.prefix(127).enumerated() {
      all.append([0] + known.file)
      all.append([UInt8(index + 1)] + known.layout.bytes)
    }
    return all.filter { $0.count < 1 << 14 }
  }

  mutating func take(_ input: [UInt8], _ meter: inout Meter) throws {
    guard let number = input.first else { return }
    let rest = Array(input.dropFirst())
    let file = files[(Int(number) + files.count - 1) % files.count].file
    try meter.measure(bytes: file.count + rest.count + Self.allowance) {
      _ =
        try number == 0
        ? Self.opens(rest, step: 1 << 15) : Self.takes(rest, of: file, step: 1 << 15)
    }
  }
}
