import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("Boot loader entries")
struct EntryTests {
  private let uuid = LoaderBench.system(1, "a").uuid

  private func name(_ suffix: String) -> String {
    "btrfs-update-000012-01010101-0101-0101-0101-010101010101\(suffix).conf"
  }

  @Test("Names come back as they were, and the digits of a counter keep their number")
  func names() throws {
    for suffix in ["", "+3", "+3-0", "+0-3", "+09-01", "+10", "+99-99"] {
      let read = try #require(BLSEntryName(name(suffix), token: "btrfs-update"))
      #expect(read.sequence == 12 && read.uuid == uuid)
      #expect(read.text("btrfs-update") == name(suffix))
      #expect(read.with(.good).text("btrfs-update") == name(""))
    }
    func state(_ suffix: String) -> BootState? {
      BLSEntryName(name(suffix), token: "btrfs-update")?.state
    }
    #expect(state("") == .good)
    #expect(state("+0") == .bad && state("+00-10") == .bad)
    #expect(state("+10") == .trial(triesLeft: 10) && state("+2-1") == .trial(triesLeft: 2))
    func bad(_ suffix: String) -> String? {
      BLSEntryName(name(suffix), token: "btrfs-update")?.with(.bad).text("btrfs-update")
    }
    #expect(bad("") == name("+0") && bad("+2-1") == name("+0-1") && bad("+10") == name("+00"))
  }

  @Test("Names of others are nobody's business")
  func otherNames() {
    for text in [
      "", ".conf", "debian.conf", "btrfs-update-.conf", name("+"), name("+x"), name("+1-"),
      name("+1-x"), name("+1-2-3"), name("+1+2"), name("+1234567890"), name("") + "~",
      "btrfs-update-12-\(uuid).conf", "btrfs-update-000012-\(uuid)0.conf",
      "btrfs-update-9999999999999999999999-\(uuid).conf", "other" + name(""),
    ] {
      #expect(BLSEntryName(text, token: "btrfs-update") == nil, "\(text)")
    }
  }

  @Test("What an entry says")
  func golden() throws {
    let bench = try LoaderBench(.bls)
    bench.files.title = "Kiosk"
    try bench.activate()
    let names = try bench.names("loader/entries")
    #expect(
      names == [
        "btrfs-update-000001-\(bench.current.uuid).conf",
        "btrfs-update-000002-\(bench.next.uuid)+3.conf",
      ])
    let text = try bench.read("boot/loader/entries/\(names[1])").split(separator: "\n")
    #expect(text.count == 5)
    #expect(text[0] == "title      Kiosk v3" && text[1] == "sort-key   btrfs-update")
    #expect(text[2].wholeMatch(of: /linux      \/btrfs-update\/[0-9a-f]{64}\.linux/) != nil)
    #expect(text[3].wholeMatch(of: /initrd     \/btrfs-update\/[0-9a-f]{64}\.initrd/) != nil)
    #expect(text[4] == "options    quiet root=UUID=1 rootflags=noatime,subvolid=258")
  }

  @Test("The tree's own command line and kernel are taken, or those that are named")
  func sources() throws {
    let bench = try LoaderBench(.bls)
    let tree = "disk/\(bench.next.name)"
    for directory in ["etc/kernel", "usr/lib/modules/6.9", "usr/lib/modules/6.10"] {
      try FileManager.default.createDirectory(
        atPath: "\(bench.temporary.path)/\(tree)/\(directory)", withIntermediateDirectories: true)
    }
    try FileManager.default.removeItem(atPath: "\(bench.temporary.path)/\(tree)/boot")
    try bench.write("\(tree)/etc/kernel/cmdline", "root=x BOOT_IMAGE=y rootflags=subvol=a\n")
    for release in ["6.9", "6.10"] {
      try bench.write("\(tree)/usr/lib/modules/\(release)/vmlinuz", "k \(release)")
      try bench.write("\(tree)/usr/lib/modules/\(release)/initramfs.img", "i \(release)")
    }
    func prepared() throws -> (options: String, kernel: String, initrd: String?) {
      let disk = try bench.disk([bench.next])
      try bench.backend.prepare(bench.next, root: bench.root(bench.next), disk)
      let text = try bench.read("boot/btrfs-update/\(bench.next.uuid).conf")
      let lines = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
      func value(_ key: String) -> String? {
        lines.first { $0[0] == key }.map { $0[1].trimmingCharacters(in: .whitespaces) }
      }
      return (
        value("options") ?? "", try bench.read("boot\(value("linux") ?? "")"),
        try value("initrd").map { try bench.read("boot\($0)") }
      )
    }
    #expect(try prepared() == ("root=x rootflags=subvolid=258", "k 6.10", "i 6.10"))
    bench.files.commandLine = "root=z"
    bench.files.kernel = "usr/lib/modules/6.9/vmlinuz"
    bench.files.initrd = "usr/lib/modules/6.9/initramfs.img"
    #expect(try prepared() == ("root=z rootflags=subvolid=258", "k 6.9", "i 6.9"))
    bench.files.usesInitrd = false
    #expect(try prepared() == ("root=z rootflags=subvolid=258", "k 6.9", nil))
    // A link out of the tree is no kernel.
    bench.files.kernel = "usr/lib/link"
    try FileManager.default.createSymbolicLink(
      atPath: "\(bench.temporary.path)/\(tree)/usr/lib/link", withDestinationPath: "/bin/sh")
    #expect(throws: BootError.missing(path: "usr/lib/link")) { _ = try prepared() }
  }

  @Test("A loader that would start something else is noticed before anything is written")
  func obstacles() throws {
    let bench = try LoaderBench(.bls)
    func isRefused() throws -> Bool {
      do throws(BootError) {
        let root: Descriptor
        do { root = try bench.root(bench.next) } catch { return false }
        let disk: BootDisk
        do { disk = try bench.disk([bench.next]) } catch { return false }
        try bench.backend.prepare(bench.next, root: root, disk)
        return false
      } catch {
        guard case .unusable = error else { throw error }
        return true
      }
    }
    #expect(try !isRefused())
    for (settings, isWrong) in [
      ("timeout 3\n", false), ("default btrfs-update-*\n", false), ("default  *\n", false),
      ("#default x\n", false), ("default debian*\n", true), ("default @saved\n", true),
      ("preferred other\n", true), ("default x\ndefault BTRFS-update-*.conf\n", false),
      ("default btrfs-update-000001-*\n", false), ("default btrfs-update-000002-*\n", true),
    ] {
      try bench.write("boot/loader/loader.conf", settings)
      #expect(try isRefused() == isWrong, "\(settings)")
    }
    let variable = "efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    try bench.write("boot/loader/loader.conf", "default btrfs-update-*\n")
    try bench.write(variable, "\u{7}\0\0\0d\0e\0b\0\0\0")
    #expect(try isRefused())
    try FileManager.default.removeItem(atPath: "\(bench.temporary.path)/\(variable)")
    // Others' entries come first by their sort key, unless a pattern leaves them out.
    try bench.write("boot/loader/entries/arch.conf", "sort-key arch\n")
    #expect(try !isRefused())
    try bench.write("boot/loader/loader.conf", "")
    #expect(try isRefused())
    for text in ["sort-key debian\n", "title x\n"] {
      try bench.write("boot/loader/entries/arch.conf", text)
      #expect(try !isRefused())
    }
    try bench.write("boot/loader/entries/bad+0-3.conf", "sort-key arch\n")
    #expect(try !isRefused())
  }

  @Test("Without subvolid on the command line, the loader's EFI variable says what was started")
  func selected() throws {
    let bench = try LoaderBench(.bls)
    let disk = try bench.disk([bench.next, bench.current])
    let variable = "efivars/LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    let text = "btrfs-update-000001-\(bench.current.uuid)+2-1.conf"
    try bench.write(variable, "\u{6}\0\0\0" + text.map { "\($0)\0" }.joined() + "\0\0")
    #expect(try bench.backend.current(disk) == bench.current)
    try bench.write(variable, "\u{6}\0\0\0x")
    #expect(try bench.backend.current(disk) == nil)
  }

  @Test("The root subvolume of a command line is replaced, and nothing else")
  func commandLine() {
    func line(_ text: String) -> String? { KernelCommandLine.line(text, rootedIn: 5) }
    #expect(line("") == "rootflags=subvolid=5")
    #expect(line("a  b\n") == "a b rootflags=subvolid=5")
    #expect(
      line("rootflags=x rw rootflags=subvol=/s,compress=zstd,subvolid=7")
        == "rw rootflags=compress=zstd,subvolid=5")
    #expect(line("a=\"b c  d\" initrd=x") == "a=\"b c  d\" rootflags=subvolid=5")
    #expect(line("a\u{1}") == nil && line("a\u{7f}") == nil)
    #expect(line(String(repeating: "a", count: 2030)) == nil)
    for (text, id) in [
      ("rootflags=subvolid=7", 7), ("rootflags=subvolid=7 rootflags=a,subvolid=8", 8),
      ("rootflags=subvol=a", nil), ("subvolid=7", nil), ("rootflags=subvolid=x", nil),
    ] as [(String, UInt64?)] {
      #expect(KernelCommandLine.subvolumeID(in: text) == id, "\(text)")
    }
  }

  @Test("A command line says in which directory the systems are, or nothing")
  func directory() {
    for (text, directory) in [
      ("", nil), ("rootflags=subvol=sys_root_current", nil),
      ("rootflags=subvol=/sys_root_current", nil),
      ("ro rootflags=noatime,subvol=/a/b/sys_root_current quiet", "a/b"),
      ("rootflags=subvol=a/sys_root_current,subvol=b/sys_root_current", "b"),
      ("rootflags=subvol=@", nil), ("rootflags=subvol=a/sys_root_v1", nil),
      ("rootflags=subvolid=7", nil), ("btrfs_update.directory=/x/y/", "x/y"),
      ("btrfs_update.directory=x rootflags=subvol=a/sys_root_current", "x"),
      ("btrfs_update.directory= rootflags=subvol=a/sys_root_current", nil),
    ] as [(String, String?)] {
      #expect(KernelCommandLine.directory(in: text) == directory, "\(text)")
    }
  }

  @Test("Releases are ordered as numbers")
  func releases() {
    let releases = ["", "0-rescue", "5.10", "6.1~rc1", "6.1", "6.1.0-9", "6.1.0-21", "6.10", "a"]
    for (index, one) in releases.enumerated() {
      for (otherIndex, other) in releases.enumerated() {
        #expect(VersionOrder.isOlder(one, than: other) == (index < otherIndex), "\(one) \(other)")
      }
    }
  }

  @Test("Patterns match as loaders match them")
  func patterns() {
    for (pattern, name, matches) in [
      ("", "", true), ("*", "", true), ("a*c", "abc", true), ("a*c", "abd", false),
      ("*.conf", "a.conf.conf", true), ("a?c", "abc", true), ("a?c", "ac", false),
      ("**a*", "bab", true), ("[a]", "a", false),
    ] {
      #expect(NamePattern.matches(name, pattern) == matches, "\(pattern) \(name)")
    }
  }
}
