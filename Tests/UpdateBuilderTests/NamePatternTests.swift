import Testing

@testable import UpdateBuilder

@Suite("Names with their version numbers left out")
struct NamePatternTests {
  private func hash(_ text: String) -> UInt64 { NamePattern.hash(Array(text.utf8)) }

  @Test("Versions of one thing are alike")
  func alike() {
    for (one, other) in [
      ("libfoo.so.1.2.3", "libfoo.so.1.2.10"), ("libfoo.so.1", "libfoo.so.1.2.3"),
      ("linux-image-6.1.0-18-amd64", "linux-image-6.1.0-21-amd64"),
      (
        "usr/lib/modules/6.12.5+deb13-amd64/kernel/drivers/net/veth.ko.xz",
        "usr/lib/modules/6.12.38+deb13-amd64/kernel/drivers/net/veth.ko.xz"
      ),
      (
        "usr/lib/modules/6.1.0-18-arm64/modules.dep", "usr/lib/modules/6.12.1-2-arm64/modules.dep"
      ),
      ("python3.11", "python3.9"), ("a.1.b", "a.2.b"), ("a.1.b", "a.1.2.b"), ("1", "1.2"),
      ("x1.", "x2."), ("2024-01-02.log", "2025-11-12.log"),
    ] {
      #expect(hash(one) == hash(other), "\(one), \(other)")
    }
  }

  @Test("Different words are different, and so is where the numbers are")
  func different() {
    for (one, other) in [
      ("libfoo.so.1", "libbar.so.1"), ("libfoo.so.1", "libfoo.so"), ("libfoo.so.1", "libfoo.so1"),
      ("a.1.b", "a.1b"), ("a.1.b", "a1.b"), ("a.b", "a.1.b"), ("a", "a1"), ("1.a", "1a"),
      ("1..2", "1.2"), ("x1.", "x1"), ("x.1", "x1"), ("1.2", ".1.2"), ("a-1", "a.1"),
      ("modules.dep", "modules.dep.bin"), ("a/1/b", "a/1b"), ("", "1"), ("a.", "a"),
      ("6.1.0-18-amd64", "6.1.0-18-arm64"), ("6.12+deb13", "6.12.13"), ("1-2", "1.2"),
    ] {
      #expect(hash(one) != hash(other), "\(one), \(other)")
    }
  }

  @Test("A file's name is what follows the last slash")
  func fileNames() {
    for (path, name) in [("a/b/c.d", "c.d"), ("c", "c"), ("a/", ""), ("", ""), ("/x", "x")] {
      let found = NamePattern.fileName(Array(path.utf8))
      #expect(Array(found) == Array(name.utf8))
    }
  }
}

@Suite("The version in a name")
struct VersionNameTests {
  @Test("It is the number behind the prefix and _v")
  func versions() {
    for (path, version) in [
      ("sys_root_v41", 41), ("/srv/x/sys_root_v0", 0), ("sys_root_v41/", 41),
      ("a/sys_root_v41/.", 41), ("sys_root_v18446744073709551615", .max),
    ] as [(String, UInt64)] {
      #expect(VersionName.version(of: path, prefix: "sys_root") == version, "\(path)")
    }
    #expect(VersionName.version(of: "x_v7", prefix: "x") == 7)
    #expect(VersionName.version(of: "_v7", prefix: "") == 7)
  }

  @Test("What is no such name has none")
  func none() {
    for path in [
      "", "/", "sys_root", "sys_root_v", "sys_root_v041", "sys_root_v-1", "sys_root_v+1",
      "sys_root_v1a", "sys_root_v 1", "xsys_root_v1", "sys_root_v1/x", "sys_root_v1/..",
      "sys_root_v18446744073709551616", "SYS_ROOT_v1", "sys_root_v\u{661}", "sys_root_v1\u{301}",
    ] {
      #expect(VersionName.version(of: path, prefix: "sys_root") == nil, "\(path)")
    }
  }
}
