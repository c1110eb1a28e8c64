import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Loaders that count")
struct LoaderTests {
  @Test(
    "A system that is not marked good is started as often as it may, then the last good one",
    arguments: LoaderBench.Kind.allCases)
  func fallsBack(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try bench.activate()
    let disk = try bench.disk([bench.next, bench.current])
    for left in [3, 2, 1] {
      #expect(try bench.backend.state(of: bench.next, disk) == .trial(triesLeft: left))
      #expect(try bench.backend.primary(disk) == bench.next)
      #expect(try bench.start() == bench.next.uuid)
    }
    #expect(try bench.backend.state(of: bench.next, disk) == .bad)
    #expect(try bench.backend.primary(disk) == bench.current)
    #expect(try bench.start() == bench.current.uuid)
    #expect(try bench.start() == bench.current.uuid)
    // boot-check agrees with it; and somebody wants to try again.
    try bench.rollBack()
    #expect(try bench.backend.primary(disk) == bench.current)
    #expect(try bench.backend.state(of: bench.current, disk) == .good)
    #expect(try bench.backend.state(of: bench.next, disk) == .bad)
    try bench.backend.setPrimary(bench.next, tries: 1, disk)
    #expect(try bench.start() == bench.next.uuid)
    #expect(try bench.start() == bench.current.uuid)
  }

  @Test(
    "What is marked good is started for good, and can be left again",
    arguments: LoaderBench.Kind.allCases)
  func good(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try bench.activate(tries: 1)
    #expect(try bench.start() == bench.next.uuid)
    for _ in 1...2 { try bench.markGood() }
    for _ in 1...3 { #expect(try bench.start() == bench.next.uuid) }
    try bench.rollBack()
    for _ in 1...3 { #expect(try bench.start() == bench.current.uuid) }
  }

  @Test("Told the same twice, a loader gives no more tries", arguments: LoaderBench.Kind.allCases)
  func twice(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try bench.activate(tries: 2)
    #expect(try bench.start() == bench.next.uuid)
    let disk = try bench.disk([bench.next, bench.current])
    try bench.backend.setPrimary(bench.next, tries: 2, disk)
    #expect(try bench.backend.state(of: bench.next, disk) == .trial(triesLeft: 1))
  }

  @Test(
    "Who replaces a system on trial gets the good one back, not that",
    arguments: LoaderBench.Kind.allCases)
  func replaced(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try bench.activate()
    let disk = try bench.disk([bench.next, bench.current, bench.last])
    try bench.backend.prepare(bench.last, root: bench.root(bench.last), disk)
    try bench.backend.setPrimary(bench.last, tries: 1, disk)
    try bench.backend.retain([bench.last, bench.current], disk)
    #expect(try bench.start() == bench.last.uuid)
    #expect(try bench.start() == bench.current.uuid)
    #expect(throws: BootError.unknownSystem(bench.next.uuid)) {
      try bench.backend.setPrimary(bench.next, tries: 1, disk)
    }
  }

  @Test(
    "What is the same in two systems is there once, and goes with the last that has it",
    arguments: LoaderBench.Kind.allCases)
  func shared(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try bench.write("boot/btrfs-update/mine.txt", "x")
    try bench.activate()
    func count(_ suffix: String) throws -> Int {
      try bench.names("btrfs-update").filter { $0.hasSuffix(suffix) }.count
    }
    #expect(try count(".linux") == 2 && count(".initrd") == 1)
    try bench.backend.retain([bench.next], bench.disk([bench.next]))
    #expect(try count(".linux") == 1 && count(".initrd") == 1)
    #expect(try bench.start() == bench.next.uuid)
    try bench.backend.retain([], bench.disk([]))
    #expect(try bench.names("btrfs-update") == ["mine.txt"])
    #expect(try bench.names("loader/entries").isEmpty)
  }

  @Test("A damaged kernel is copied again", arguments: LoaderBench.Kind.allCases)
  func damaged(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try bench.activate()
    for name in try bench.names("btrfs-update") where name.hasSuffix(".linux") {
      try bench.write("boot/btrfs-update/\(name)", "kern")
    }
    try bench.rollBack()
    #expect(try bench.start() == bench.current.uuid)
  }

  @Test(
    "What was started is seen from the kernel's command line",
    arguments: LoaderBench.Kind.allCases)
  func current(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    let disk = try bench.disk([bench.next, bench.current])
    #expect(try bench.backend.current(disk) == nil)
    try bench.write("cmdline", "root=/dev/x rootflags=noatime,subvolid=258 quiet\n")
    #expect(try bench.backend.current(disk) == bench.next)
  }

  @Test(
    "A place that is not set up is refused before anything is written",
    arguments: LoaderBench.Kind.allCases)
  func notSetUp(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try FileManager.default.removeItem(atPath: "\(bench.boot)/btrfs-update")
    let error = #expect(throws: BootError.self) { try bench.activate() }
    guard case .unusable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    bench.files.directory = "\(bench.temporary.path)/none"
    #expect(throws: BootError.self) { try bench.activate() }
  }

  @Test(
    "A tree without kernel or initrd is refused, and leaves nothing",
    arguments: LoaderBench.Kind.allCases)
  func noKernel(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try bench.activate()
    try bench.markGood()
    let tree = "\(bench.temporary.path)/disk/\(bench.last.name)/boot"
    let before = try bench.names("btrfs-update")
    let disk = try bench.disk([bench.next, bench.current, bench.last])
    for name in ["initrd.img-6.1.0-21", "vmlinuz-6.1.0-21", "vmlinuz-6.1.0-9"] {
      try FileManager.default.removeItem(atPath: "\(tree)/\(name)")
      let error = #expect(throws: BootError.self) {
        try bench.backend.prepare(bench.last, root: bench.root(bench.last), disk)
      }
      if name.hasPrefix("initrd") {
        #expect(error == .missing(path: "boot/initrd.img-6.1.0-21"))
        try bench.write("disk/\(bench.last.name)/boot/initrd.img-6.1.0-9", "")
        continue
      }
      guard name.hasSuffix("-21") else {
        #expect(error == .missing(path: "boot/vmlinuz-*"))
        continue
      }
      // An empty one is none.
      #expect(error.map { "\($0)" }?.contains("1 to") == true)
    }
    #expect(try bench.names("btrfs-update") == before)
  }

  @Test(
    "A partition without room is said so before anything is written, and nothing is left there",
    arguments: LoaderBench.Kind.allCases)
  func full(_ kind: LoaderBench.Kind) throws {
    let bench = try LoaderBench(kind)
    try run("mount", "-t", "tmpfs", "-o", "size=400k", "none", bench.boot)
    defer { _ = try? run("umount", bench.boot) }
    for directory in ["btrfs-update", "loader/entries"] {
      try FileManager.default.createDirectory(
        atPath: "\(bench.boot)/\(directory)", withIntermediateDirectories: true)
    }
    try bench.activate()
    try bench.markGood()
    try bench.makeTree(of: bench.last, kernel: String(repeating: "k", count: 300_000))
    let before = try bench.names("btrfs-update")
    let disk = try bench.disk([bench.next, bench.current, bench.last])
    let error = #expect(throws: BootError.self) {
      try bench.backend.prepare(bench.last, root: bench.root(bench.last), disk)
    }
    guard case .full(bench.boot, let needed, let available) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(needed > 300_000 && available < needed)
    #expect(try bench.names("btrfs-update") == before)
    #expect(try bench.start() == bench.next.uuid)
  }
}
