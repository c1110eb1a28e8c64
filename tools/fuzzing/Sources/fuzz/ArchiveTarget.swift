import Archive
import Bytes
import Foundation
import Linux
import Tree
import XZ
import Zstd

/// Hostile archives, read into a temporary tree: nothing beside it may change, and nothing of it stay.
struct ArchiveTarget: Target {
  static let name = "archive"
  // System calls, and a header may name two thousand directories.
  static let nanosecondsPerByte = 20_000.0

  /// More data than this is not waited for.
  private static let longest: UInt64 = 4 << 20
  /// What every input may cost, beside its length.
  private static let allowance = 64 << 10

  private enum Packing: CaseIterable {
    case none, gzip, xz, zstd
  }

  private let archives = ArchiveSamples.all
  private let surroundings: Surroundings
  private let paths: [String]

  init(_ corpus: Corpus) throws {
    surroundings = try Surroundings("archive")
    try FileManager.default.createDirectory(
      atPath: surroundings.target, withIntermediateDirectories: true)
    paths = [
      "../outside/file", "../../outside/file", "link/file", "..", "link", "a/../../../outside/x",
      surroundings.outside + "/file", surroundings.outside, "/tmp/x", "", ".", "./", "d",
      "a//b/./c/",
      "/", "a", "d/e", String(repeating: "x", count: 99), "..\u{0}",
    ]
    // What fails before it is damaged reaches nothing.
    var meter = Meter(nanosecondsPerByte: Self.nanosecondsPerByte)
    for (index, archive) in archives.enumerated() {
      let digests = try Packing.allCases.map { try digest(Self.packed(archive, $0), &meter) }
      guard let first = digests[0], digests.allSatisfy({ $0 == first }) else {
        throw Finding("archive \(index) is not taken as it is: \(digests)")
      }
    }
  }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    let plain = archives.randomElement(using: &random) ?? []
    var hostile = plain.damaged(using: &random)
    if UInt8.random(in: 0..<16, using: &random) > 0 {
      var archive = HostileArchive(plain)
      archive.mutate(paths: paths, using: &random)
      hostile = archive.sealed
    }
    let packing = Packing.allCases.randomElement(using: &random) ?? .none
    guard UInt8.random(in: 0..<4, using: &random) > 0 else {
      return try digest(Self.packed(hostile, packing).damaged(using: &random), &meter) != nil
    }
    let taken = try digest(hostile, &meter)
    if UInt8.random(in: 0..<4, using: &random) == 0 {
      let again = try digest(Self.packed(hostile, packing), &meter)
      guard taken == again else { throw Finding("\(packing) makes another tree of it") }
    }
    return taken != nil
  }

  private static func packed(_ plain: [UInt8], _ packing: Packing) throws -> [UInt8] {
    var output: [UInt8] = []
    switch packing {
    case .none: return plain
    case .gzip: return try RecompressTarget.region(plain, [1, 1, 15, 14, 1, 0, 0])
    case .xz:
      var encoder = try XZEncoder(XZEncoder.Options(preset: 0, blockSize: 1 << 16))
      try encoder.encode(plain.rawSpan, into: &output)
      try encoder.finish(into: &output)
    case .zstd:
      var encoder = try ZstdStreamEncoder(
        ZstdStreamEncoder.Options(
          level: 1, hasChecksum: true, contentSize: nil, isMultithreaded: false))
      try encoder.encode(plain.rawSpan, into: &output)
      try encoder.finish(into: &output)
    }
    return output
  }

  /// The digest of the tree that an archive holds; `nil` if it is refused.
  private func digest(_ archive: [UInt8], _ meter: inout Meter) throws -> TreeDigest? {
    let before = try Self.countOpenFiles()
    let digest = try read(archive, &meter)
    try surroundings.check()
    let left = try FileManager.default.contentsOfDirectory(atPath: surroundings.target)
    guard left.isEmpty else { throw Finding("left behind: \(left)") }
    let open = try Self.countOpenFiles()
    guard open == before else { throw Finding("\(open) open files, and \(before) before") }
    return digest
  }

  private func read(_ archive: [UInt8], _ meter: inout Meter) throws -> TreeDigest? {
    let file = try Descriptor.open(surroundings.target, [.unnamed, .readWrite], permissions: 0o600)
    try file.write(archive.rawSpan, at: 0)
    let bytes = archive.count + Self.allowance
    var tree = try meter.measure(bytes: bytes) {
      try refusable {
        try TreeCatalog(archive: file.duplicate(), temporaryIn: surroundings.target) {
          $0.dataBytes <= Self.longest
        }
      }
    }
    let digest = try tree.flatMap { try self.digest(of: $0) }
    // Its files are removed.
    try meter.measure(bytes: bytes) { tree = nil }
    return digest
  }

  private func digest(of tree: TreeCatalog) throws -> TreeDigest? {
    try ArchiveCheck(tree).check()
    // What is sparse may be longer than anybody waits.
    let size = tree.inodes.reduce(UInt64(0)) { $0.addingReportingOverflow($1.size).partialValue }
    return size <= Self.longest ? try TreeSummary(of: tree).digest : nil
  }

  private static func countOpenFiles() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
  }
}

extension ArchiveTarget: GuidedTarget {
  /// Archives whose checksums are set right, and compressed ones as they are.
  var seeds: [[UInt8]] {
    let small = archives.filter { $0.count < 1 << 14 }
    let packed = small.flatMap { archive in
      Packing.allCases.dropFirst().compactMap { packing -> [UInt8]? in
        (try? Self.packed(archive, packing)).map { [1] + $0 }
      }
    }
    return small.map { [0] + $0 } + packed
  }

  mutating func take(_ input: [UInt8], _ meter: inout Meter) throws {
    guard let kind = input.first else { return }
    let rest = Array(input.dropFirst())
    _ = try digest(kind & 1 == 0 ? HostileArchive(rest).sealed : rest, &meter)
  }
}

/// What has to be true of any tree that an archive gives.
private struct ArchiveCheck {
  private let tree: TreeCatalog

  init(_ tree: TreeCatalog) { self.tree = tree }

  func check() throws {
    guard tree.entries.first == TreeCatalog.Entry(path: [], inode: 0) else {
      throw Finding("the root is not the first")
    }
    var directories: Set<[UInt8]> = []
    var inodes = 0
    for (index, entry) in tree.entries.enumerated() {
      let path = String(decoding: entry.path, as: UTF8.self)
      if index > 0 {
        guard TreeCatalog.isBefore(tree.entries[index - 1].path, entry.path) else {
          throw Finding("\(path) is out of order")
        }
        try check(entry.path, directories)
      }
      guard entry.inode <= inodes else { throw Finding("\(path) has no inode") }
      let isFirst = entry.inode == inodes
      let inode = tree.inodes[entry.inode]
      if isFirst {
        inodes += 1
        try check(inode, path)
      }
      if inode.type == .directory {
        guard isFirst else { throw Finding("\(path) is a link to a directory") }
        directories.insert(entry.path)
      } else if inode.type == .regular {
        // Refuses one of another size.
        do { _ = try tree.open(entry) } catch { throw Finding("\(path): \(error)") }
      }
    }
    guard inodes == tree.inodes.count else { throw Finding("inodes without names") }
  }

  private func check(_ path: [UInt8], _ directories: Set<[UInt8]>) throws {
    let components = path.split(separator: 0x2F, omittingEmptySubsequences: false)
    let isWrong = components.contains {
      $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) || $0.contains(0)
        || $0.count > 255
    }
    let parent = Array(path[..<(path.lastIndex(of: 0x2F) ?? 0)])
    guard !isWrong, path.count < 4096, directories.contains(parent) else {
      throw Finding("there cannot be \(String(decoding: path, as: UTF8.self))")
    }
  }

  private func check(_ inode: TreeInode, _ path: String) throws {
    let names = inode.attributes.map(\.name)
    let isSorted = zip(names, names.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
    guard isSorted, inode.permissions <= 0o7777, inode.modificationTime.nanoseconds < 1_000_000_000,
      (inode.type == .symbolicLink) == !inode.target.isEmpty, !inode.target.contains(0),
      inode.user != .max, inode.group != .max, inode.type == .regular || inode.size == 0
    else { throw Finding("\(path) cannot be: \(inode)") }
  }
}
