import Linux
import Testing

@testable import Tree

@Suite("Times of trees")
struct TreeTimesTests {
  private static let old = FileTime(seconds: 1000)
  private static let fresh = FileTime(seconds: 2000)
  private static let everything = """
    mkdir dir dir/same grown; echo one > dir/same/a; echo x > dir/b; ln dir/b dir/c; echo k > kind
    echo split > s1; ln s1 s2; ln -s there link; mkfifo pipe; echo text > grown/x; echo m > mode
    """

  @Test("Kept, they stay as they are")
  func keep() throws {
    let catalog = try ScriptTree(Self.everything).catalog()
    #expect(try Self.times(catalog.with(.keep, parent: catalog)) == Self.times(catalog))
  }

  @Test("Clamped, none is later than the limit, and none becomes later")
  func clamp() throws {
    let tree = try ScriptTree("echo a > a; echo b > b; touch -d @999.5 a; touch -d @1000.5 b")
    let clamped = try tree.catalog().with(.clamp(to: Self.old), parent: nil)
    #expect(
      clamped.inode("a")?.modificationTime == FileTime(seconds: 999, nanoseconds: 500_000_000))
    #expect(clamped.inode("b")?.modificationTime == Self.old)
    #expect(clamped.inode("")?.modificationTime == Self.old)
  }

  @Test("By content, a tree that was only stamped anew is the parent's to the last digit")
  func content() throws {
    let parent = try ScriptTree(Self.everything + "\nfind . -exec touch -h -d @1000.25 {} +")
    let child = try ScriptTree(copying: parent, "find . -exec touch -h -d @2000.75 {} +")
    let (old, new) = (try parent.catalog(), try child.catalog())
    var read = TreeTotals()
    let planned = try new.with(.content, parent: old) {
      read = $0
      return true
    }
    #expect(try TreeSummary(of: planned).digest == TreeSummary(of: old).digest)
    #expect(read.dataBytes == 21)
    // What has its times already is not read.
    let again = try planned.with(.content, parent: old) {
      read = $0
      return true
    }
    #expect(read.dataBytes == 0)
    #expect(Self.times(again) == Self.times(old))
  }

  @Test("What changed in any other way keeps its own time")
  func changed() throws {
    let parent = try ScriptTree(Self.everything + "\nfind . -exec touch -h -d @1000 {} +")
    let change = """
      echo two > dir/same/a; chmod 600 mode; rm kind; mkdir kind; rm s2; echo split > s2
      rm link; ln -s elsewhere link; echo more > grown/y; find . -exec touch -h -d @2000 {} +
      """
    let child = try ScriptTree(copying: parent, change)
    let planned = try child.catalog().with(.content, parent: parent.catalog())
    let own = planned.entries.filter { planned.inodes[$0.inode].modificationTime == Self.fresh }
    #expect(
      own.map { String(decoding: $0.path, as: UTF8.self) } == [
        "dir/same/a", "grown", "grown/y", "kind", "link", "mode", "s1", "s2",
      ])
  }

  @Test("A comparison ends when its progress says so")
  func cancelled() throws {
    let parent = try ScriptTree(Self.everything)
    let child = try ScriptTree(copying: parent, "find . -exec touch -h -d @2000 {} +")
    let (old, new) = (try parent.catalog(), try child.catalog())
    let error = #expect(throws: SystemError.self) {
      try new.with(.content, parent: old) { $0.dataBytes < 5 }
    }
    #expect(error?.errno == .canceled)
  }

  private static func times(_ catalog: TreeCatalog) -> [FileTime] {
    catalog.inodes.map(\.modificationTime)
  }
}
