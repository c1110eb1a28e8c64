import Btrfs
import Bytes
import Linux
import TestSupport
import Tree

/// A device's disk.
struct EndToEndDevice {
  let path: String
  let keys: String

  /// A device on a file system of its own, that trusts a build server.
  init(_ mount: BtrfsFixture, of bench: EndToEndBench) {
    path = mount.path
    keys = bench.path("keys")
  }

  /// A device in a directory of any btrfs.
  init(path: String, keys: String) {
    self.path = path
    self.keys = keys
  }

  /// The arguments with which a device that is an `oven` takes an update.
  func arguments(_ command: String, _ file: String, product: String? = "oven") -> [String] {
    [command, file, "--root", path, "--keys", keys] + (product.map { ["--compatible", $0] } ?? [])
  }

  /// The place of a version.
  func tree(_ version: UInt64) -> String { "\(path)/sys_root_v\(version)" }

  /// Everything that a call that fails must leave alone: subvolumes, all that is in them, records.
  func state() throws -> [String] {
    let disk = try Descriptor.open(path, .directory)
    var state: [String] = []
    for info in try Subvolume.list(in: disk).sorted(by: { $0.id < $1.id }) {
      let root = try disk.open(beneath: info.name, .directory)
      let digest = try TreeSummary(of: root).digest
      state.append(
        "\(info.name) \(info.uuid) \(info.receivedUUID) \(info.isReadOnly) \(digest.full)")
    }
    state += try disk.entries().map { "\($0.name)" }.sorted()
    // The lock holds the number of the process that had it last.
    let records = try run(
      "sh", "-c",
      "cd \(path); [ ! -d .btrfs-update ] || find .btrfs-update -type f ! -name lock -exec sha256sum {} + | sort"
    )
    return state + [String(decoding: records, as: UTF8.self)]
  }
}
