import Configuration
import Foundation
import Linux
import TestSupport
import Testing

@Suite("Finding configuration")
final class FindingTests {
  private let directory: TemporaryDirectory
  private var root: String { directory.path }
  private var directories: ConfigurationDirectories { ConfigurationDirectories(root: root) }

  init() throws {
    directory = try TemporaryDirectory()
    try shell("mkdir -p etc/btrfs-update run/btrfs-update usr/lib/btrfs-update")
  }

  private func shell(_ script: String) throws {
    try run("sh", "-ec", "umask 022; chmod 755 \(root); cd \(root); \(script)")
  }

  private func product() throws -> String? {
    try LoadedConfiguration(directories).configuration.device.name
  }

  private func write(_ product: String, _ path: String) throws {
    try shell(
      """
      mkdir -p $(dirname \(path)); rm -f \(path)
      printf '[Device]\\nProduct=%s\\n' '\(product)' >\(path)
      """)
  }

  private func flaw(_ body: () throws -> Void) -> TrustFlaw? {
    do {
      try body()
      return nil
    } catch ConfigurationError.notTrusted(let flaw) { return flaw } catch { return nil }
  }

  @Test("Nothing there is the defaults")
  func nothing() throws {
    #expect(try LoadedConfiguration(directories).configuration == DeviceConfiguration())
    let missing = ConfigurationDirectories(root: root + "/run")
    #expect(try LoadedConfiguration(missing).files.isEmpty)
  }

  @Test("Of main files only the first counts: etc, run, usr/lib")
  func mainFile() throws {
    try write("usr", "usr/lib/btrfs-update/btrfs-update.conf")
    #expect(try product() == "usr")
    try write("run", "run/btrfs-update/btrfs-update.conf")
    #expect(try product() == "run")
    try write("etc", "etc/btrfs-update/btrfs-update.conf")
    #expect(try product() == "etc")
    let loaded = try LoadedConfiguration(directories)
    #expect(loaded.files == [root + "/etc/btrfs-update/btrfs-update.conf"])
  }

  @Test("A main file that is a link to /dev/null hides the others")
  func maskedMainFile() throws {
    try write("usr", "usr/lib/btrfs-update/btrfs-update.conf")
    try shell("ln -s /dev/null etc/btrfs-update/btrfs-update.conf")
    #expect(try product() == nil)
  }

  @Test("Drop-ins come after the main file, sorted by name over all directories")
  func dropIns() throws {
    try write("main", "etc/btrfs-update/btrfs-update.conf")
    try write("ten", "etc/btrfs-update/btrfs-update.conf.d/10-a.conf")
    try write("twenty", "usr/lib/btrfs-update/btrfs-update.conf.d/20-b.conf")
    #expect(try product() == "twenty")
    try write("hidden", "run/btrfs-update/btrfs-update.conf.d/20-b.conf")
    #expect(try product() == "hidden")
    try shell("ln -s /dev/null etc/btrfs-update/btrfs-update.conf.d/20-b.conf")
    #expect(try product() == "ten")
    #expect(
      try LoadedConfiguration(directories).files.map { String($0.dropFirst(root.count)) } == [
        "/etc/btrfs-update/btrfs-update.conf", "/etc/btrfs-update/btrfs-update.conf.d/10-a.conf",
      ])
  }

  @Test("What editors and package managers leave behind does not count")
  func leftovers() throws {
    for name in [".x.conf", "x.conf~", "x.conf.dpkg-old", "x.conf.rpmsave", "x", "x.dpkg-new.conf"]
    { try write("no", "etc/btrfs-update/btrfs-update.conf.d/\(name)") }
    #expect(try product() == nil)
  }

  @Test(
    "What others may write is refused, and so is what lies in a directory that they may write to",
    arguments: [
      "chmod g+w etc/btrfs-update/btrfs-update.conf",
      "chmod o+w etc/btrfs-update/btrfs-update.conf",
      "chmod o+w etc/btrfs-update", "chmod g+w etc", "chmod 1777 etc",
      "mkdir open; mv etc/btrfs-update/btrfs-update.conf open/c; chmod 777 open;"
        + "ln -s /open/c etc/btrfs-update/btrfs-update.conf",
      "mkdir open; ln -s ../etc/real open/link; mv etc/btrfs-update/btrfs-update.conf etc/real;"
        + "ln -s /open/link etc/btrfs-update/btrfs-update.conf; chmod 777 open",
    ])
  func writable(_ change: String) throws {
    try write("x", "etc/btrfs-update/btrfs-update.conf")
    try shell(change)
    guard case .writable? = flaw({ _ = try product() }) else {
      Issue.record("not refused: \(change)")
      return
    }
  }

  @Test("What belongs to another user is refused: file, directory and link")
  func owner() throws {
    // Only root can give files away; without root there is no other user to try.
    try #require(Machine.isRoot, "needs root")
    for path in [
      "etc/btrfs-update/btrfs-update.conf", "etc/btrfs-update", "etc/btrfs-update/real",
    ] {
      try write("x", "etc/btrfs-update/btrfs-update.conf")
      if path.hasSuffix("real") {
        try shell(
          """
          cd etc/btrfs-update; mv btrfs-update.conf real; ln -s real btrfs-update.conf
          chown -h 12345 btrfs-update.conf
          """)
      } else {
        try shell("chown 12345 \(path)")
      }
      guard case .owner(_, user: 12345)? = flaw({ _ = try product() }) else {
        Issue.record("not refused: \(path)")
        return
      }
      try shell("chown -R 0 etc; rm -f etc/btrfs-update/*")
    }
  }

  @Test("Links are followed inside the root, and not in circles")
  func links() throws {
    try write("x", "usr/share/real.conf")
    try shell("ln -s /usr/share/real.conf etc/btrfs-update/btrfs-update.conf")
    #expect(try product() == "x")
    try shell("ln -sf ../../../../../usr/share/real.conf etc/btrfs-update/btrfs-update.conf")
    #expect(try product() == "x")
    try shell("ln -sf a etc/btrfs-update/b; ln -sf b etc/btrfs-update/a")
    try shell("ln -sf a etc/btrfs-update/btrfs-update.conf")
    guard case .tooManyLinks? = flaw({ _ = try product() }) else {
      Issue.record("a circle of links was followed")
      return
    }
  }

  @Test("A directory, pipe or socket in a file's place is refused")
  func notRegular() throws {
    for command in ["mkdir", "mkfifo"] {
      try shell("\(command) etc/btrfs-update/btrfs-update.conf")
      guard case .notRegular? = flaw({ _ = try product() }) else {
        Issue.record("\(command) was not refused")
        return
      }
      try shell("rm -r etc/btrfs-update/btrfs-update.conf")
    }
  }

  @Test("Files and directories have limits")
  func limits() throws {
    try shell("head -c 70000 /dev/zero | tr '\\0' '#' >etc/btrfs-update/btrfs-update.conf")
    #expect(throws: ConfigurationError.self) { try product() }
    try shell(
      "echo >etc/btrfs-update/btrfs-update.conf; mkdir etc/btrfs-update/btrfs-update.conf.d")
    try shell("cd etc/btrfs-update/btrfs-update.conf.d; for i in $(seq 257); do : >$i.conf; done")
    #expect(
      throws: ConfigurationError.tooManyFiles(
        path: root + "/etc/btrfs-update/btrfs-update.conf.d", limit: 256)
    ) { try product() }
  }

  @Test("A wrong value names the file in which it is")
  func wrongValue() throws {
    try shell("printf '[Boot]\\nTries=many\\n' >etc/btrfs-update/btrfs-update.conf")
    do {
      _ = try product()
      Issue.record("not refused")
    } catch {
      #expect("\(error)".hasPrefix("\(root)/etc/btrfs-update/btrfs-update.conf:2: Tries cannot be"))
    }
  }

  @Test("A program that [Boot] needs and nobody names is an error at the line that needs it")
  func missingScript() throws {
    try shell("printf '[Boot]\\nBackend=custom\\n' >etc/btrfs-update/btrfs-update.conf")
    let file = root + "/etc/btrfs-update/btrfs-update.conf"
    let error = #expect(throws: ConfigurationError.self) { try LoadedConfiguration(directories) }
    #expect(error.map { "\($0)" } == "\(file):2: Backend=custom needs Script=")
    // All files together count.
    try shell(
      """
      mkdir -p run/btrfs-update/btrfs-update.conf.d
      printf '[Boot]\\nScript=/s\\n' >run/btrfs-update/btrfs-update.conf.d/a.conf
      """)
    #expect(try LoadedConfiguration(directories).configuration.boot.script == "/s")
  }

  @Test("Keys and the like: only root's own, whatever part of the way somebody else has")
  func trustedFiles() throws {
    let files = TrustedFiles(directories)
    #expect(try files.files(in: "/etc/keys", suffix: ".pem") == nil)
    #expect(try files.file("/etc/keys") == nil)
    try shell(
      """
      mkdir etc/keys; touch etc/keys/b.pem etc/keys/c.pem etc/keys/.pem etc/keys/x.pub usr/a.pem
      ln -s /usr/a.pem etc/keys/a.pem; ln -s /dev/null etc/keys/d.pem
      """)
    let all = ["usr/a.pem", "etc/keys/b.pem", "etc/keys/c.pem"].map { "\(root)/\($0)" }
    #expect(try files.files(in: "/etc/keys", suffix: ".pem") == all)
    #expect(try files.file("/etc/keys/a.pem") == all[0])
    #expect(try files.file("/etc/keys/d.pem") == nil)
    for spoil in [
      ["chmod g+w", "etc/keys"], ["chmod o+w", "etc/keys/b.pem"], ["chown 1000", "etc/keys/c.pem"],
      ["chown 1000", "etc"], ["chmod g+w", "usr"], ["chown -h 1000", "etc/keys/a.pem"],
      ["chown -h 1000", "etc/keys/d.pem"],
    ] {
      try shell("\(spoil[0]) \(spoil[1])")
      #expect(flaw { _ = try files.files(in: "/etc/keys", suffix: ".pem") } != nil, "\(spoil)")
      try shell("chmod go-w etc etc/keys etc/keys/[bc].pem usr; chown -hR 0 etc usr")
    }
    #expect(try files.files(in: "/etc/keys", suffix: ".pem") == all)
    try shell("mkdir etc/keys/e.pem")
    #expect(flaw { _ = try files.files(in: "/etc/keys", suffix: ".pem") } != nil)
    #expect(flaw { _ = try files.file("/etc/keys") } != nil)
    // Not left out: it was meant to be a key.
    try shell("rmdir etc/keys/e.pem; ln -s /nowhere etc/keys/e.pem")
    #expect(throws: ConfigurationError.self) {
      try files.files(in: "/etc/keys", suffix: ".pem")
    }
  }
}
