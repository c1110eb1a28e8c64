import Btrfs
import Bytes
import Linux
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

/// A device with version 1, and an update to version 2 in several sections and pieces.
struct ResumeBench {
  let bench: InstallBench
  let update: [UInt8]
  /// How many sections the update has.
  let sectionCount: Int

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    // Names change late, and so do a protected file and what the kernel renames at the end.
    try bench.release(
      3,
      """
      mkdir -p var/lib; mv usr/copy var/lib/copy; ln var/lib/copy var/lib/link
      for n in 1 2 3 4 5 6; do head -c 550000 /dev/urandom >var/lib/data$n; done
      echo three >etc/version; chmod 4711 var/lib/data5; rm usr/new
      """)
    try bench.apply(bench.update(from: nil, to: 2))
    let disk = try Descriptor.open(bench.disk, .directory)
    try Self.protect("usr/bin/program", in: disk)
    update = try bench.update(from: 2, to: 3, sectionLength: 300_000)
    sectionCount = try Self.manifest(update).payload.cuts.count
    #expect(sectionCount > 6)
  }

  /// What is protected inside a received version, which counts as a change, and is the same tree.
  private static func protect(_ path: String, in disk: borrowing Descriptor) throws {
    let version = try disk.open(beneath: "sys_root_v2", .directory)
    try Subvolume.setReadOnly(false, version)
    try run("chattr", "+i", "\(version.path)/usr", "\(version.path)/\(path)")
    try Subvolume.setReadOnly(true, version)
  }

  static func manifest(_ update: [UInt8]) throws -> Manifest {
    var reader = HeadReader()
    while reader.wanted > 0 {
      let start = reader.length
      try reader.append(update.rawSpan.extracting(start..<(start + reader.wanted)))
    }
    return try reader.finish().unverifiedManifest()
  }

  /// Checkpoints at every cut.
  var options: InstallOptions {
    var options = bench.options
    options.checkpointInterval = 0
    return options
  }

  var half: HalfInstalledVersion? {
    get throws { try bench.device().status().halfInstalled }
  }

  /// Applies the update, and checks that it began where the device said it would, and that all is as if
  /// it had never been interrupted.
  ///
  /// - Returns: how many sections were skipped.
  @discardableResult
  func complete(_ options: InstallOptions? = nil, _ note: String = "") throws -> Int {
    let half = try half
    var first: UInt64?
    let installation = try bench.apply(update, options ?? self.options) { progress in
      if progress.phase == .receiving { first = first ?? progress.completed }
      return true
    }
    #expect(installation.version == SystemVersion(3))
    if options?.resumes ?? true {
      #expect(installation.skippedSections == half?.sectionsDone ?? 0, "\(note)")
    }
    let cuts = try Self.manifest(update).payload.cuts.prefix(installation.skippedSections)
    let skipped = cuts.reduce(0) { $0 + $1.compressedLength }
    #expect(first == skipped - skipped % UInt64(1 << 20), "\(note)")
    try checkInstalled(note)
    return installation.skippedSections
  }

  func checkInstalled(_ note: String = "") throws {
    let (made, signed) = ("\(bench.disk)/sys_root_v3", "\(bench.server)/sys_root_v3")
    #expect(try bench.tree(made) == bench.tree(signed), "\(note)")
    let flags = String(
      decoding: try run("lsattr", "-d", "\(made)/usr", "\(made)/usr/bin/program"), as: UTF8.self)
    #expect(flags.split(separator: "\n").allSatisfy { $0.prefix(22).contains("i") }, "\(flags)")
    try checkNothingLeft(note)
  }

  func checkNothingLeft(_ note: String = "") throws {
    #expect(try half == nil, "\(note)")
    let names = try bench.state().joined(separator: "\n")
    for name in ["checkpoint", "resume", "staging", ".new"] {
      #expect(!names.contains(name), "\(note): \(names)")
    }
  }

  /// The device as it was before.
  func removeVersion() throws {
    let top = try Descriptor.open(bench.disk, .directory)
    try Subvolume.delete("sys_root_v3", in: top)
    try bench.device().recover()
  }

  /// Applies an update until so much of it is done; the device must have a checkpoint then.
  func interrupt(_ update: [UInt8]? = nil, after length: UInt64 = 2 << 20) throws {
    let error: InstallError?
    do throws(InstallError) {
      try bench.apply(update ?? self.update, options) { $0.completed < length }
      error = nil
    } catch let caught { error = caught }
    #expect(error?.description == "stopped on request")
    #expect(try half?.version == SystemVersion(3))
    #expect(try (half?.sectionsDone ?? 0) > 1)
  }

  func refusal(of update: [UInt8]) throws -> String? { try bench.refusal(of: update, options) }
}

@Suite("Going on with an interrupted apply", .btrfs)
struct InstallResumeTests {
  let bench: ResumeBench

  init() throws { bench = try ResumeBench() }

  /// Tries to apply, with a fault that is armed.
  private func applies(_ source: borrowing Descriptor) -> InstallError? {
    do throws(InstallError) {
      _ = try bench.bench.device().apply(source, bench.options)
      return nil
    } catch {
      return error
    }
  }

  @Test("After a kill at any call, the same update goes on at the last checkpoint")
  func killed() throws {
    var starts: Set<Int> = []
    for call in sequence(first: 1, next: { $0 + 4 }) {
      let source = try bench.bench.file(of: bench.update)
      let error = FaultInjection.with(.failFrom(call, .inputOutput)) { _ in applies(source) }
      if error == nil { break }
      let half = try bench.half
      if call % 2 == 0 {
        // Recovery keeps it, and is done then.
        try bench.bench.device().recover()
        #expect(try bench.bench.device().recover() == [], "call \(call)")
        #expect(try bench.half == half, "call \(call)")
        #expect(try bench.bench.device().status().leftovers == [], "call \(call)")
      }
      if try bench.bench.device().subvolume("sys_root_v3") != nil {
        try bench.bench.device().recover()
        try bench.checkInstalled("call \(call)")
      } else {
        starts.insert(try bench.complete(bench.options, "call \(call)"))
      }
      try bench.removeVersion()
    }
    // The calls between two checkpoints are more than a step.
    #expect(starts.count > 4, "\(starts.sorted())")
  }

  @Test("After any one failing call, nothing is left but maybe a checkpoint that is good")
  func failing() throws {
    var resumed = 0
    for call in sequence(first: 5, next: { $0 + 41 }) {
      var wasReached = true
      let source = try bench.bench.file(of: bench.update)
      let error = FaultInjection.with(.fail(at: call, .inputOutput), counting: .all) {
        injection in
        defer { wasReached = injection.count >= call }
        return applies(source)
      }
      if error == nil {
        try bench.bench.device().recover()
        try bench.checkInstalled("call \(call)")
      } else if try bench.complete(bench.options, "call \(call)") > 0 {
        resumed += 1
      }
      try bench.removeVersion()
      if !wasReached { break }
    }
    #expect(resumed > 2)
  }

  @Test("An apply may be interrupted again and again, and goes on each time")
  func severalTimes() throws {
    var last = 0
    for length: UInt64 in [1 << 20, 2 << 20, 3 << 20] {
      try bench.interrupt(after: length)
      let done = try #require(try bench.half).sectionsDone
      #expect(done > last)
      last = done
    }
    #expect(try bench.complete() == last)
  }

  @Test("A full update goes on, too, and so does one that comes through a pipe")
  func fullByPipe() throws {
    let full = try bench.bench.update(from: nil, to: 3, sectionLength: 200_000)
    try bench.interrupt(full)
    let fifo = "\(bench.bench.mount.path)/fifo"
    try run("mkfifo", fifo)
    let writer = try SignalBlockedThread {
      do throws(SystemError) {
        let end = try Descriptor.open(fifo, .writeOnly)
        try end.write(full.rawSpan)
      } catch {
        Issue.record("\(error)")
      }
    }
    let installation = try bench.bench.device().apply(Descriptor.open(fifo), bench.options)
    writer.join()
    #expect(installation.skippedSections > 1)
    try bench.bench.device().verify(SystemVersion(3))
    try bench.checkNothingLeft()
  }

  @Test(
    "Another update starts afresh, and what was begun is gone; one that is refused changes nothing")
  func otherUpdate() throws {
    try bench.interrupt()
    let half = try bench.half
    let other = try bench.bench.update(from: 2, to: 3, sectionLength: 300_000) {
      $0.buildDate += 1
    }
    var unsigned = other
    unsigned[100] ^= 1
    #expect(try bench.refusal(of: unsigned) != nil)
    #expect(try bench.half == half)
    let installation = try bench.bench.apply(other, bench.options)
    #expect(installation.skippedSections == 0)
    try bench.checkInstalled()
  }

  @Test("It starts afresh if told so")
  func notWanted() throws {
    try bench.interrupt()
    var options = bench.options
    options.resumes = false
    #expect(try bench.complete(options) == 0)
  }

  @Test("An update that turns out to be wrong leaves nothing, also of what was good of it")
  func refused() throws {
    let state = try bench.bench.state()
    var damaged = bench.update
    damaged[damaged.count - 100] ^= 1
    #expect(try bench.refusal(of: damaged)?.hasPrefix("the update is damaged: ") == true)
    #expect(try bench.bench.state() == state)
    try bench.interrupt()
    #expect(try bench.refusal(of: damaged)?.hasPrefix("the update is damaged: ") == true)
    #expect(try bench.bench.state() == state)
    try bench.interrupt()
    #expect(try bench.refusal(of: bench.update + [0]) != nil)
    #expect(try bench.bench.state() == state)
    try bench.interrupt()
    let cut = Array(bench.update.dropLast(100))
    #expect(try bench.refusal(of: cut) == "the update is cut off: the file ends too early")
    #expect(try bench.bench.state() == state)
    #expect(try bench.complete() == 0)
  }

  @Test("If the parent was written to meanwhile, it starts afresh")
  func changedParent() throws {
    try bench.interrupt()
    let parent = try Descriptor.open("\(bench.bench.disk)/sys_root_v2", .directory)
    try Subvolume.setReadOnly(false, parent)
    let etc = "\(parent.path)/etc"
    try run("sh", "-ec", "echo >\(etc)/x; rm \(etc)/x")
    try run("touch", "-r", "\(bench.bench.server)/sys_root_v2/etc", etc)
    try Subvolume.setReadOnly(true, parent)
    try run("btrfs", "filesystem", "sync", bench.bench.disk)
    try bench.bench.device().recover()
    try bench.checkNothingLeft()
    #expect(try bench.complete() == 0)
  }

  @Test("If the parent or the checkpoint is gone, so is what was begun", arguments: [false, true])
  func deleted(parent: Bool) throws {
    try bench.interrupt()
    let top = try Descriptor.open(bench.bench.disk, .directory)
    let names = try top.entries().map { String(decoding: $0.name, as: UTF8.self) }
    let checkpoint = try #require(names.first { $0.contains("checkpoint") })
    try Subvolume.delete(parent ? "sys_root_v2" : checkpoint, in: top)
    #expect(try bench.half == nil)
    try bench.bench.device().recover()
    try bench.checkNothingLeft()
  }

  @Test("A checkpoint that somebody wrote to leads to no version, and the next try starts afresh")
  func tampered() throws {
    try bench.interrupt()
    let names = try Descriptor.open(bench.bench.disk, .directory).entries()
    let name = try #require(
      names.map { String(decoding: $0.name, as: UTF8.self) }.first { $0.contains("checkpoint") })
    let checkpoint = try Descriptor.open("\(bench.bench.disk)/\(name)", .directory)
    try Subvolume.setReadOnly(false, checkpoint)
    try run("sh", "-c", "echo else >\(checkpoint.path)/etc/keep")
    try Subvolume.setReadOnly(true, checkpoint)
    #expect(
      try bench.refusal(of: bench.update)
        == "what came out is not what was signed; it was deleted again")
    try bench.checkNothingLeft()
    #expect(try bench.complete() == 0)
  }

  @Test("A record that is damaged is worth nothing, and stops nothing")
  func damagedRecord() throws {
    try bench.interrupt()
    try run("sh", "-c", "echo x >>\(bench.bench.disk)/.btrfs-update/resume")
    #expect(try bench.half == nil)
    #expect(try bench.complete() == 0)
  }

  @Test("What the disk holds when the power goes is good to go on from")
  func powerCut() throws {
    let directory = try TemporaryDirectory()
    let lengths: [UInt64] = [1 << 20, 2 << 20, 3 << 20]
    try bench.bench.apply(bench.update, bench.options) { progress in
      guard lengths.contains(progress.completed) else { return true }
      let copy = "\(directory.path)/\(progress.completed)"
      // No sync: what is only in memory is lost.
      do { try run("cp", "--sparse=always", bench.bench.mount.image, copy) } catch { return false }
      return true
    }
    for length in lengths {
      let mount = "\(directory.path)/mount"
      try run("mkdir", "-p", mount)
      try mountCopy("\(directory.path)/\(length)", at: mount)
      let result = Result { try goesOn(in: mount, length) }
      // The next copy has the same UUID: the kernel mounts it beside this one only by chance.
      try unmount(mount)
      try result.get()
    }
  }

  /// Goes on with the apply that was interrupted on a copy of the disk.
  private func goesOn(in mount: String, _ length: UInt64) throws {
    let device = try Device(path: "\(mount)/disk")
    try device.recover()
    let half = try #require(try device.status().halfInstalled, "\(length)")
    let source = try bench.bench.file(of: bench.update)
    let installation = try device.apply(source, bench.options)
    #expect(installation.skippedSections == half.sectionsDone && half.sectionsDone > 1)
    try device.verify(SystemVersion(3))
    #expect(
      try bench.bench.tree("\(mount)/disk/sys_root_v3")
        == bench.bench.tree("\(bench.bench.server)/sys_root_v3"))
  }

  @Test("Without much to save there is no checkpoint")
  func interval() throws {
    let state = try bench.bench.state()
    let error: InstallError?
    do throws(InstallError) {
      try bench.bench.apply(bench.update) { $0.completed < 2 << 20 }
      error = nil
    } catch let caught { error = caught }
    #expect(error != nil)
    #expect(try bench.bench.state() == state)
  }
}
