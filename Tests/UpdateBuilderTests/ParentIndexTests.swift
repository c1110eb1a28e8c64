import Testing

@testable import UpdateBuilder

@Suite("What a changed file may have been")
struct ParentIndexTests {
  private func index(_ files: [(String, UInt64)]) -> ParentIndex {
    var index = ParentIndex()
    for (path, size) in files { index.add(path: Array(path.utf8), size: size) }
    return index
  }

  private func path(_ file: ParentIndex.File?) -> String? {
    file.map { String(decoding: $0.path, as: UTF8.self) }
  }

  private func bytes(_ path: String) -> [UInt8] { Array(path.utf8) }

  @Test("A path is found as it is; an empty file is no use")
  func paths() {
    let index = index([("a", 1), ("b/c", 2), ("empty", 0)])
    #expect(path(index.file(at: bytes("b/c"))) == "b/c")
    #expect(index.file(at: bytes("b/c"))?.size == 2)
    #expect(index.file(at: bytes("b")) == nil)
    #expect(index.file(at: bytes("empty")) == nil)
    #expect(index.files(ofSize: 0, like: bytes("empty")).isEmpty)
  }

  @Test("Of paths that differ in numbers, the one of the nearest size is taken, then the first")
  func pathPatterns() {
    let index = index([
      ("lib/libx.so.1.2", 1000), ("lib/libx.so.1.3", 2000), ("lib/libx.so.1.4", 2000),
      ("lib/liby.so.1.2", 1500), ("opt/libx.so.1.2", 1500),
    ])
    let new = bytes("lib/libx.so.2.0")
    #expect(path(index.fileWithPathPattern(of: new, size: 1200)) == "lib/libx.so.1.2")
    #expect(path(index.fileWithPathPattern(of: new, size: 1500)) == "lib/libx.so.1.2")
    #expect(path(index.fileWithPathPattern(of: new, size: 1501)) == "lib/libx.so.1.3")
    #expect(path(index.fileWithPathPattern(of: new, size: .max)) == "lib/libx.so.1.3")
    #expect(index.fileWithPathPattern(of: bytes("lib/libz.so.1"), size: 1) == nil)
    #expect(index.fileWithPathPattern(of: bytes("libx.so.1"), size: 1) == nil)
  }

  @Test("A name that differs in numbers is found in any directory")
  func namePatterns() {
    let index = index([("a/x-1.ko", 10), ("b/c/x-2.ko", 20), ("x.ko", 30)])
    #expect(path(index.fileWithNamePattern(of: bytes("d/x-3.ko"), size: 19)) == "b/c/x-2.ko")
    #expect(path(index.fileWithNamePattern(of: bytes("x-3.ko"), size: 1)) == "a/x-1.ko")
    #expect(index.fileWithNamePattern(of: bytes("d/y-3.ko"), size: 19) == nil)
  }

  @Test("Files of the same size come with those of the same name first, in their order")
  func sizes() {
    let index = index([("a", 5), ("b/x1", 5), ("c", 6), ("d/x2", 5), ("e", 5)])
    let found = index.files(ofSize: 5, like: bytes("new/x7")).compactMap(path)
    #expect(found == ["b/x1", "d/x2", "a", "e"])
    #expect(index.files(ofSize: 7, like: bytes("a")).isEmpty)
  }

  @Test("Of very many files of one size only some are looked at")
  func bounded() {
    let index = index((0..<3000).map { ("d/\($0)name", 5) })
    #expect(index.files(ofSize: 5, like: bytes("other")).count == 32)
    #expect(path(index.fileWithNamePattern(of: bytes("9name"), size: 5)) == "d/0name")
  }
}
