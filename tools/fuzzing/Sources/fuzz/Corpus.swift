import BinaryDiff
import BinaryPatch
import Bytes
import Foundation

/// What inputs are made from: files of this machine, where there are such, and made-up ones.
struct Corpus {
  /// Executables of at most ``smallLength``.
  let small: [[UInt8]]
  /// Longer ones.
  let large: [[UInt8]]
  let streams: [[UInt8]]
  let heads: [[UInt8]]

  static let smallLength = 120 << 10
  static let longestLength = 8 << 20

  private static let common = [
    "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
    "/usr/bin/python3.11", "/usr/bin/true", "/usr/bin/ls", "/usr/bin/chmod",
    "/lib/x86_64-linux-gnu/libdl.so.2", "/lib/x86_64-linux-gnu/libpthread.so.0",
    "/lib/x86_64-linux-gnu/libz.so.1", "/lib/x86_64-linux-gnu/libutil.so.1",
  ]

  /// - Parameter files: Further executables: other machines', kernel modules.
  init(files: [String]) {
    var made: [[UInt8]] = (0..<6).map { SampleModules.module($0, of: SampleModules.old) }
    for machine in [62, 183] as [UInt16] {
      for type in [1, 2, 3] as [UInt16] {
        made.append(SmallElf.full(machine: machine, type: type).bytes)
      }
    }
    let found = (Self.common + files).compactMap(Self.read)
    small = made + found.filter { $0.count <= Self.smallLength }
    large = found.filter { $0.count > Self.smallLength && $0.count <= Self.longestLength }
    streams = Self.readAll("TestImages/streams", ending: ".stream")
    heads = Self.readAll("TestImages/updates", ending: ".xz")
  }

  private static func read(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path).map { [UInt8]($0) }
  }

  private static func readAll(_ folder: String, ending: String) -> [[UInt8]] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(ending) }.sorted().compactMap { read("\(folder)/\($0)") }
  }
}

extension [UInt8] {
  /// Edits of a few bytes, as faults and attackers make them.
  func damaged(using random: inout SeededGenerator) -> [UInt8] {
    var out = self
    for _ in 0..<Int.random(in: 1...6, using: &random) where !out.isEmpty {
      let at = Int.random(in: 0..<out.count, using: &random)
      let end = Swift.min(out.count, at + Int.random(in: 1...16, using: &random))
      switch Int.random(in: 0..<7, using: &random) {
      case 0: out[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: out[at] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
      case 2: out.replaceSubrange(at..<end, with: random.bytes(end - at))
      case 3: out.removeSubrange(at..<end)
      case 4: out.insert(contentsOf: random.bytes(end - at), at: at)
      case 5: out.insert(contentsOf: out[at..<end], at: Int.random(in: 0...at, using: &random))
      default:
        if UInt8.random(in: 0..<8, using: &random) == 0 { out.removeSubrange(at...) }
      }
    }
    return out
  }
}

extension UInt64 {
  /// A number that finds mistakes: at an edge, or a little beside what it was.
  func hostile(using random: inout SeededGenerator) -> UInt64 {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: 0
    case 1: .max
    case 2: 1 << UInt64.random(in: 0..<64, using: &random)
    case 3: (1 << UInt64.random(in: 0..<64, using: &random)) &- 1
    case 4: self &+ UInt64.random(in: 1...16, using: &random)
    case 5: self &- UInt64.random(in: 1...16, using: &random)
    case 6: self &* 2
    case 7: 0 &- self
    case 8: UInt64.random(in: 0...1 << 16, using: &random)
    default: .random(in: 0 ... .max, using: &random)
    }
  }
}
