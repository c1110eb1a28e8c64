internal import Bytes

/// Kernel modules, put together by hand, of two releases of a kernel: they use its types, strings
/// and symbols, whose numbers differ between the releases alike for all modules.
public struct SampleModules: Sendable {
  /// One release.
  public struct Release: Sendable {
    fileprivate let types: UInt32
    fileprivate let strings: UInt32
    fileprivate let seed: UInt32
    fileprivate let isNew: Bool

    /// The kernel's number of a type, or of a string, that has another one in the other release.
    fileprivate func moved(_ number: UInt32, every: UInt32) -> UInt32 {
      isNew ? number + number / every : number
    }

    fileprivate func checksum(_ symbol: Int) -> UInt32 {
      (UInt32(symbol) &+ seed) &* 2_654_435_761 ^ seed
    }
  }

  /// The release before.
  public static let old = Release(types: 60_000, strings: 900_000, seed: 77, isNew: false)
  /// The release after.
  public static let new = Release(types: 60_300, strings: 904_000, seed: 1234, isNew: true)

  /// A module: the same for the same arguments.
  public static func module(_ index: Int, of release: Release) -> [UInt8] {
    var random = SeededGenerator(seed: UInt64(index) + 1)
    let own = 40
    var types: [UInt8] = []
    var strings: [UInt8] = []
    for type in 0..<own {
      let name = release.strings + UInt32(strings.count)
      strings += Array("module\(index)_type\(type)\u{0}".utf8)
      if type % 2 == 0 {
        types += words(name, 4 << 24 | 3, 24)
        for member in 0..<3 as Range<UInt32> {
          let string = UInt32.random(in: 1..<300, using: &random) * 2900
          let type = UInt32.random(in: 1..<200, using: &random) * 290
          types += words(
            release.moved(string, every: 250), release.moved(type, every: 200), member * 64)
        }
      } else if type % 4 == 1 {
        types += words(0, 13 << 24, release.types + UInt32(type) - 1)
      } else {
        types += words(name, 12 << 24, release.types + UInt32(type) - 2)
      }
    }
    var versions: [UInt8] = []
    for symbol in 0..<30 where Bool.random(using: &random) {
      let name = Array("symbol\(symbol)".utf8)
      versions += quads(UInt64(release.checksum(symbol))) + name
      versions += [UInt8](repeating: 0, count: 56 - name.count)
    }
    let header = words(
      0x0001_eb9f, 24, 0, UInt32(types.count), UInt32(types.count), UInt32(strings.count))
    let text = random.bytes(600) + (release.isNew ? random.bytes(10) : []) + random.bytes(100)
    return SmallElf(
      type: 1,
      [
        .init(".text", flags: 6, text), .init("__versions", versions),
        .init(".BTF", flags: 0, header + types + strings),
      ]
    ).bytes
  }
}
