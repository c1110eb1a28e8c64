import Bytes
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Loaders whose change is interrupted")
struct LoaderFaultTests {
  enum Change: CaseIterable {
    case first, activate, markGood, rollBack

    func prepare(_ bench: LoaderBench) throws {
      switch self {
      case .first: break
      case .activate:
        // What is there is known to the loader.
        let disk = try bench.disk([bench.current])
        try bench.backend.prepare(bench.current, root: bench.root(bench.current), disk)
        try bench.backend.setPrimary(bench.current, tries: nil, disk)
      case .markGood, .rollBack:
        try bench.activate()
        _ = try bench.start()
      }
    }

    func run(_ bench: LoaderBench) throws {
      switch self {
      case .first, .activate: try bench.activate()
      case .markGood: try bench.markGood()
      case .rollBack: try bench.rollBack()
      }
    }

    func end(_ bench: LoaderBench) -> SubvolumeUUID {
      self == .rollBack ? bench.current.uuid : bench.next.uuid
    }
  }

  static let cases = LoaderBench.Kind.allCases.flatMap { kind in
    Change.allCases.flatMap { change in
      // U-Boot's tools take their time; what only reads is the same as for GRUB.
      (kind == .uboot ? [true] : [true, false]).map { (kind, change, $0) }
    }
  }

  @Test(
    "After a kill at any call, or one failing call, the loader starts the old or the new system whole",
    arguments: cases)
  func interrupted(_ kind: LoaderBench.Kind, _ change: Change, _ isKill: Bool) throws {
    for call in 1... {
      let bench = try LoaderBench(kind)
      try change.prepare(bench)
      let fault: FaultInjection.Fault =
        isKill ? .failFrom(call, .inputOutput) : .fail(at: call, .inputOutput)
      let (isDone, wasReached) = FaultInjection.with(fault, counting: isKill ? .changes : .all) {
        injection in
        do {
          try change.run(bench)
          return (true, injection.count >= call)
        } catch { return (false, injection.count >= call) }
      }
      if try change != .first || bench.isKnown() {
        let started = try bench.start()
        #expect(
          started == bench.current.uuid || started == bench.next.uuid, "call \(call)")
        if isDone { #expect(started == change.end(bench), "call \(call)") }
      }
      // It can be done again, and nothing is left over then.
      try change.run(bench)
      #expect(try bench.start() == change.end(bench), "call \(call)")
      try bench.backend.retain(
        [bench.next, bench.current], bench.disk([bench.next, bench.current]))
      #expect(
        try !bench.names("btrfs-update").contains { $0.hasSuffix(".new") }, "call \(call)")
      #expect(try bench.names("btrfs-update").filter { $0.hasSuffix(".linux") }.count == 2)
      if !wasReached {
        #expect(isDone && call > 2)
        break
      }
    }
  }
}

extension LoaderBench {
  /// Whether the loader has been told of any system; else another one's entry boots.
  func isKnown() throws -> Bool {
    switch kind {
    case .bls: try !names("loader/entries").isEmpty
    case .grub, .uboot: try read("environment").contains("btrfs_update_first=0")
    }
  }
}
