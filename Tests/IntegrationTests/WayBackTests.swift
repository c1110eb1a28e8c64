import Btrfs
import Bytes
import Linux
import TestSupport
import Testing
import Tree
import UpdateBuilder
import UpdateFile

@testable import UpdateInstaller

@Suite("The way back to an older version, for service", .btrfs)
struct WayBackTests {
  let bench: InstallBench

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
  }

  /// Builds an update as `btrfs-delta build` does, and opens it.
  private func build(
    _ from: UInt64?, _ to: UInt64, allowsOlder: Bool = false
  ) async throws -> String {
    func tree(_ version: UInt64) -> String { "\(bench.server)/sys_root_v\(version)" }
    var options = BuildOptions(
      parent: from.map(tree), child: tree(to), output: "\(bench.server)/\(from ?? 0)-\(to).xz",
      keys: [bench.key])
    options.product = "thermostat"
    options.allowsOlder = allowsOlder
    _ = try await UpdateBuilder.build(options)
    return options.output
  }

  private func apply(_ path: String, forced: Bool = false) throws(InstallError) {
    var options = bench.options
    options.forcesDowngrade = forced
    let source: Descriptor
    do throws(SystemError) { source = try Descriptor.open(path) } catch { throw .system(error) }
    _ = try bench.device().apply(source, options)
  }

  @Test("It is built on request only, and a device takes it when it is forced to")
  func back() async throws {
    try await apply(build(nil, 1))
    try await apply(build(1, 2))
    let device = try bench.device()
    try device.activate(SystemVersion(1))
    try device.activate(SystemVersion(2))
    try device.markGood(SystemVersion(2))
    await #expect(throws: BuildError.self) { try await build(2, 1) }
    let back = try await build(2, 1, allowsOlder: true)
    // The version is there still.
    var refusal: InstallError?
    do throws(InstallError) { try apply(back, forced: true) } catch { refusal = error }
    guard case .alreadyInstalled? = refusal else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    let top = try Descriptor.open(bench.disk, .directory)
    try Subvolume.delete("sys_root_v1", in: top)
    refusal = nil
    do throws(InstallError) { try apply(back) } catch { refusal = error }
    guard case .olderVersion? = refusal else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    try apply(back, forced: true)
    #expect(
      try bench.tree("\(bench.disk)/sys_root_v1") == bench.tree("\(bench.server)/sys_root_v1"))
    try device.verify(SystemVersion(1))
    try device.activate(SystemVersion(1))
    try device.markGood(SystemVersion(1))
    let status = try device.status()
    #expect(status.current?.version == SystemVersion(1))
    // The floor stays where it was: newer updates are nothing special afterwards.
    #expect(status.floor == SystemVersion(2))
  }
}
