import Bytes
import Foundation
import Linux
import TestSupport
import Testing

@testable import UpdateInstaller

@Suite("A boot program of the device's maker")
struct CustomTests {
  private let bench: LoaderBench
  private var script: String { "\(bench.temporary.path)/tools/boot" }

  init() throws { bench = try LoaderBench(.bls) }

  private func write(_ text: String, permissions: Int = 0o755) throws {
    try writeScript(text, at: script, permissions: permissions)
  }

  private func set(_ permissions: Int, _ name: String) throws {
    try FileManager.default.setAttributes(
      [.posixPermissions: permissions], ofItemAtPath: "\(bench.temporary.path)/\(name)")
  }

  private func backend(counts: Bool = true, limit: Duration = .seconds(20)) -> CustomBackend {
    CustomBackend(
      script, timeLimit: limit, countsTries: counts, trustedTop: bench.temporary.path)
  }

  @Test("Every verb is asked as the manual says")
  func verbs() throws {
    try write(
      """
      cd "${0%/*}"
      echo "$* $BTRFS_UPDATE_SUBVOLUME_ID $BTRFS_UPDATE_NAME $BTRFS_UPDATE_VERSION $BTRFS_UPDATE_TRIES" \\
        >> log
      case $1 in
      get-*) cat "$1" ;;
      prepare) cat "$3/boot/vmlinuz-6.1.0-9" >> log; echo >> log ;;
      esac
      """)
    let (backend, next) = (backend(), bench.next)
    let disk = try bench.disk([next, bench.current])
    for verb in ["get-primary", "get-current"] { try bench.write("tools/\(verb)", "") }
    #expect(try backend.primary(disk) == nil && backend.current(disk) == nil)
    for verb in ["get-primary", "get-current"] {
      try bench.write("tools/\(verb)", "\(next.uuid)\n")
    }
    #expect(try backend.primary(disk) == next && backend.current(disk) == next)
    try bench.write("tools/get-primary", "nonsense")
    #expect(throws: BootError.self) { try backend.primary(disk) }
    for (answer, state) in [
      ("good\n", BootState.good), ("bad", .bad), (" trial  2 ", .trial(triesLeft: 2)),
      ("", nil), ("trial", nil), ("trial 0", nil), ("trial x", nil), ("fine", nil),
    ] {
      try bench.write("tools/get-state", answer)
      if let state {
        #expect(try backend.state(of: next, disk) == state)
      } else {
        #expect(throws: BootError.self) { try backend.state(of: next, disk) }
      }
    }
    #expect(try self.backend(counts: false).state(of: next, disk) == .good)
    try bench.write("tools/log", "")
    try backend.prepare(next, root: bench.root(next), disk)
    try backend.setPrimary(next, tries: 3, disk)
    try backend.setPrimary(bench.current, tries: nil, disk)
    try backend.setState(.bad, of: next, disk)
    try backend.retain([next, bench.current], disk)
    let log = try bench.read("tools/log").split(separator: "\n").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    #expect(log[0].hasPrefix("prepare \(next.uuid) /proc/"))
    #expect(
      log.dropFirst() == [
        "kernel \(next.uuid) 6.1.0-9",
        "set-primary \(next.uuid) 258 .sys_root_current.next 3 3",
        "set-primary \(bench.current.uuid) 256 sys_root_current 1",
        "set-state \(next.uuid) bad 258 .sys_root_current.next 3",
        "retain \(next.uuid) \(bench.current.uuid)",
      ])
  }

  @Test("One that fails, or takes too long, is an error with what it said last")
  func fails() throws {
    let disk = try bench.disk([bench.next])
    try write("echo first\necho no chip >&2\nexit 3")
    #expect(throws: BootError.programFailed(path: script, .exited(3), output: "no chip")) {
      try backend().primary(disk)
    }
    try write("sleep 30")
    let error = #expect(throws: BootError.self) {
      try backend(limit: .milliseconds(200)).primary(disk)
    }
    guard case .programFailed(_, .timedOut, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("One that somebody else than root could have written is not run")
  func trust() throws {
    let disk = try bench.disk([bench.next])
    func isRefused() throws -> Bool {
      do throws(BootError) {
        _ = try backend().primary(disk)
        return false
      } catch {
        guard case .unusable = error else { throw error }
        return true
      }
    }
    try write("exit 0")
    #expect(try !isRefused())
    for permissions in [0o775, 0o757, 0o644] {
      try set(permissions, "tools/boot")
      #expect(try isRefused())
    }
    try set(0o755, "tools/boot")
    try set(0o777, "tools")
    #expect(try isRefused())
    try set(0o755, "tools")
    try run("chown", "1", script)
    #expect(try isRefused())
    try run("chown", "0", script)
    try FileManager.default.moveItem(atPath: script, toPath: script + "2")
    try FileManager.default.createSymbolicLink(
      atPath: script, withDestinationPath: script + "2")
    #expect(try isRefused())
    #expect(throws: BootError.self) {
      try CustomBackend("boot").primary(disk)
    }
  }

  @Test("Backends are configured by name and options; what does not fit is said")
  func options() throws {
    #expect(try BootConfiguration("names") == .names)
    #expect(try BootConfiguration("default-subvolume") == .defaultSubvolume)
    var files = BootFiles(directory: "/efi", token: "kiosk", title: "My Kiosk")
    files.kernel = "boot/k"
    files.usesInitrd = false
    files.commandLine = "root=x"
    let options = [
      "directory": "/efi", "entry-token": "kiosk", "title": "My Kiosk", "kernel": "/boot/k",
      "initrd": "none", "command-line": "root=x",
    ]
    #expect(try BootConfiguration("bls", options: options) == .bls(files))
    #expect(
      try BootConfiguration("grub", options: options)
        == .grub(files, environment: "/efi/grub/grubenv"))
    #expect(
      try BootConfiguration("uboot", options: ["tools": "/opt"])
        == .uboot(BootFiles(), configuration: "/etc/fw_env.config", tools: ["/opt"]))
    #expect(
      try BootConfiguration(
        "custom", options: ["script": "/s", "time-limit": "5", "counts": "no"])
        == .custom(script: "/s", timeLimit: .seconds(5), countsTries: false))
    for name in BootConfiguration.backendNames {
      let needed = name == "custom" ? ["script": "/s"] : [:]
      #expect(try BootConfiguration(name, options: needed).backend().name == name)
    }
    for (name, key, value) in [
      ("none", "", ""), ("names", "directory", "/x"), ("bls", "environment", "/x"),
      ("bls", "directory", "x"), ("bls", "directory", "/x/"), ("bls", "entry-token", "A"),
      ("bls", "entry-token", "../x"), ("bls", "kernel", "a/../b"), ("bls", "title", ""),
      ("bls", "command-line", "a\u{1}"), ("custom", "counts", "no"), ("custom", "script", "s"),
      ("bls", "title", "a\nb"),
    ] {
      #expect(throws: BootConfigurationError.self, "\(name) \(key)") {
        try BootConfiguration(name, options: key.isEmpty ? [:] : [key: value])
      }
    }
  }
}
