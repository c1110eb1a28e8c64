import Bytes
import Crypto
import TestSupport
import Testing
import UpdateInstaller

@Suite("Choosing updates from a stick")
struct UpdateChainTests {
  private func tree(_ version: UInt64, variant: UInt8 = 0) throws -> TreeIdentity {
    let bytes = [UInt8](repeating: variant, count: 32)
    let digest = SHA256Digest(copying: bytes.rawSpan)
    return TreeIdentity(version: SystemVersion(version), content: try #require(digest))
  }

  /// An update `from` (0 for a full one) `to`.
  private func update(
    _ from: UInt64, _ to: UInt64, _ size: UInt64, fits: Bool = false, _ name: String? = nil,
    variants: (UInt8, UInt8) = (0, 0)
  ) throws -> UpdateCandidate {
    UpdateCandidate(
      name: name ?? "\(from)-\(to)", size: size,
      parent: from == 0 ? nil : try tree(from, variant: variants.0),
      target: try tree(to, variant: variants.1), fitsNow: fits || from == 0)
  }

  private func chain(_ candidates: [UpdateCandidate], installed: [UInt64]) -> [String] {
    let versions = Set(installed.map { SystemVersion($0) })
    let chain = UpdateChain.shortest(candidates, installed: versions).map(\.name)
    // The order of the files on the stick has no say.
    #expect(
      UpdateChain.shortest(candidates.reversed(), installed: versions).map(\.name) == chain)
    return chain
  }

  @Test("Nothing to choose from, nothing newer, nothing that fits: nothing")
  func nothing() throws {
    #expect(chain([], installed: [1]).isEmpty)
    #expect(chain([try update(0, 3, 9)], installed: [5]).isEmpty)
    #expect(chain([try update(0, 5, 9)], installed: [5]).isEmpty)
    #expect(chain([try update(6, 7, 9)], installed: [5]).isEmpty)
  }

  @Test("The newest version counts more than bytes")
  func newest() throws {
    let all = [try update(1, 2, 1, fits: true), try update(0, 3, 1_000_000)]
    #expect(chain(all, installed: [1]) == ["0-3"])
  }

  @Test("A chain of deltas, one delta or a full update: whichever has the fewest bytes")
  func fewestBytes() throws {
    func choose(direct: UInt64, full: UInt64) throws -> [String] {
      chain(
        [
          try update(1, 2, 10, fits: true), try update(2, 3, 10), try update(3, 4, 10),
          try update(1, 4, direct, fits: true), try update(0, 4, full),
        ], installed: [1])
    }
    #expect(try choose(direct: 31, full: 90) == ["1-2", "2-3", "3-4"])
    #expect(try choose(direct: 29, full: 90) == ["1-4"])
    #expect(try choose(direct: 29, full: 28) == ["0-4"])
    #expect(try choose(direct: 30, full: 30) == ["0-4"])
  }

  @Test("A full update can be the beginning of a chain")
  func fullThenDelta() throws {
    let all = [try update(0, 5, 50), try update(5, 6, 1), try update(0, 6, 60)]
    #expect(chain(all, installed: [1]) == ["0-5", "5-6"])
    #expect(chain(all, installed: []) == ["0-5", "5-6"])
  }

  @Test("A delta from another tree of the same version is no step")
  func otherTree() throws {
    let all = [
      try update(1, 2, 10, fits: true), try update(2, 3, 10, variants: (7, 0)),
    ]
    #expect(chain(all, installed: [1]) == ["1-2"])
    let both = all + [try update(1, 2, 99, fits: true, "other", variants: (0, 7))]
    #expect(chain(both, installed: [1]) == ["other", "2-3"])
  }

  @Test("No chain goes down, in a circle, or over a version that is installed")
  func noDetours() throws {
    #expect(
      chain(
        [
          try update(1, 3, 5, fits: true), try update(3, 2, 5), try update(2, 4, 5),
        ], installed: [1]) == ["1-3"])
    #expect(
      chain([try update(1, 1, 5), try update(1, 2, 5)], installed: []).isEmpty)
    #expect(
      chain([try update(1, 2, 5, fits: true), try update(2, 3, 5)], installed: [1, 2]).isEmpty)
  }

  @Test("Sizes that no file has do not overflow")
  func overflow() throws {
    let all = [
      try update(1, 2, .max, fits: true), try update(2, 3, 1), try update(0, 3, .max),
    ]
    #expect(chain(all, installed: [1]) == ["0-3"])
  }

  @Test("The answer is that of trying all paths")
  func exhaustive() throws {
    var generator = SeededGenerator.ofTest("chains")
    for _ in 0..<300 {
      let installed = UInt64.random(in: 0...3, using: &generator)
      var all: [UpdateCandidate] = []
      for index in 0..<Int.random(in: 0...9, using: &generator) {
        let to = UInt64.random(in: 1...6, using: &generator)
        let from = UInt64.random(in: 0..<to, using: &generator)
        let size = UInt64.random(in: 1...20, using: &generator)
        all.append(try update(from, to, size, fits: from == installed, "\(index)"))
      }
      let have = installed == 0 ? [] : [SystemVersion(installed)]
      let chain = UpdateChain.shortest(all, installed: Set(have))
      let best = every(all, after: nil, installed: installed)
        .filter { $0.last.map { $0.target.version.number > installed } ?? false }
        .map { ($0.last?.target.version.number ?? 0, $0.reduce(0) { $0 + $1.size }) }
        .max { ($0.0, $1.1) < ($1.0, $0.1) }
      #expect(chain.last?.target.version.number == best?.0)
      #expect(best == nil || chain.reduce(0) { $0 + $1.size } == best?.1)
    }
  }

  /// Every chain, by brute force.
  private func every(
    _ all: [UpdateCandidate], after last: UpdateCandidate?, installed: UInt64
  ) -> [[UpdateCandidate]] {
    var found: [[UpdateCandidate]] = [[]]
    for next in all where next.target.version.number != installed {
      let follows = last.map { next.parent == $0.target } ?? next.fitsNow
      guard follows else { continue }
      found += every(all, after: next, installed: installed).map { [next] + $0 }
    }
    return found
  }
}
