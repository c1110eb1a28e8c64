import Linux
import Recompress
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

@Suite("Devices that cannot make compressed files again", .btrfs)
struct InstallRecipeTests {
  let bench: InstallBench

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    try bench.apply(bench.update(from: nil, to: 1))
  }

  /// What an update is refused with that lists these samples; `nil` if it is installed.
  private func refusal(
    _ samples: [Manifest.RecipeSample], memory: UInt64 = 64 << 20, room: UInt64 = 0
  ) throws -> InstallError? {
    let update = try bench.update(from: 1, to: 2) { manifest in
      manifest.requiredFeatures = [Manifest.recompressionFeature]
      manifest.recompression = Manifest.Recompression(
        memory: memory, room: room, seconds: 1, samples: samples)
    }
    let state = try bench.state()
    let source = try bench.file(of: update)
    do throws(InstallError) {
      _ = try bench.device().apply(source, bench.options)
    } catch {
      #expect(try bench.state() == state)
      return error
    }
    return nil
  }

  private static let samples = RecipeSelfTest.builtIn.map {
    Manifest.RecipeSample(recipe: $0.recipe.bytes, fingerprint: $0.fingerprint)
  }.sorted { $0.recipe.lexicographicallyPrecedes($1.recipe) }

  @Test("Samples that come out as they should are no obstacle")
  func good() throws { #expect(try refusal(Self.samples) == nil) }

  @Test("Other bytes are refused before anything is changed", arguments: Self.samples.indices)
  func otherBytes(index: Int) throws {
    var samples = Self.samples
    samples[index].fingerprint += 1
    guard case .notRebuilt(let failures)? = try refusal(samples) else {
      Issue.record("not refused")
      return
    }
    #expect(failures.count == 1)
  }

  @Test("So are recipes beyond the memory that the update speaks of, unknown ones, and a full disk")
  func others() throws {
    guard case .notRebuilt? = try refusal(Self.samples, memory: 1000) else {
      Issue.record("memory")
      return
    }
    guard
      case .unsupportedRecipe(99)? = try refusal([.init(recipe: [99, 1], fingerprint: 1)])
    else {
      Issue.record("unknown")
      return
    }
    guard case .damagedPayload? = try refusal([.init(recipe: [2, 77], fingerprint: 1)]) else {
      Issue.record("malformed")
      return
    }
    guard case .notEnoughSpace? = try refusal(Self.samples, room: 1 << 45) else {
      Issue.record("room")
      return
    }
  }
}
