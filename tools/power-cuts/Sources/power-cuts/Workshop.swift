import Btrfs
import Linux
import Tree

/// The build server: versions 1 to 4 of a small system, and a signed update to each.
struct Workshop: Sendable {
  let host: Host
  /// What the versions are, by digest.
  private(set) var versions: [String: String] = [:]

  private var server: String { host.path + "/server" }
  private var keys: String { host.path + "/keys" }
  var programs: Programs { host.programs }

  static let product = "power-cuts"
  /// How much of the send stream is in a section of an update.
  static let sectionLength = 40_000

  /// Each version's changes; random data does not shrink, so that a version has its size.
  private static let scripts = [
    """
    mkdir -p etc usr/bin usr/lib var/lib/data; echo one >etc/version; ln -s version etc/link
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do head -c 9000 /dev/urandom >usr/lib/module$i; done
    head -c 400000 /dev/urandom >usr/bin/program; ln usr/bin/program usr/bin/other
    mkfifo etc/fifo; setfattr -n user.a -v b etc/version; chmod 4755 usr/bin/program
    """,
    """
    echo two >etc/version; rm usr/lib/module1; mv usr/lib/module2 usr/lib/renamed
    head -c 150000 /dev/urandom >usr/new
    """,
    """
    echo three >etc/version; rm etc/fifo; mkdir usr/more; mv usr/lib/module3 usr/more/
    head -c 150000 /dev/urandom >>usr/bin/program; cp --reflink usr/new usr/copy
    for i in 1 2 3 4 5 6; do head -c 20000 /dev/urandom >usr/more/file$i; done
    """,
    "echo four >etc/version; rm usr/copy",
  ]

  init(_ host: Host) throws {
    self.host = host
    try programs.need("btrfs", ["subvolume", "create", "\(server)-work"])
    try programs.need("mkdir", [server, keys])
    try programs.need(
      "btrfs-delta",
      ["keygen", "--private", "\(server)/key.pem", "--public", "\(keys)/key.pub.pem"])
    for (index, script) in Self.scripts.enumerated() { try release(index + 1, script) }
  }

  private mutating func release(_ number: Int, _ script: String) throws {
    try programs.shell("cd \"$1\"\n\(script)", "\(server)-work")
    let name = "sys_root_v\(number)"
    try programs.need(
      "btrfs", ["subvolume", "snapshot", "-r", "\(server)-work", "\(server)/\(name)"])
    let root = try Descriptor.open("\(server)/\(name)", .directory)
    try FileSystem.commit(root)
    versions[name] = try TreeSummary(of: root).digest.full.description
    let parent = number > 1 ? ["--parent", "\(server)/sys_root_v\(number - 1)"] : []
    try programs.need(
      "btrfs-delta",
      ["build"] + parent + [
        "--cut-size", "\(Self.sectionLength)", "--child", "\(server)/\(name)", "--key",
        "\(server)/key.pem", "--compatible", Self.product,
        "--output", update(number),
      ])
  }

  private func update(_ number: Int) -> String { "\(server)/v\(number).btrfs.xz" }

  /// The arguments of `btrfs-update` for a device.
  func arguments(_ words: [String], _ device: Mounted, backend: String) -> [String] {
    var words = words.map { word in
      switch word {
      case "FULL": update(1)
      case "SECOND": update(2)
      case "FILE": update(3)
      default: word
      }
    }
    words += ["--root", device.point, "--boot-backend", backend]
    if ["apply", "adopt"].contains(words.first) {
      words += ["--keys", keys, "--compatible", Self.product]
    }
    return words
  }

  /// Makes the images that operations begin with.
  func stages() throws -> [Stage: Image] {
    var images: [Stage: Image] = [.empty: try host.makeImage(megabytes: 256)]
    func make(_ stage: Stage, from base: Stage, _ body: (Mounted) throws -> Void) throws {
      guard let base = images[base] else { throw Failure("no such stage") }
      let image = try base.copy(to: host.fresh("stage-\(stage).img"))
      try host.with(image, body)
      images[stage] = image
    }
    try make(.factory, from: .empty) { device in
      try apply(1, device)
      try programs.need(
        "btrfs", ["subvolume", "delete", "--commit-after", device.point + "/sys_root_v1"])
      try programs.need("rm", ["-r", device.point + "/.btrfs-update"])
      try device.sync()
    }
    try make(.typical, from: .empty) { device in
      try apply(1, device)
      try apply(2, device)
      try update(device, "mark", "good", "2")
      try workWith(device)
    }
    try make(.ready, from: .typical) { device in try apply(3, device, activating: false) }
    try make(.readyByDefault, from: .ready) { device in
      try update(device, backend: "default-subvolume", "activate", "2")
      try update(device, backend: "default-subvolume", "mark", "good", "2")
    }
    try make(.trial, from: .ready) { device in try update(device, "activate", "3") }
    try make(.tried, from: .ready) { device in
      try update(device, "activate", "3", "--tries", "1")
      try update(device, boot: "b", "boot-check")
    }
    try make(.four, from: .trial) { device in
      try update(device, "mark", "good", "3")
      try apply(4, device)
      try update(device, "mark", "good", "4")
    }
    return images
  }

  private func apply(_ number: Int, _ device: Mounted, activating: Bool = true) throws {
    let activation = activating ? ["--activate"] : []
    try update(device, ["apply", update(number)] + activation)
  }

  /// What people do with a system between updates.
  private func workWith(_ device: Mounted) throws {
    try programs.need("btrfs", ["subvolume", "create", "\(device.point)/home"])
    try programs.shell(
      """
      cd "$1"; echo letter >home/letter; echo box >sys_root_current/etc/hostname
      echo number >sys_root_current/var/lib/data/number
      """, device.point)
    try device.sync()
  }

  private func update(
    _ device: Mounted, boot: Character = "a", backend: String = "names", _ words: String...
  ) throws {
    try update(device, boot: boot, backend: backend, words)
  }

  /// Runs `btrfs-update` in another boot than the present one.
  private func update(
    _ device: Mounted, boot: Character = "a", backend: String = "names", _ words: [String]
  ) throws {
    let id = "\(server)/boot-\(boot)"
    try programs.shell("echo \"$1\" >\"$2\"", Self.bootID(boot), id)
    let script = """
      mount --bind "$1" /proc/sys/kernel/random/boot_id; shift; exec "$@"
      """
    try programs.need(
      "unshare",
      ["--mount", "--propagation", "private", "sh", "-ec", script, "sh", id]
        + ["\(programs.directory)/btrfs-update"] + arguments(words, device, backend: backend))
  }

  private static func bootID(_ digit: Character) -> String {
    [8, 4, 4, 4, 12].map { String(repeating: digit, count: $0) }.joined(separator: "-")
  }
}
