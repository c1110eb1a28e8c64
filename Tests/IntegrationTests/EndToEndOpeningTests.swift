import Foundation
import TestSupport
import Testing

@Suite("Compressed files that travel opened, by the programs", .btrfs)
struct EndToEndOpeningTests {
  let bench: EndToEndBench

  private static let first = """
    seq 1 6000 | awk '{print "line", $1, ($1 * 7919) % 1000}' >plain
    """

  /// Everything that is packed, from a text that is there as `plain`.
  private static let pack = """
    gzip -9nc plain >doc.gz; gzip -1c plain >fast.gz
    for i in $(seq 15); do cat plain; done | gzip -1n >big.gz
    xz --check=crc32 --lzma2=dict=1MiB -T2 -c plain >module.ko.xz; zstd -q -19 -c plain >fw.zst
    xz --check=crc32 --lzma2=dict=1MiB -c /bin/ls >tool.xz
    (head -c 5000 plain; gzip -nc plain | cat - module.ko.xz | xz -c --check=crc32 --x86 \\
      --lzma2=preset=6,dict=1MiB; tail -c 3000 plain) >image
    cp plain one; cp plain two; touch -d 2001-02-03 one two
    python3 -c "import zipfile
    with zipfile.ZipFile('jar.zip', 'w', zipfile.ZIP_DEFLATED) as z: z.write('one'), z.write('two')"
    rm one two
    """

  init() throws {
    bench = try EndToEndBench()
    try bench.release(1, Self.first + "\n" + Self.pack)
    // Through pipes, since what is copied shares blocks.
    try bench.release(
      2,
      """
      sed -e '1000s/.*/something else/' -e 4000d plain | cat >changed; cat changed >plain
      rm changed *.gz module.ko.xz fw.zst tool.xz image jar.zip
      \(Self.pack)
      gzip -9nc plain | cat >new.gz; xz -dc module.ko.xz | cat >unpacked
      """)
  }

  @Test("They take little; device and stock tools make the same trees; jobs make no difference")
  func opening() async throws {
    let zstd = String(decoding: try run("pkg-config", "--modversion", "libzstd"), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "delta", ["-j", "1", "--device-zstd", zstd])
    try bench.build(1, 2, "again", ["-j", "3", "--device-zstd", zstd])
    try bench.build(1, 2, "closed", ["--recompress", "off"])
    let file = try EndToEndBench.bytes(bench.file("delta"))
    #expect(try firstDifference(EndToEndBench.bytes(bench.file("again")), file) == nil)
    let closed = try EndToEndBench.bytes(bench.file("closed"))
    #expect(file.count * 8 < closed.count, "\(file.count) of \(closed.count)")
    let lines = try bench.delta("dump", bench.file("delta")).split(separator: "\n")
    for name in ["doc.gz", "fast.gz", "module.ko.xz", "fw.zst", "image", "jar.zip"] {
      #expect(
        lines.contains {
          $0.hasPrefix("patch ") && $0.contains("/\(name) ") && $0.contains("opened")
        },
        "\(name)")
    }
    let report = try EndToEndBench.object(bench.delta("inspect", bench.file("delta"), "--json"))
    #expect((report["requiredFeatures"] as? [Int])?.contains(3) == true)
    let recompression = try #require(report["recompression"] as? [String: Any])
    let recipes = try #require(recompression["recipes"] as? [[String: Any]])
    #expect(Set(recipes.compactMap { $0["kind"] as? String }) == ["deflate", "xz", "zstd"])
    #expect(try bench.delta("explain", bench.file("delta")).contains("opened"))
    try await bench.checkTrees(of: "full", "delta")
  }

  @Test("Only the kinds that are allowed are opened, and only within the device's memory")
  func limits() throws {
    try bench.build(1, 2, "deflate", ["--recompress", "deflate"])
    let report = try EndToEndBench.object(bench.delta("inspect", bench.file("deflate"), "--json"))
    let recompression = try #require(report["recompression"] as? [String: Any])
    let recipes = try #require(recompression["recipes"] as? [[String: Any]])
    #expect(Set(recipes.compactMap { $0["kind"] as? String }) == ["deflate"])
    try bench.build(1, 2, "small", ["--max-apply-memory", "36M"])
    let small = try EndToEndBench.object(bench.delta("inspect", bench.file("small"), "--json"))
    #expect(small["recompression"] is NSNull || small["recompression"] == nil)
  }

  @Test("An apply that is killed wherever leaves nothing half-done, and is done in the end")
  func kills() async throws {
    try bench.build(nil, 1, "full")
    try bench.build(1, 2, "delta")
    try await BtrfsFixture.with { mount in
      let device = EndToEndDevice(mount, of: bench)
      try bench.succeed("btrfs-update", device.arguments("apply", bench.file("full")))
      let apply = device.arguments("apply", bench.file("delta"))
      var faults = 0
      for call in stride(from: 16, through: 2000, by: 23) {
        // A full disk, and a process that ends.
        let fault = call % 2 == 0 ? "kill:\(call)" : "fail:\(call):28"
        let result = try bench.result(
          "btrfs-update", apply, environment: ["FAULT_INJECTION": fault])
        if result.status == 0 { break }
        faults += 1
        if call % 2 == 1 { #expect(result.status == 35, "\(call): \(result.errors)") }
      }
      #expect(faults > 2)
      if !FileManager.default.fileExists(atPath: device.tree(2)) {
        try bench.succeed("btrfs-update", apply)
      }
      #expect(try EndToEndBench.difference(bench.tree(2), device.tree(2)) == "")
    }
  }

  @Test("A libzstd that devices do not have is refused; one that they have is used by name")
  func zstd() throws {
    try bench.refuse(
      "btrfs-delta",
      [
        "build", "--parent", bench.tree(1), "--child", bench.tree(2), "--key",
        bench.path("private.pem"), "--output", bench.file("wrong"), "--device-zstd", "0.1.2",
      ], .usage, "libzstd 0.1.2")
  }
}
