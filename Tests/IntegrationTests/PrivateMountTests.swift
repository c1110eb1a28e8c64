import Btrfs
import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Finding the device's disk without a mount of it", .btrfs)
struct PrivateMountTests {
  let disk = InstallDisk()

  /// Runs a closure with the disk's file mounted nowhere, as in an initramfs.
  private func unmounted(_ body: (String) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    let image = directory.path + "/copy.img"
    try run("sync", "-f", disk.mount.path)
    try run("cp", "--sparse=always", disk.mount.image, image)
    // The kernel would take the same UUID for another device of the file system that is mounted.
    try run("btrfstune", "-f", "-u", image)
    let loop = String(decoding: try run("losetup", "--find", "--show", image), as: UTF8.self)
      .trimmingCharacters(in: .newlines)
    defer { _ = try? run("losetup", "--detach", loop) }
    try body(loop)
  }

  @Test("A block device that is mounted nowhere is mounted for the call, and not after it")
  func blockDevice() throws {
    try disk.makeTypical()
    try unmounted { loop in
      do {
        let device = try Device(.blockDevice(loop))
        #expect(try device.status().current?.version == SystemVersion(2))
        #expect(try device.activate() == [.deleted(name: ".sys_root_current.next")])
        let mounts = String(decoding: try run("cat", "/proc/self/mountinfo"), as: UTF8.self)
        #expect(!mounts.contains(loop + " "))
      }
      #expect(try Device(.blockDevice(loop)).status().current?.version == SystemVersion(3))
      // Nobody holds it any more.
      try run("btrfs", "check", loop)
    }
  }

  @Test("The subvolumes may be in a directory below the top level")
  func directory() throws {
    try run("mkdir", "-p", "\(disk.mount.path)/a/b")
    let inside = try Device(path: disk.mount.path + "/a/b")
    try Subvolume.create("sys_root_v7", in: inside.directory)
    let loop = try disk.loop()
    for name in ["a/b", "/a/b/"] {
      let device = try Device(.blockDevice(loop, directory: name))
      #expect(try device.installedVersions().map(\.version) == [SystemVersion(7)])
    }
    for name in ["a/c", "..", "a//b"] {
      #expect(throws: InstallError.self) {
        _ = try Device(.blockDevice(loop, directory: name))
      }
    }
  }

  @Test("An early boot learns from the kernel's command line in which directory the systems are")
  func bootDirectory() throws {
    let directory = try TemporaryDirectory()
    try run("mkdir", "-p", "\(disk.mount.path)/a/b")
    let inside = try Device(path: disk.mount.path + "/a/b")
    try Subvolume.create("sys_root_v7", in: inside.directory)
    try Subvolume.setReadOnly(true, inside.directory.open(beneath: "sys_root_v7", .directory))
    try inside.activate()
    let program = try BuiltProgram.path("btrfs-update")
    let loop = try disk.loop()
    func check(_ line: String, _ more: String = "") throws -> String {
      try Data(line.utf8).write(to: URL(filePath: "\(directory.path)/cmdline"))
      let script = """
        mount --bind \(directory.path)/cmdline /proc/cmdline
        exec \(program) boot-check --device \(loop) \(more)
        """
      let result = try runProgram([
        "unshare", "--mount", "--propagation", "private", "sh", "-ec", script,
      ])
      #expect(result.status == 0)
      return String(decoding: result.output, as: UTF8.self) + result.errors
    }
    #expect(try check("ro rootflags=subvol=a/b/sys_root_current\n") == "booting version 7\n")
    #expect(try check("btrfs_update.directory=a/b\n") == "booting version 7\n")
    #expect(try check("ro quiet\n", "--directory a/b") == "booting version 7\n")
    // The top level has none.
    #expect(try check("ro quiet\n").contains("no known version"))
    #expect(try check("btrfs_update.directory=none").contains("No such file"))
  }

  @Test("What is no btrfs, no block device, or not there is refused by its name")
  func refused() throws {
    for path in ["/dev/null", "/dev/none", "/proc/version", ""] {
      let error = #expect(throws: InstallError.self) { _ = try Device(.blockDevice(path)) }
      #expect(error?.description.hasPrefix("\"\(path)\" cannot be mounted as btrfs: ") == true)
    }
  }

  @Test("A call that fails on the way leaves nothing mounted, and says so")
  func failing() throws {
    try disk.makeTypical()
    let loop = try disk.loop()
    for call in 1... {
      var wasReached = true
      let error = FaultInjection.with(.fail(at: call, .inputOutput), counting: .all) { injection in
        defer { wasReached = injection.count >= call }
        do throws(InstallError) {
          _ = try Device(.blockDevice(loop))
          return nil as InstallError?
        } catch { return error }
      }
      #expect((error == nil) == !wasReached, "call \(call)")
      if !wasReached { break }
    }
  }

  @Test("What is mounted elsewhere is not deleted under it, also seen through a private mount")
  func mountedElsewhere() throws {
    try disk.makeTypical()
    let directory = try TemporaryDirectory()
    let loop = try disk.loop()
    try run("mount", "-o", "subvol=sys_root_last", loop, directory.path)
    let device = try Device(.blockDevice(loop))
    let name = try DeviceNames.dropped(id: #require(try device.subvolume("sys_root_last")).id)
    do {
      defer { try? unmount(directory.path) }
      #expect(try device.activate() == [.kept(name: name, .mounted)])
    }
    #expect(try device.recover() == [.deleted(name: name)])
  }

  /// What the program says in a system whose root a shell script makes at `$root`.
  private func status(_ script: String) throws -> String {
    let program = try BuiltProgram.path("btrfs-update")
    let directory = try TemporaryDirectory()
    let all = """
      set -e; base=\(directory.path); loop=\(try disk.loop()); mkdir $base/root; root=$base/root
      \(script)
      cd $root; mkdir -p usr proc dev sys tmp program
      for name in lib lib64 bin; do [ -e $name ] || ln -s usr/$name $name; done
      for name in usr proc dev sys; do mount --rbind /$name $name; done
      for directory in $(ldd \(program) | grep -o ' /[^ ]*' | xargs -n1 dirname | sort -u); do
        [ -e .$directory ] || { mkdir -p .$directory; mount --bind $directory .$directory; }
      done
      mount --bind \(URL(filePath: program).deletingLastPathComponent().path) program
      exec chroot . /program/btrfs-update status --json
      """
    let result = try runProgram(["unshare", "--mount", "--propagation", "private", "sh", "-c", all])
    guard result.status == 0 else { return result.errors }
    return String(decoding: result.output, as: UTF8.self)
  }

  private func isRunning(_ json: String) throws -> Bool {
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    let current = object?["current"] as? [String: Any]
    return current?["running"] as? Bool == true && current?["version"] as? Int == 2
  }

  @Test("The running system's disk is found where / is one subvolume of it")
  func runningSubvolume() throws {
    try disk.makeTypical()
    let json = try status("mount -o subvol=sys_root_current $loop $root")
    #expect(try isRunning(json), "\(json)")
  }

  @Test("It is found where only the default subvolume is mounted")
  func runningDefault() throws {
    try disk.makeTypical()
    try run("btrfs", "subvolume", "set-default", "\(disk.mount.path)/sys_root_current")
    let json = try status("mount $loop $root")
    #expect(try isRunning(json), "\(json)")
    try run("btrfs", "subvolume", "set-default", "5", disk.mount.path)
  }

  @Test("It is found below an overlay whose lower layer can be reached")
  func runningOverlay() throws {
    try disk.makeTypical()
    let json = try status(
      """
      mkdir $base/lower $base/upper; mount -o subvol=sys_root_current $loop $base/lower
      mount -t tmpfs none $base/upper; mkdir $base/upper/up $base/upper/work
      mount -t overlay -o \
      lowerdir=$base/lower,upperdir=$base/upper/up,workdir=$base/upper/work none $root
      mkdir -p $root$base/lower; mount --bind $base/lower $root$base/lower
      """)
    #expect(try isRunning(json), "\(json)")
  }

  @Test("An overlay that hides its lower layer is told from a found one")
  func hiddenOverlay() throws {
    try disk.makeTypical()
    let text = try status(
      """
      mount -t tmpfs none /mnt; mkdir /mnt/lower $base/upper
      mount -o subvol=sys_root_current $loop /mnt/lower
      mount -t tmpfs none $base/upper; mkdir $base/upper/up $base/upper/work
      mount -t overlay -o \
      lowerdir=/mnt/lower,upperdir=$base/upper/up,workdir=$base/upper/work none $root
      """)
    #expect(text.contains("it cannot be told which btrfs file system this system runs from"))
  }
}

extension MountTableTests {
  @Test("The lower layers of an overlay are read, whichever way it was mounted")
  func lowerLayers() {
    let table = MountTable(
      parsing: """
        1 0 0:30 / / rw - overlay overlay rw,lowerdir=/a\\040b:/c,upperdir=/u,workdir=/w
        2 1 0:31 / /x rw - overlay overlay rw,lowerdir+=/d,lowerdir+=/e,upperdir=/u
        3 1 0:32 / /y rw - btrfs /dev/sda rw,subvolid=5,subvol=/
        """)
    #expect(table.lowerLayers(ofOverlayAt: "/") == ["/a b", "/c"])
    #expect(table.lowerLayers(ofOverlayAt: "/x") == ["/d", "/e"])
    #expect(table.lowerLayers(ofOverlayAt: "/y").isEmpty)
    #expect(table.lowerLayers(ofOverlayAt: "/z").isEmpty)
    #expect(table.hasMounted(subvolume: 5, ofDevices: ["/dev/sda", "/dev/sdb"]))
    #expect(!table.hasMounted(subvolume: 5, ofDevices: ["/dev/sdb"]))
    #expect(!table.hasMounted(subvolume: 6, ofDevices: ["/dev/sda"]))
  }
}
