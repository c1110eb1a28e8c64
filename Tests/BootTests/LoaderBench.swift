import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

/// A device with a boot partition, and the loader that reads it: a small model of what each loader
/// does when nobody is at the keyboard.
final class LoaderBench {
  enum Kind: CaseIterable { case bls, grub, uboot }

  let kind: Kind
  let temporary: TemporaryDirectory
  let current = LoaderBench.system(1, "sys_root_current")
  let last = LoaderBench.system(2, "sys_root_last")
  let next = LoaderBench.system(3, ".sys_root_current.next")
  var files: BootFiles
  var machine: BootMachine

  var boot: String { "\(temporary.path)/boot" }
  var environment: String { "\(temporary.path)/environment" }

  static func system(_ number: UInt8, _ name: String) -> BootSystem {
    let bytes = [UInt8](repeating: number, count: 16)
    return BootSystem(
      name: name, uuid: SubvolumeUUID(bytes.rawSpan) ?? .none, subvolumeID: 255 + UInt64(number),
      version: SystemVersion(UInt64(number)))
  }

  init(_ kind: Kind) throws {
    self.kind = kind
    temporary = try TemporaryDirectory()
    let path = temporary.path
    files = BootFiles(directory: "\(path)/boot")
    machine = BootMachine(commandLinePath: "\(path)/cmdline", variables: "\(path)/efivars")
    for directory in ["boot/btrfs-update", "boot/loader/entries", "efivars", "tools"] {
      try FileManager.default.createDirectory(
        atPath: "\(path)/\(directory)", withIntermediateDirectories: true)
    }
    try write("cmdline", "quiet root=UUID=1 rootflags=subvol=sys_root_current,noatime")
    for system in [current, last, next] { try makeTree(of: system) }
    switch kind {
    case .bls: break
    case .grub:
      let comment = "# WARNING: do not edit\nsaved_entry=0\n"
      let text = "# GRUB Environment Block\n" + comment
      try write("environment", text + String(repeating: "#", count: 1024 - text.utf8.count))
    case .uboot:
      try write("environment", "bootdelay=2\nbootcmd=run x=y\n")
      try tool("fw_printenv", "[ \"$1\" = -c ] && cat \"$2\"")
      // As the real one: all of the script, or nothing.
      try tool(
        "fw_setenv",
        """
        [ "$1" = -c ] && [ "$3" = -s ] || exit 3
        cp "$2" "$2.new"
        while IFS== read -r name value; do
          grep -v "^$name=" "$2.new" > "$2.tmp"
          [ -z "$value" ] || echo "$name=$value" >> "$2.tmp"
          mv "$2.tmp" "$2.new"
        done < "$4"
        mv "$2.new" "$2"
        """)
    }
  }

  private func tool(_ name: String, _ text: String) throws {
    try writeScript(text, at: "\(temporary.path)/tools/\(name)")
  }

  func makeTree(of system: BootSystem, kernel: String? = nil) throws {
    let path = "\(temporary.path)/disk/\(system.name)/boot"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for release in ["6.1.0-9", "6.1.0-21"] {
      let text = "kernel \(kernel ?? "\(system.uuid)") \(release)"
      try Data(text.utf8).write(to: URL(filePath: "\(path)/vmlinuz-\(release)"))
      // The same for all.
      try Data("initrd \(release)".utf8).write(to: URL(filePath: "\(path)/initrd.img-\(release)"))
    }
  }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(temporary.path)/\(name)"))
  }

  func read(_ name: String) throws -> String {
    String(
      decoding: try Data(contentsOf: URL(filePath: "\(temporary.path)/\(name)")), as: UTF8.self)
  }

  func names(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(boot)/\(directory)").sorted()
  }

  var backend: any BootBackend {
    switch kind {
    case .bls: BLSBackend(files, machine)
    case .grub: GrubBackend(files, environment: environment, machine)
    case .uboot:
      UBootBackend(
        files, configuration: environment, tools: ["\(temporary.path)/tools"], machine)
    }
  }

  func disk(_ systems: [BootSystem]) throws -> BootDisk {
    BootDisk(
      directory: try Descriptor.open("\(temporary.path)/disk", .directory), systems: systems,
      running: RunningSystem(uuid: nil, bootID: nil), trials: [:])
  }

  func root(_ system: BootSystem) throws -> Descriptor {
    try Descriptor.open("\(temporary.path)/disk/\(system.name)", .directory)
  }

  // What the installer does.

  func activate(tries: Int = 3) throws {
    let disk = try disk([current, last, next])
    try backend.prepare(next, root: root(next), disk)
    try backend.setPrimary(next, tries: tries, disk)
    try backend.retain([next, current], disk)
  }

  func markGood() throws { try backend.setState(.good, of: next, disk([next, current])) }

  func rollBack() throws {
    let disk = try disk([next, current])
    try backend.prepare(current, root: root(current), disk)
    try backend.setPrimary(current, tries: nil, disk)
    try backend.setState(.bad, of: next, disk)
  }

  // What the loader does.

  /// What it starts, counted, and proved to have all of its kernel, initrd and command line.
  func start() throws -> SubvolumeUUID {
    switch kind {
    case .bls: try startEntry()
    case .grub, .uboot: try startVariables()
    }
  }

  private func startEntry() throws -> SubvolumeUUID {
    func left(_ name: String) -> Int? {
      name.firstIndex(of: "+").flatMap { Int(name[$0...].dropFirst().prefix { $0.isNumber }) }
    }
    let entries = try names("loader/entries").filter { $0.hasSuffix(".conf") }
    let name = try #require(
      entries.max { (left($0) == 0 ? 0 : 1, $0) < (left($1) == 0 ? 0 : 1, $1) })
    var path = "\(boot)/loader/entries/\(name)"
    if let left = left(name), left > 0 {
      let plus = try #require(name.firstIndex(of: "+"))
      let done = name[plus...].split(separator: "-").dropFirst().first
        .flatMap { Int($0.prefix { $0.isNumber }) }
      let new = "\(name[..<plus])+\(left - 1)-\((done ?? 0) + 1).conf"
      try FileManager.default.moveItem(atPath: path, toPath: "\(boot)/loader/entries/\(new)")
      path = "\(boot)/loader/entries/\(new)"
    }
    let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      values[String(words[0])] = words[1].trimmingCharacters(in: .whitespaces)
    }
    return try check(values["linux"] ?? "", values["initrd"] ?? "", values["options"] ?? "")
  }

  /// Runs the script that comes with the program, as the loader would: its language is nearly the
  /// shell's.
  private func startVariables() throws -> SubvolumeUUID {
    let script = kind == .grub ? try grubScript() : try ubootScript()
    try write("script", script)
    let output = String(
      decoding: try run("bash", "\(temporary.path)/script"), as: UTF8.self)
    let words = output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
    func loaded(_ suffix: String) -> String {
      let path = words.first { $0[0] == "load" && $0[1].hasSuffix(suffix) }?[1] ?? ""
      return path.split(separator: "/").last.map { "/btrfs-update/\($0)" } ?? ""
    }
    let options = words.first { $0[0] == "boot" }?[1] ?? ""
    return try check(loaded(".linux"), loaded(".initrd"), String(options))
  }

  private func sample(_ name: String) throws -> String {
    let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return String(
      decoding: try Data(contentsOf: top.appending(path: "device/\(name)")), as: UTF8.self)
  }

  private func grubScript() throws -> String {
    let menu = try sample("grub/btrfs-update.cfg").replacing(
      /menuentry "[^"]*" --id ([a-z-]*) \{/
    ) { "function menu-\($0.1) {" }
    return """
      set() { printf -v "${1%%=*}" %s "${1#*=}"; }
      load_env() {
        local file=$2 name line
        shift 2
        for name; do
          line=$(grep -a "^$name=" "$file")
          [ -z "$line" ] || set "$name=${line#*=}"
        done
      }
      save_env() { sed -i "s/^$3=.*/$3=${!3}/" "$2"; }
      linux() { [ -f "$1" ] && echo "load $1" && shift && echo "boot $*"; }
      initrd() { [ -f "$1" ] && echo "load $1"; }
      btrfs_update_files=\(boot)/btrfs-update
      btrfs_update_environment=\(environment)
      \(menu)
      menu-$default
      """
  }

  private func ubootScript() throws -> String {
    """
    while IFS== read -r name value; do
      case $name in btrfs_update_*) printf -v "$name" %s "$value" ;; esac
    done < \(environment)
    setenv() { local name=$1; shift; printf -v "$name" %s "$*"; }
    saveenv() { sed -i "s/^btrfs_update_left=.*/btrfs_update_left=$btrfs_update_left/" \(environment); }
    load() { file=\(boot)/$4; [ -f "$file" ] && echo "load $4"; }
    env() { while IFS== read -r name value; do setenv "$name" "$value"; done < "$file"; }
    booti() { echo "boot $bootargs"; exit 0; }
    run() { eval "${!1}"; }
    devtype=mmc devnum=0 distro_bootpart=1
    kernel_addr_r=k ramdisk_addr_r=r fdt_addr_r=f filesize=1
    \(try sample("u-boot/boot.cmd"))
    """
  }

  private func check(_ linux: String, _ initrd: String, _ options: String) throws -> SubvolumeUUID {
    let system = try #require(
      [current, last, next].first { options.hasSuffix("noatime,subvolid=\($0.subvolumeID)") })
    #expect(options.hasPrefix("quiet root=UUID=1 rootflags="))
    #expect(try read("boot\(linux)") == "kernel \(system.uuid) 6.1.0-21")
    #expect(try read("boot\(initrd)") == "initrd 6.1.0-21")
    return system.uuid
  }
}
