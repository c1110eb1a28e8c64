import CommandSupport
import Linux
import TestSupport
import Testing
import Tree

@testable import DeltaCommands

@Suite("What diff prints")
struct DiffReportTests {
  @Test("A line for each change, and one for all")
  func text() throws {
    let report = try Self.report(showsTimes: false)
    #expect(
      report.text == """
        added            -   1.5 KiB  add\\u{a}ed
        modified         -         -  attributes/  (attributes: +user.a ~user.b -user.c)
        modified       4 B       4 B  bytes  (contents, permissions: 0644 -> 4755)
        removed          -         -  gone/
        removed          -         -  gone/link -> bytes
        modified       4 B         -  kind/  (type: regular file -> directory)
        modified         -         -  link  (target: bytes -> kind)
        modified         -         -  mode/  (permissions: 0755 -> 0001)
        moved          6 B       6 B  old/a => new/b
        moved            -         -  old/dir/ => new/dir/
        added            -         -  pipe [FIFO]
        2 added, 2 removed, 5 modified, 2 moved, 3 with other times only; files: 21 B -> 1.5 KiB
        """)
  }

  @Test("With times, all that has another one is listed")
  func times() throws {
    let lines = try Self.report(showsTimes: true).text.split(separator: "\n")
    #expect(lines.count == 15)
    #expect(lines.contains("modified         -         -  ./  (time)"))
    #expect(lines.contains { $0.hasSuffix("bytes  (contents, permissions: 0644 -> 4755, time)") })
  }

  @Test("As JSON, the same with all that is known of the inodes")
  func json() throws {
    let lines = try Self.report(showsTimes: false).json.text
    let bytes = """
      {"change":"modified","path":"bytes","aspects":["contents","permissions","time"],\
      "old":{"type":"regular file","size":4,"permissions":"0644","user":0,"group":0,\
      "time":{"seconds":1000,"nanoseconds":0}},\
      "new":{"type":"regular file","size":4,"permissions":"4755","user":0,"group":0,\
      "time":{"seconds":2000,"nanoseconds":5}}}
      """
    #expect(lines.contains(bytes), "\(lines)")
    #expect(
      lines.contains(
        "{\"change\":\"moved\",\"path\":\"new/b\",\"from\":\"old/a\",\"aspects\":[\"time\"],"))
    #expect(lines.contains("\"target\":\"bytes\"}"))
    let totals = """
      "totals":{"added":2,"removed":2,"modified":5,"moved":2,"onlyTimes":3,"oldBytes":21,\
      "newBytes":1553}}
      """
    #expect(lines.hasSuffix(totals), "\(lines)")
  }

  @Test("Devices are shown by their two numbers")
  func devices() throws {
    var old = TreeInode(
      type: .blockDevice, permissions: 0o600, modificationTime: FileTime(seconds: 0))
    old.specialDevice = 0x1_200A_BCD3_45EF
    var new = old
    new.specialDevice = 0x801
    (new.user, new.group) = (1, 2)
    let change = TreeChange(
      path: Array("d".utf8), kind: .modified, aspects: [.device, .owner], old: old, new: new)
    let line = DiffReport.line(change, showsTimes: false)
    #expect(
      line == "modified         -         -  d [block device]  "
        + "(device: 74565:11259375 -> 8:1, owner: 0:0 -> 1:2)")
  }

  private static func report(showsTimes: Bool) throws -> DiffReport {
    let directory = try TemporaryDirectory()
    let script = """
      cd "$1"; umask 022; mkdir o; cd o
      mkdir attributes gone mode old new old/dir; echo one > bytes; echo kind | head -c 4 > kind
      ln -s bytes link; ln -s bytes gone/link; echo moved > old/a; echo inside > old/dir/x; : > same
      setfattr -n user.b -v 1 attributes; setfattr -n user.c -v 1 attributes
      cd ..; cp -a o n; cd n
      setfattr -x user.c attributes; setfattr -n user.b -v 2 attributes; setfattr -n user.a attributes
      echo two > bytes; chmod 4755 bytes; rm -r gone kind link; mkdir kind; ln -s kind link
      chmod 1 mode; mv old/a new/b; mv old/dir new; mkfifo pipe
      head -c 1536 /dev/zero > "$(printf 'add\\ned')"
      cd ..; find o -exec touch -h -d @1000 {} +; find n -exec touch -h -d @2000.000000005 {} +
      touch -d @1000 n/same
      """
    try run("sh", "-ec", script, "sh", directory.path)
    let trees = try ["o", "n"].map {
      try TreeCatalog(of: TreeRoot(Descriptor.open("\(directory.path)/\($0)", .directory)))
    }
    let changes = try TreeChanges(from: trees[0], to: trees[1])
    return DiffReport(changes: changes, showsTimes: showsTimes)
  }
}
