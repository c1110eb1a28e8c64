import Bytes
import UpdateFile

/// Hostile heads of update files: the outer form, and manifests inside a right one.
struct HeadTarget: Target {
  static let name = "head"
  static let nanosecondsPerByte = 1_000.0

  private var heads: [(file: [UInt8], head: UpdateHead)] = []

  init(_ corpus: Corpus) throws {
    for file in corpus.heads {
      guard let (head, length) = try refusable({ try Self.read(file, step: 1000) }) else {
        continue
      }
      heads.append((Array(file[..<length]), head))
    }
    guard !heads.isEmpty else { throw Finding("no head to begin with") }
  }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    guard let (file, head) = heads.randomElement(using: &random) else { return false }
    let step = [1, 7, 1000, .max].randomElement(using: &random) ?? 1
    var hostile = file.damaged(using: &random)
    if UInt8.random(in: 0..<4, using: &random) > 0 {
      let made = try refusable {
        try UpdateHead(
          manifestBytes: head.manifestBytes.damaged(using: &random),
          baseVersion: UInt32.random(in: 1...2, using: &random), signatures: head.signatures
        ).encoded()
      }
      hostile = made ?? hostile
    }
    return try check(hostile, step, &meter)
  }

  private func check(_ hostile: [UInt8], _ step: Int, _ meter: inout Meter) throws -> Bool {
    try meter.measure(bytes: hostile.count) {
      guard let (read, length) = try refusable({ try Self.read(hostile, step: step) }) else {
        return false
      }
      guard try read.encoded() == Array(hostile[..<length]) else {
        throw Finding("a head is taken that nobody would write")
      }
      guard let manifest = try refusable({ try read.unverifiedManifest() }) else { return false }
      guard try manifest.encoded() == read.manifestBytes else {
        throw Finding("a manifest is taken that nobody would write")
      }
      return true
    }
  }

  private static func read(_ file: [UInt8], step: Int) throws -> (UpdateHead, Int) {
    var reader = HeadReader()
    var at = 0
    while reader.wanted > 0, at < file.count {
      let end = at + min(step, reader.wanted, file.count - at)
      try reader.append(file.rawSpan.extracting(at..<end))
      at = end
    }
    return (try reader.finish(), at)
  }
}

extension HeadTarget: GuidedTarget {
  /// The outer form, or a manifest for a right one.
  var seeds: [[UInt8]] {
    heads.map { [0] + $0.file } + heads.map { [1] + $0.head.manifestBytes }
  }

  mutating func take(_ input: [UInt8], _ meter: inout Meter) throws {
    guard let kind = input.first, let (_, head) = heads.first else { return }
    var file = Array(input.dropFirst())
    if kind & 1 == 1 {
      let made = try refusable {
        try UpdateHead(
          manifestBytes: file, baseVersion: kind & 2 == 0 ? 2 : 1, signatures: head.signatures
        ).encoded()
      }
      file = made ?? file
    }
    _ = try check(file, 1000, &meter)
  }
}
