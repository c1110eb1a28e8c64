import Configuration
import Linux
import Synchronization
import TestSupport
import Testing

@Suite("The administrator's programs")
final class ProgramTests {
  private let directory: TemporaryDirectory
  private let lines = Said()

  init() throws {
    directory = try TemporaryDirectory()
    try shell("for l in etc run usr/lib; do mkdir -p $l/btrfs-update/things.d; done")
  }

  private final class Said: Sendable {
    private let all = Mutex<[String]>([])
    func add(_ line: String) { all.withLock { $0.append(line) } }
    var lines: [String] { all.withLock(\.self) }
  }

  private func shell(_ script: String) throws {
    let path = directory.path
    try run("sh", "-ec", "umask 022; chmod 755 \(path); cd \(path); \(script)")
  }

  private func add(_ name: String, _ body: String, in layer: String = "etc") throws {
    try shell(
      """
      cat >\(layer)/btrfs-update/things.d/\(name) <<'END'
      #!/bin/sh
      \(body)
      END
      chmod 755 \(layer)/btrfs-update/things.d/\(name)
      """)
  }

  private func runAll(
    _ environment: [String] = [], time: Duration = .seconds(20),
    total: Duration = .seconds(60)
  ) throws(TrustedProgramFailure) -> [String] {
    let lines = lines
    let rules = ProgramRules(
      directories: ConfigurationDirectories(root: directory.path), timeLimit: time,
      totalTimeLimit: total
    ) { lines.add($0) }
    return try TrustedPrograms(rules, in: "things.d").run(environment)
  }

  private func failure(
    time: Duration = .seconds(20), total: Duration = .seconds(60)
  ) -> TrustedProgramFailure? {
    do throws(TrustedProgramFailure) {
      _ = try runAll(time: time, total: total)
      return nil
    } catch { return error }
  }

  @Test("They run in the order of their names over all directories, with what they are told")
  func order() throws {
    try add("20-b", "echo b $WHAT; echo $PATH")
    try add("10-a", "echo a >&2", in: "usr/lib")
    try add("30-c", "echo c", in: "run")
    #expect(try runAll(["WHAT=told"]) == ["10-a", "20-b", "30-c"])
    #expect(
      lines.lines == [
        "10-a: a", "20-b: b told",
        "20-b: /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "30-c: c",
      ])
  }

  @Test("The administrator's hides that of the system, and /dev/null masks it")
  func shadowing() throws {
    try add("a", "echo usr; exit 1", in: "usr/lib")
    try add("a", "echo etc")
    #expect(try runAll() == ["a"])
    #expect(lines.lines == ["a: etc"])
    try shell("ln -sf /dev/null etc/btrfs-update/things.d/a")
    #expect(try runAll().isEmpty)
  }

  @Test("None at all is no failure")
  func none() throws {
    #expect(try runAll().isEmpty)
    try shell("rm -r etc run usr")
    #expect(try runAll().isEmpty)
  }

  @Test("The first that fails ends it, and is named")
  func failing() throws {
    try add("a", "echo ran")
    try add("b", "exit 3")
    try add("c", "echo never")
    #expect(failure() == .ended(name: "b", .exited(3)))
    #expect(lines.lines == ["a: ran"])
  }

  @Test("One that takes too long fails; all together have a limit, too")
  func time() throws {
    try add("a", "sleep 30")
    #expect(failure(time: .milliseconds(200)) == .ended(name: "a", .timedOut(.milliseconds(200))))
    #expect(
      failure(total: .milliseconds(200)) == .outOfTime(name: "a", .milliseconds(200)))
    try add("a", "sleep 3")
    try add("b", "true")
    #expect(failure(time: .milliseconds(250), total: .seconds(9)) != nil)
  }

  @Test("One that nobody may execute, others may write, or that is no program refuses all")
  func untrusted() throws {
    try add("a", "echo ran")
    try add("b", "true")
    try shell("chmod 644 etc/btrfs-update/things.d/b")
    guard case .configuration(.notTrusted(.notExecutable))? = failure() else {
      Issue.record("not refused")
      return
    }
    try shell("chmod 775 etc/btrfs-update/things.d/b")
    guard case .configuration(.notTrusted(.writable))? = failure() else {
      Issue.record("not refused")
      return
    }
    try shell("chmod 755 etc/btrfs-update/things.d/b; chmod 777 etc/btrfs-update/things.d")
    guard case .configuration(.notTrusted(.writable))? = failure() else {
      Issue.record("not refused")
      return
    }
    #expect(lines.lines.isEmpty)
    try shell("chmod 755 etc/btrfs-update/things.d; echo x >etc/btrfs-update/things.d/b")
    guard case .notStarted("b", let error)? = failure() else {
      Issue.record("not refused")
      return
    }
    #expect(error.operation == "execve")
  }
}
