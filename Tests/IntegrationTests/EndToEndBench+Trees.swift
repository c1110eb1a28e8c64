import TestSupport
import Testing

extension EndToEndBench {
  /// Checks that a device makes the second version of two updates, one full and one from version 1,
  /// and that `btrfs receive` makes it of what they stand for.
  func checkTrees(
    of full: String, _ delta: String, at location: SourceLocation = #_sourceLocation
  ) async throws {
    try self.delta(
      "verify", file(delta), "--parent", tree(1), "--public-key",
      path("keys/public.pem"))
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: self)
      for name in [full, delta] {
        try succeed("btrfs-update", device.arguments("apply", file(name)))
      }
      #expect(try Self.difference(tree(2), device.tree(2)) == "", sourceLocation: location)
    }
    // Elsewhere, or it would find our parent, of which flags protect files.
    try await BtrfsFixture.with { mount in
      try run("mkdir", "\(mount.path)/stock")
      for (name, parent) in [(full, []), (delta, ["--parent", tree(1)])] {
        let plain = file("plain-\(name)")
        try succeed("btrfs-delta", ["expand", file(name), "--output", plain] + parent)
        try run("btrfs", "-q", "receive", "-f", plain, "\(mount.path)/stock")
      }
      #expect(
        try Self.difference(tree(2), "\(mount.path)/stock/sys_root_v2") == "",
        sourceLocation: location)
    }
  }
}
