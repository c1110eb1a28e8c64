import Bytes
import Foundation
import Linux
import Signing
import TestSupport
import Testing
import UpdateFile

@testable import UpdateInstaller

@Suite("Updates from sticks", .btrfs)
final class StickTests {
  private let bench: InstallBench
  private let stick: StickImage
  private let system: TemporaryDirectory

  init() throws {
    bench = try InstallBench()
    try bench.releaseTwo()
    stick = try StickImage()
    system = try TemporaryDirectory()
    try run(
      "sh", "-ec", "umask 022; cd \(system.path); chmod 755 .; mkdir -p etc/btrfs-update/keys")
    let pem = try bench.key.publicKeyPEM()
    try Data(pem).write(to: URL(filePath: system.path + "/etc/btrfs-update/keys/a.pem"))
    try configure()
  }

  private func configure(_ more: String = "") throws {
    let text = """
      [Device]
      Product=thermostat
      Root=\(bench.disk)
      [USB]
      FileSystems=vfat ext4
      \(more)

      """
    try Data(text.utf8).write(
      to: URL(filePath: system.path + "/etc/btrfs-update/btrfs-update.conf"))
  }

  private func plugIn() throws -> ProgramResult {
    let program = try BuiltProgram.path("btrfs-update")
    return try runProgram([program, "usb", stick.device, "--config-root", system.path])
  }

  private func current() throws -> UInt64? {
    try bench.device().status().current?.version?.number
  }

  @Test("A stick with a full update and a delta: both are installed, the last is activated")
  func chain() throws {
    try stick.write(["full.btrfs.xz": bench.update(from: nil, to: 1)])
    try stick.write(["v1-v2.btrfs.xz": bench.update(from: 1, to: 2)])
    let result = try plugIn()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try current() == 2)
    #expect(try bench.device().installedVersions().map(\.version.number) == [1, 2])
    #expect(result.errors.hasSuffix("usb: the stick may be pulled now\n"))
    let log = try stick.log()
    #expect(log.contains(" full.btrfs.xz: version 1 is installed\n"))
    #expect(log.contains(" version 2 is current: it runs after the next boot\n"))
    // Once more: nothing is done, and the log goes on.
    #expect(try plugIn().status == 0)
    let longer = try stick.log()
    #expect(longer.hasPrefix(log) && longer.contains("nothing newer for this device"))
    #expect(try current() == 2)
  }

  @Test("A system from a stick gets the tries and takes over what is configured")
  func configured() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    try bench.device().activate()
    try Data("mine".utf8).write(to: URL(filePath: bench.disk + "/sys_root_current/settings"))
    try configure("[Boot]\nTries=5\n[Update]\nPersist=/settings")
    try stick.write(["v1-v2.btrfs.xz": bench.update(from: 1, to: 2)])
    let result = try plugIn()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try bench.device().status().boot.trial?.tries == 5)
    let kept = try Data(contentsOf: URL(filePath: bench.disk + "/sys_root_current/settings"))
    #expect(kept == Data("mine".utf8))
  }

  @Test("Without Activate= the running system stays current")
  func notActivated() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    try bench.device().activate()
    try configure("Activate=no")
    try stick.write(["v1-v2.btrfs.xz": bench.update(from: 1, to: 2)])
    #expect(try plugIn().status == 0)
    #expect(try current() == 1)
    #expect(try bench.device().installedVersions().count == 2)
  }

  @Test("What is not signed by a trusted key, for another product, or damaged is never chosen")
  func refused() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    try bench.device().activate()
    let before = try bench.state()
    let foreign = try bench.update(from: nil, to: 2, signers: [SigningKey.generate()])
    let oven = try bench.update(from: nil, to: 2) { $0.product = "oven" }
    var cut = try bench.update(from: 1, to: 2)
    cut.removeLast(cut.count / 2)
    try stick.write(["foreign.btrfs.xz": foreign, "oven.btrfs.xz": oven, "zero.btrfs.xz": []])
    let result = try plugIn()
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("foreign.btrfs.xz: does not fit: "))
    #expect(result.errors.contains("oven.btrfs.xz: does not fit: "))
    #expect(try bench.state() == before)
    // The head is good, but what follows is not there: the device stays as it was.
    try stick.write(["cut.btrfs.xz": cut])
    #expect(try plugIn().status == 25)
    #expect(try bench.state() == before)
    #expect(try stick.log().contains("failed: the update is cut off"))
  }

  @Test("What a stick installed, but a power cut kept from being activated, is activated later")
  func interrupted() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    try bench.device().activate()
    let update = try bench.update(from: 1, to: 2)
    try stick.write(["v1-v2.btrfs.xz": update])
    try bench.apply(update)
    // Not where nothing is to be activated.
    try configure("Activate=no")
    #expect(try plugIn().status == 0 && current() == 1)
    try configure()
    let result = try plugIn()
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("version 2 was installed earlier, but has never been activated"))
    #expect(try current() == 2)
    #expect(try bench.device().status().boot.trial != nil)
    #expect(try stick.log().contains(" version 2 is current: it runs after the next boot\n"))
    // It is what is current: nothing is left to do.
    let uuid = try bench.device().status().current?.uuid
    #expect(try plugIn().errors.contains("nothing newer for this device"))
    #expect(try bench.device().status().current?.uuid == uuid)
  }

  @Test("What failed, or was good and was left by a rollback, no stick activates again")
  func judged() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    try bench.device().activate()
    try stick.write(["v1-v2.btrfs.xz": bench.update(from: 1, to: 2)])
    #expect(try plugIn().status == 0 && current() == 2)
    try bench.device().markBad(SystemVersion(2), reason: "no good")
    // Also when another one has failed since, and with what says why gone.
    try run("rm", "\(bench.disk)/.btrfs-update/failure")
    #expect(try plugIn().errors.contains("nothing newer for this device"))
    #expect(try current() == 1)
    // Somebody tries it again, finds it good, and goes back all the same.
    try bench.device().activate(SystemVersion(2))
    try bench.device().markGood(SystemVersion(2))
    try bench.device().rollBack()
    #expect(try plugIn().errors.contains("nothing newer for this device"))
    #expect(try current() == 1)
  }

  @Test("What somebody replaced while it was on trial, no stick activates again")
  func replaced() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    try bench.device().activate()
    try stick.write(["v1-v2.btrfs.xz": bench.update(from: 1, to: 2)])
    #expect(try plugIn().status == 0 && current() == 2)
    try bench.device().activate(SystemVersion(1))
    #expect(try plugIn().errors.contains("nothing newer for this device"))
    #expect(try current() == 1)
    // That is no verdict against what was good before.
    try bench.device().activate(SystemVersion(2))
    try bench.device().markGood(SystemVersion(2))
    try bench.device().activate(SystemVersion(2))
    try bench.device().activate(SystemVersion(1))
    try bench.device().markGood(SystemVersion(1))
    try bench.device().factoryReset(to: SystemVersion(2))
    #expect(try current() == 2)
  }

  @Test("Another version of the same number is not what the stick installed")
  func otherContents() throws {
    try bench.apply(bench.update(from: nil, to: 1))
    try bench.device().activate()
    let other = try bench.update(from: 1, to: 2) { $0.target.contentDigest = $0.plain.sha256 }
    try bench.apply(bench.update(from: 1, to: 2))
    try stick.write(["v1-v2.btrfs.xz": other])
    let result = try plugIn()
    #expect(result.errors.contains("version 2 is already installed"), "\(result.errors)")
    #expect(try current() == 1)
    // And what nobody signed for this device makes nothing current.
    try stick.shell("rm *.xz")
    try stick.write(["v2.btrfs.xz": bench.update(from: 1, to: 2, signers: [SigningKey.generate()])])
    #expect(try plugIn().errors.contains("v2.btrfs.xz: does not fit"))
    #expect(try current() == 1)
  }

  @Test("A directory with more names than anybody looks through is refused, and says so")
  func endlessNames() throws {
    let directory = try TemporaryDirectory()
    let names = (100..<170).map { "\($0).btrfs.xz" }
    try run(
      "sh", "-ec", "cd \(directory.path); touch .x.btrfs.xz y \(names.joined(separator: " "))")
    let opened = try Descriptor.open(directory.path, .directory)
    let found = try opened.updateNames(limit: 72)
    #expect(found.first == Array(names.prefix(UpdateOffer.maximumFiles)) && found.ignored == 6)
    let error = #expect(throws: InstallError.self) { try opened.updateNames(limit: 71) }
    #expect(
      error?.description == "\"\(directory.path)\" has more than 71 names: "
        + "put the updates where there are fewer")
    // The list can be read again from its beginning.
    #expect(try opened.entries().count == 72)
  }

  @Test("Links, pipes, directories, hidden files and what lies below are not looked at")
  func notRegular() throws {
    let update = try bench.update(from: nil, to: 1)
    try stick.write(["real": update, ".hidden.btrfs.xz": update])
    try stick.shell(
      """
      ln -s real link.btrfs.xz; mkfifo pipe.btrfs.xz; mkdir directory.btrfs.xz below
      cp real below/a.btrfs.xz; ln -s /etc/passwd host.btrfs.xz
      """)
    let result = try plugIn()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try bench.device().installedVersions().isEmpty)
    #expect(result.errors.contains("link.btrfs.xz: does not fit"))
    #expect(!result.errors.contains("hidden"))
  }

  @Test("Of too many files the first are looked at, and that is said")
  func tooMany() throws {
    try stick.shell("for i in $(seq 100 170); do echo x >$i.btrfs.xz; done")
    let result = try plugIn()
    #expect(result.errors.contains("7 files more are not looked at"))
    #expect(result.errors.contains("163.btrfs.xz: does not fit"))
    #expect(!result.errors.contains("164.btrfs.xz"))
  }

  @Test(
    "The log is written to no link, pipe or second name",
    arguments: [
      "echo kept >kept; ln -s kept btrfs-update.log", "ln -s /etc/hostname btrfs-update.log",
      "echo kept >kept; ln kept btrfs-update.log", "mkfifo btrfs-update.log",
      "mkdir btrfs-update.log",
    ])
  func hostileLog(_ script: String) throws {
    let hostname = try Data(contentsOf: URL(filePath: "/etc/hostname"))
    try stick.shell("\(script)")
    let result = try plugIn()
    #expect(result.status == 0)
    #expect(result.errors.contains("no log on the stick: "))
    try stick.shell("test ! -e kept || test \"$(cat kept)\" = kept")
    #expect(try Data(contentsOf: URL(filePath: "/etc/hostname")) == hostname)
  }

  @Test("A long log begins anew")
  func longLog() throws {
    try stick.shell("head -c 1048577 /dev/zero >btrfs-update.log")
    #expect(try plugIn().status == 0)
    #expect(try stick.log().utf8.count < 1000)
  }

  @Test("A protected stick is read all the same, and no more is mounted afterwards")
  func protected() throws {
    try stick.write(["full.btrfs.xz": bench.update(from: nil, to: 1)])
    let before = try stick.digest()
    try run("blockdev", "--setro", stick.device)
    let result = try plugIn()
    try run("blockdev", "--setrw", stick.device)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("no log on the stick: "))
    #expect(try current() == 1)
    #expect(try stick.digest() == before)
  }

  @Test("Kinds of file systems that are not configured are not mounted, nor what is no device")
  func otherFileSystem() throws {
    try configure("FileSystems=\nFileSystems=vfat")
    #expect(try plugIn().status != 0)
    let program = try BuiltProgram.path("btrfs-update")
    let file = try runProgram([program, "usb", stick.image, "--config-root", system.path])
    #expect(file.status != 0 && file.errors.contains("Invalid argument"))
  }

  @Test("Keys, and what the device is, count only where nobody but root could have written them")
  func trust() throws {
    try stick.write(["full.btrfs.xz": bench.update(from: nil, to: 1)])
    try configure("[Device]\nProduct=")
    let directory = "\(system.path)/etc/btrfs-update"
    try run("sh", "-ec", "umask 022; echo thermostat >\(directory)/compatible")
    for (path, spoil, restore) in [
      ("keys", "chown 1000", "chown 0"), ("keys/a.pem", "chmod g+w", "chmod g-w"),
      ("compatible", "chmod o+w", "chmod o-w"), ("compatible", "chown 1000", "chown 0"),
    ] {
      try run("sh", "-ec", "\(spoil) \(directory)/\(path)")
      let result = try plugIn()
      #expect(result.status == 60 && result.errors.contains(path), "\(spoil): \(result.errors)")
      try run("sh", "-ec", "\(restore) \(directory)/\(path)")
    }
    #expect(try current() == nil)
    // Whoever names a directory, as root, vouches for it.
    try run("sh", "-ec", "chown 1000 \(directory)/keys")
    let program = try BuiltProgram.path("btrfs-update")
    let given = try runProgram([
      program, "usb", stick.device, "--config-root", system.path, "--keys", "\(directory)/keys",
    ])
    #expect(given.status == 0, "\(given.errors)")
    #expect(try current() == 1)
  }

  @Test("Labels are asked about as udev does it")
  func labels() throws {
    let program = try BuiltProgram.path("btrfs-update")
    func wanted(_ label: String) throws -> Int32 {
      try runProgram([program, "usb-wanted", "--config-root", system.path, "--", label]).status
    }
    #expect(try wanted("BTRFSUPDATE") == 0)
    #expect(try wanted("OTHER") == 37)
    #expect(try wanted("--help") == 37)
    try configure("Labels=MINE")
    #expect(try wanted("MINE") == 0 && wanted("BTRFSUPDATE") == 37)
  }
}

/// A stick: ext4 on a loop device, since not every kernel that tests run on has FAT.
private final class StickImage {
  let device: String
  let image: String
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    image = directory.path + "/stick.img"
    try run("truncate", "-s", "32M", image)
    try run("mkfs.ext4", "-q", "-L", "BTRFSUPDATE", image)
    try run("mkdir", directory.path + "/mount")
    let output = try run("losetup", "--find", "--show", image)
    device = String(decoding: output.dropLast(), as: UTF8.self)
  }

  deinit { _ = try? run("losetup", "--detach", device) }

  /// Runs a script in the top directory.
  @discardableResult
  func shell(_ script: String) throws -> String {
    let mount = directory.path + "/mount"
    try run("mount", device, mount)
    defer { try? unmount(mount) }
    return String(decoding: try run("sh", "-ec", "cd \(mount); \(script)"), as: UTF8.self)
  }

  func write(_ files: [String: [UInt8]]) throws {
    let mount = directory.path + "/mount"
    try run("mount", device, mount)
    defer { try? unmount(mount) }
    for (name, bytes) in files { try Data(bytes).write(to: URL(filePath: "\(mount)/\(name)")) }
  }

  func log() throws -> String { try shell("cat btrfs-update.log") }

  func digest() throws -> String { String(decoding: try run("sha256sum", image), as: UTF8.self) }
}
