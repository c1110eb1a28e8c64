import Foundation
import TestSupport
import Testing

@Suite("Printing a tree's digests", .btrfs)
struct EndToEndDigestTests {
  private struct Digests: Decodable, Equatable {
    var contentDigest: String
    var fullDigest: String
    var entries: Int
    var leftOut: [String]
  }

  let bench: EndToEndBench

  init() throws {
    bench = try EndToEndBench()
    try bench.release(
      1,
      """
      mkdir dir; echo text >dir/file; ln dir/file other; ln -s dir/file link; mkfifo fifo
      truncate -s 1M sparse; chown 12:34 other; touch -d '2001-02-03 04:05:06.000000007Z' sparse
      """)
  }

  private func digests(_ path: String) throws -> Digests {
    try JSONDecoder().decode(Digests.self, from: Data(bench.delta("digest", path, "--json").utf8))
  }

  @Test("They are those that an update is signed with, on this file system and on another")
  func same() throws {
    try bench.build(nil, 1, "full")
    let signed = try bench.delta("inspect", bench.file("full"), "--json")
    let found = try digests(bench.tree(1))
    #expect(found.entries == 7 && found.leftOut == [])
    #expect(signed.contains("\"contentDigest\":\"\(found.contentDigest)\""))
    #expect(signed.contains("\"fullDigest\":\"\(found.fullDigest)\""))
    let directory = try TemporaryDirectory()
    let copy = directory.path + "/copy"
    try run("cp", "-a", bench.tree(1), copy)
    #expect(try digests(copy) == found)
    let text = try bench.delta("digest", copy)
    #expect(text == (try bench.delta("digest", bench.tree(1))))
    #expect(text.contains(found.contentDigest) && text.contains(found.fullDigest))

    try run("touch", copy + "/dir/file")
    var changed = try digests(copy)
    #expect(changed.contentDigest == found.contentDigest && changed.fullDigest != found.fullDigest)
    try run("chmod", "600", copy + "/other")
    changed = try digests(copy)
    #expect(changed.contentDigest != found.contentDigest)
  }

  @Test("Nested subvolumes are left out, and named")
  func nested() throws {
    try run("btrfs", "-q", "subvolume", "create", bench.path("work/nested"))
    try bench.release(2, ":")
    #expect(try digests(bench.tree(2)).leftOut == ["nested"])
    let result = try bench.result("btrfs-delta", ["digest", bench.tree(2)])
    #expect(result.errors.contains("left out, as in every update: \"nested\""))
  }

  @Test("What is for update files is not for trees, and the other way round")
  func refusals() throws {
    try bench.build(nil, 1, "full")
    try bench.refuse(
      "btrfs-delta", ["digest", bench.tree(1), "--output", "-"], .usage, "not for a tree")
    try bench.refuse(
      "btrfs-delta", ["digest", bench.file("full"), "--json"], .usage, "are for trees")
  }
}
