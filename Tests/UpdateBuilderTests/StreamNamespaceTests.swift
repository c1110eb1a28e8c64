import Testing

@testable import UpdateBuilder

/// Names as text.
private struct Names {
  private let names: StreamNamespace

  init(hasParent: Bool = true) { names = StreamNamespace(hasParent: hasParent) }

  func node(_ path: String) -> StreamNamespace.Node { names.node(at: Array(path.utf8)) }
  func create(_ path: String) { names.create(Array(path.utf8)) }
  func rename(_ path: String, _ other: String) {
    names.rename(Array(path.utf8), to: Array(other.utf8))
  }
  func link(_ path: String, to existing: String) {
    names.link(Array(path.utf8), to: Array(existing.utf8))
  }
  func remove(_ path: String) { names.remove(Array(path.utf8)) }
  func setTimes(_ path: String) { names.setTimes(Array(path.utf8)) }
  func path(_ node: StreamNamespace.Node) -> String? {
    names.path(of: node).map { String(decoding: $0, as: UTF8.self) }
  }
  func origin(_ path: String) -> String? {
    node(path).origin.map { String(decoding: $0, as: UTF8.self) }
  }
  var withoutTimes: [String] {
    names.directoriesWithoutTimes().map { String(decoding: $0, as: UTF8.self) }
  }
}

@Suite("Following names through a stream")
struct StreamNamespaceTests {
  @Test("What the stream has not touched is what and where it was")
  func untouched() {
    let names = Names()
    #expect(names.origin("usr/bin/env") == "usr/bin/env")
    #expect(names.path(names.node("usr/bin/env")) == "usr/bin/env")
    #expect(names.origin("") == "")
    #expect(names.path(names.node("")) == "")
  }

  @Test("Without a parent nothing was anywhere")
  func full() {
    let names = Names(hasParent: false)
    names.create("o257-7-0")
    let node = names.node("o257-7-0")
    names.rename("o257-7-0", "etc")
    #expect(names.origin("etc") == nil)
    #expect(names.origin("etc/passwd") == nil)
    #expect(names.path(node) == "etc")
  }

  @Test("A new file has no origin, and gets its name from its orphan name")
  func orphan() {
    let names = Names()
    names.create("o300-9-0")
    let node = names.node("o300-9-0")
    #expect(node.origin == nil)
    names.rename("o300-9-0", "usr/lib/new")
    #expect(names.path(node) == "usr/lib/new")
    #expect(names.origin("usr/lib/new") == nil)
    #expect(names.origin("usr/lib/other") == "usr/lib/other")
  }

  @Test("A renamed directory takes along what is in it, seen before or not")
  func renamedDirectory() {
    let names = Names()
    let seen = names.node("usr/share/doc/a")
    names.rename("usr/share/doc", "o270-5-0")
    #expect(names.path(seen) == "o270-5-0/a")
    #expect(names.origin("o270-5-0/a") == "usr/share/doc/a")
    #expect(names.origin("o270-5-0/b/c") == "usr/share/doc/b/c")
    names.rename("o270-5-0", "var/doc")
    #expect(names.path(seen) == "var/doc/a")
    #expect(names.path(names.node("var/doc/b/c")) == "var/doc/b/c")
    #expect(names.origin("var/doc/b/c") == "usr/share/doc/b/c")
    // A file in a directory above that moves as well.
    names.rename("var", "v")
    #expect(names.path(seen) == "v/doc/a")
  }

  @Test("Two directories change places")
  func exchanged() {
    let names = Names()
    let (one, two) = (names.node("a/x"), names.node("b/x"))
    names.rename("a", "o257-1-0")
    names.rename("b", "a")
    names.rename("o257-1-0", "b")
    #expect(names.path(one) == "b/x")
    #expect(names.path(two) == "a/x")
    #expect(names.origin("a/y") == "b/y")
    #expect(names.origin("b/y") == "a/y")
  }

  @Test("A file that is unlinked and made anew has no origin, and the old one no path")
  func recreated() {
    let names = Names()
    let old = names.node("etc/hosts")
    names.remove("etc/hosts")
    #expect(names.path(old) == nil)
    names.create("o400-8-0")
    names.rename("o400-8-0", "etc/hosts")
    #expect(names.origin("etc/hosts") == nil)
    #expect(names.path(names.node("etc/hosts")) == "etc/hosts")
  }

  @Test("A name that is taken over leaves what had it without one")
  func replaced() {
    let names = Names()
    let (old, new) = (names.node("a"), names.node("b"))
    names.rename("b", "a")
    #expect(names.path(old) == nil)
    #expect(names.path(new) == "a")
    #expect(names.origin("a") == "b")
    names.create("a")
    #expect(names.path(new) == nil)
    #expect(names.origin("a") == nil)
  }

  @Test("What is in a directory that is gone has no path")
  func removedDirectory() {
    let names = Names()
    let node = names.node("d/e/f")
    names.remove("d/e")
    #expect(names.path(node) == nil)
    names.create("d/e")
    #expect(names.path(node) == nil)
    #expect(names.origin("d/e/f") == nil)
  }

  @Test("A hard link has the origin of the file that it names; each name goes its own way")
  func hardLinks() {
    let names = Names()
    names.link("new", to: "old")
    #expect(names.origin("new") == "old")
    let (first, second) = (names.node("old"), names.node("new"))
    names.remove("old")
    #expect(names.path(first) == nil)
    #expect(names.path(second) == "new")
    names.rename("new", "d/new")
    #expect(names.path(second) == "d/new")
    names.create("made")
    names.link("made2", to: "made")
    #expect(names.origin("made2") == nil)
  }

  @Test("A rename onto itself changes nothing, and odd paths do no harm")
  func odd() {
    let names = Names()
    let node = names.node("a")
    names.rename("a", "a")
    #expect(names.path(node) == "a")
    names.rename("a", "a/b")
    #expect(names.path(node) == "a/b")
    names.remove("")
    for path in ["/", "//x", "x/", "", "x//y"] {
      names.create(path)
      names.rename(path, "y")
      names.link(path, to: "y")
      names.remove(path)
    }
  }

  @Test("Directories whose entries changed behind their times are named as they end up")
  func times() {
    let names = Names()
    #expect(names.withoutTimes.isEmpty)
    names.create("d/new")
    names.create("e/new")
    #expect(names.withoutTimes == ["d", "e"])
    names.setTimes("d")
    names.rename("e", "f/e")
    #expect(names.withoutTimes == ["", "f", "f/e"])
    names.setTimes("")
    names.setTimes("f")
    names.setTimes("f/e")
    #expect(names.withoutTimes.isEmpty)
    names.remove("g/x")
    names.remove("g")
    #expect(names.withoutTimes == [""])
  }
}
