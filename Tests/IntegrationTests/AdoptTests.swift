import Btrfs
import Bytes
import Crypto
import Linux
import Signing
import TestSupport
import Testing
import Tree
import UpdateFile

@testable import UpdateInstaller

@Suite("Adopting systems that came in an image", .btrfs)
struct AdoptTests {
  let bench: InstallBench

  init() throws {
    bench = try InstallBench()
    try bench.release(
      1,
      """
      mkdir -p usr/bin etc; echo one >etc/version; echo keep >etc/keep; ln -s keep etc/link
      head -c 300000 /dev/urandom >usr/bin/program; chmod 4755 usr/bin/program
      setfattr -n user.a -v b etc/keep
      """)
    try bench.release(2, "echo two >etc/version; head -c 200000 /dev/urandom >usr/new")
  }

  /// A copy of a version on the device, by a shell command with `$from` and `$to`.
  private func copy(
    _ version: UInt64 = 1, as name: String,
    _ script: String = "btrfs -q subvolume snapshot $from $to"
  ) throws {
    try run(
      "bash", "-euc", "from=$0 to=$1; " + script, "\(bench.server)/sys_root_v\(version)",
      "\(bench.disk)/\(name)")
  }

  @discardableResult
  private func adopt(
    _ name: String = "sys_root_current", by update: [UInt8], _ options: InstallOptions? = nil
  ) throws(InstallError) -> Adoption {
    let source: Descriptor
    do throws(SystemError) { source = try bench.file(of: update) } catch { throw .system(error) }
    return try bench.device().adopt(name, by: source, options ?? bench.options)
  }

  /// What is refused, and leaves the device as it was.
  private func refusal(
    _ name: String = "sys_root_current", by update: [UInt8], _ options: InstallOptions? = nil
  ) throws -> String {
    // Whoever takes the lock makes the directory for it.
    _ = try LockedDevice(bench.device(), for: "test")
    let state = try bench.state()
    do throws(InstallError) {
      try adopt(name, by: update, options)
      return "nothing refused"
    } catch {
      #expect(try bench.state() == state)
      return error.description
    }
  }

  /// Installs version 2 from the adopted version 1, and looks at it.
  private func updateToSecond(hasSignedTimes: Bool) throws {
    let installed = try bench.apply(bench.update(from: 1, to: 2))
    #expect(installed.hasSignedTimes == hasSignedTimes)
    let (one, other) = (
      try bench.tree("\(bench.disk)/sys_root_v2"), try bench.tree("\(bench.server)/sys_root_v2")
    )
    #expect(one.content == other.content)
    #expect((one.full == other.full) == hasSignedTimes)
    try bench.device().verify(SystemVersion(2))
  }

  @Test("What runs is the parent: it gets its version, and an update starts from that")
  func current() throws {
    try copy(as: "sys_root_current")
    let update = try bench.update(from: 1, to: 2)
    let adoption = try adopt(by: update)
    #expect(adoption.version == SystemVersion(1))
    #expect(adoption.hasSignedTimes && !adoption.wasThere && adoption.changes.isEmpty)
    let status = try bench.device().status()
    #expect(status.current?.version == SystemVersion(1))
    let info = try #require(try bench.device().subvolume("sys_root_v1"))
    #expect(info.isReadOnly && info.isUntouchedSinceReceive)
    #expect(info.uuid == adoption.uuid)
    let state = try bench.state()
    #expect(try adopt(by: update).wasThere)
    #expect(try bench.state() == state)
    try updateToSecond(hasSignedTimes: true)
    try bench.device().activate(SystemVersion(2))
    #expect(try bench.device().status().last?.version == SystemVersion(1))
  }

  @Test("A full update knows its target: the version is then as if it had been installed")
  func target() throws {
    try copy(as: "factory")
    let adoption = try adopt("factory", by: bench.update(from: nil, to: 1))
    #expect(adoption.version == SystemVersion(1))
    try bench.device().verify(SystemVersion(1))
    // It is not adopted twice under another manifest.
    let state = try bench.state()
    #expect(try adopt("factory", by: bench.update(from: 1, to: 2)).wasThere)
    #expect(try bench.state() == state)
    try updateToSecond(hasSignedTimes: true)
  }

  @Test("Lost nanoseconds are noted, and what is made of such a tree is verified without them")
  func lostTimes() throws {
    try copy(
      as: "sys_root_current",
      """
      btrfs -q subvolume create $to; cp -a $from/. $to
      find $to -exec touch -h -d @1700000000 {} +
      """)
    #expect(try !adopt(by: bench.update(from: 1, to: 2)).hasSignedTimes)
    try updateToSecond(hasSignedTimes: false)
  }

  @Test("A file system that mkfs.btrfs --rootdir made is adopted as a whole, and updated")
  func rootDirectory() async throws {
    let image = "\(bench.mount.path)/image"
    try run("truncate", "-s", "256M", image)
    try run("mkfs.btrfs", "-q", "--rootdir", "\(bench.server)/sys_root_v1", image)
    let place = "\(bench.mount.path)/mounted"
    try run("mkdir", place)
    try run("mount", "-o", "loop", image, place)
    defer { _ = try? run("umount", place) }
    let update = try bench.update(from: 1, to: 2)
    for _ in 1...2 {
      let device = try Device(path: place)
      let adoption = try device.adopt(".", by: bench.file(of: update), bench.options)
      #expect(adoption.version == SystemVersion(1))
      #expect(
        try bench.tree("\(place)/sys_root_v1").content
          == bench.tree("\(bench.server)/sys_root_v1").content)
    }
    let device = try Device(path: place)
    let installed = try device.apply(bench.file(of: update), bench.options)
    #expect(!installed.hasSignedTimes)
    #expect(
      try bench.tree("\(place)/sys_root_v2").content
        == bench.tree("\(bench.server)/sys_root_v2").content)
    try device.activate(SystemVersion(2))
    #expect(try device.status().current?.version == SystemVersion(2))
  }

  @Test("A version that has its name already is verified, made read-only, and recorded")
  func named() throws {
    try copy(as: "sys_root_v1")
    let before = try bench.device().subvolume("sys_root_v1")?.uuid
    let adoption = try adopt("sys_root_v1", by: bench.update(from: 1, to: 2))
    #expect(!adoption.wasThere && adoption.uuid != before)
    #expect(adoption.changes == [.deleted(name: ".sys_root_v2.staging")])
    #expect(try bench.device().subvolume("sys_root_v1")?.isReadOnly == true)
    #expect(try adopt("sys_root_v1", by: bench.update(from: 1, to: 2)).wasThere)
    try updateToSecond(hasSignedTimes: true)
  }

  @Test("What was modified, is something else, or is not there, is refused")
  func refusals() throws {
    let update = try bench.update(from: 1, to: 2)
    #expect(try refusal(by: update).contains("there is no subvolume"))
    try copy(as: "sys_root_current", "btrfs -q subvolume snapshot $from $to; echo x >>$to/etc/keep")
    #expect(
      try refusal(by: update)
        == "sys_root_current is not version 1, which the update starts from, nor version 2, which "
        + "the update makes: it was modified, or is another system")
    try copy(as: "sys_root_v5")
    #expect(try refusal("sys_root_v5", by: update) == "sys_root_v5 is version 1")
    try run("btrfs", "property", "set", "\(bench.disk)/sys_root_v5", "ro", "true")
    #expect(try refusal("sys_root_v5", by: update) == "sys_root_v5 is version 1")
    try run("mkdir", "\(bench.disk)/plain")
    #expect(try refusal("plain", by: update).contains("not a subvolume"))
    try copy(as: "factory")
    #expect(
      try refusal("factory", by: bench.update(from: 1, to: 2, signers: [])).contains("signed"))
    let stranger = try SigningKey.generate()
    #expect(
      try refusal("factory", by: bench.update(from: 1, to: 2, signers: [stranger]))
        .contains("trusted"))
    var options = bench.options
    options.product = "other"
    #expect(try refusal("factory", by: update, options).contains("product"))
    // What has the version's name is not the version.
    try copy(as: "sys_root_v1", "btrfs -q subvolume snapshot $from $to; echo x >>$to/etc/keep")
    #expect(try refusal("factory", by: update).contains("can be written to"))
    try run("btrfs", "property", "set", "\(bench.disk)/sys_root_v1", "ro", "true")
    #expect(try refusal("factory", by: update).contains("not what was signed any more"))
    #expect(try refusal("sys_root_v1", by: update).contains("sys_root_v1 is not version 1"))
  }

  @Test("Nothing older than the floor is adopted, unless it is forced")
  func floor() throws {
    try bench.apply(bench.update(from: nil, to: 2))
    try bench.device().activate(SystemVersion(2))
    try copy(as: "factory")
    let update = try bench.update(from: 1, to: 2)
    #expect(try refusal("factory", by: update).contains("older than 2"))
    var options = bench.options
    options.forcesDowngrade = true
    #expect(try adopt("factory", by: update, options).version == SystemVersion(1))
  }

  @Test("An update whose parent is not there says how to make it known")
  func hint() throws {
    try copy(as: "factory")
    #expect(try bench.refusal(of: bench.update(from: 1, to: 2))?.contains("`adopt`") == true)
  }

  // MARK: Interruptions

  /// The ways to adopt that differ in what they do.
  enum Form: String, CaseIterable {
    case current = "sys_root_current"
    case named = "sys_root_v1"
  }

  /// The device with what is to be adopted and nothing else.
  private func prepare(_ form: Form) throws {
    let top = try Descriptor.open(bench.disk, .directory)
    for entry in try top.entries() {
      let name = String(decoding: entry.name, as: UTF8.self)
      if name == DeviceNames.state {
        try run("rm", "-r", "\(bench.disk)/\(name)")
      } else {
        try Subvolume.delete(name, in: top)
      }
    }
    try Subvolume.snapshot(
      of: Descriptor.open("\(bench.server)/sys_root_v1", .directory), as: form.rawValue, in: top)
  }

  /// What an interrupted adoption may leave after recovery: all is as it was, or done.
  private func checkRecovered(_ form: Form, _ update: [UInt8], at call: Int) throws {
    let device = try bench.device()
    try device.recover()
    #expect(try device.recover() == [], "call \(call)")
    let status = try device.status()
    #expect(status.pending == nil && status.leftovers.isEmpty, "call \(call)")
    let expected = try bench.tree("\(bench.server)/sys_root_v1")
    #expect(try bench.tree("\(bench.disk)/\(form.rawValue)") == expected, "call \(call)")
    // Done again, it is done.
    try adopt(form.rawValue, by: update)
    #expect(try bench.tree("\(bench.disk)/sys_root_v1") == expected, "call \(call)")
    #expect(try device.subvolume("sys_root_v1")?.isReadOnly == true, "call \(call)")
    try device.verify(SystemVersion(1))
    #expect(try device.status().leftovers.isEmpty, "call \(call)")
    if form == .current {
      #expect(try device.status().current?.version == SystemVersion(1), "call \(call)")
    }
  }

  private func succeeds(_ form: Form, _ source: borrowing Descriptor) -> Bool {
    do throws(InstallError) {
      _ = try bench.device().adopt(form.rawValue, by: source, bench.options)
      return true
    } catch { return false }
  }

  @Test(
    "A kill in place of any call leaves all as it was or all done, and it can be done again",
    arguments: Form.allCases)
  func killed(_ form: Form) throws {
    let update = try bench.update(from: nil, to: 1)
    var wasDone: Set<Bool> = []
    for call in 1... {
      try prepare(form)
      let source = try bench.file(of: update)
      // Every later call fails, too: nothing is cleaned up, as after a kill.
      let isDone = FaultInjection.with(.failFrom(call, .inputOutput), counting: .changes) { _ in
        succeeds(form, source)
      }
      wasDone.insert(try bench.device().subvolume("sys_root_v1")?.isReadOnly == true)
      try checkRecovered(form, update, at: call)
      if isDone { break }
    }
    #expect(wasDone == [true, false])
  }

  @Test("Any one failing call leaves all as it was, or all done", arguments: Form.allCases)
  func failing(_ form: Form) throws {
    let update = try bench.update(from: nil, to: 1)
    for call in 1... {
      try prepare(form)
      let source = try bench.file(of: update)
      let (isDone, wasReached) = FaultInjection.with(
        .fail(at: call, .inputOutput), counting: .changes
      ) { injection in
        let isDone = succeeds(form, source)
        return (isDone, injection.count >= call)
      }
      let version = try bench.device().subvolume("sys_root_v1")
      #expect((version?.isReadOnly == true) == isDone, "call \(call)")
      try checkRecovered(form, update, at: call)
      if !wasReached { break }
    }
  }
}
