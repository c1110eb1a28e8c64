import Foundation
import Linux
import TestSupport
import Testing

@Suite("Running programs")
struct ChildProcessTests {
  private struct Outcome {
    var end: ProcessEnd
    var lines: [String]
    var duration: Duration
  }

  private func shell(
    _ script: String, environment: [String] = [], time: Duration = .seconds(20),
    grace: Duration = .milliseconds(300), output: Int = 64 << 10,
    while goesOn: () -> Bool = { true }
  ) throws -> Outcome {
    let start = Machine.monotonicTime()
    let child = try ChildProcess.start(
      "/bin/sh", arguments: ["-c", script], environment: environment)
    var lines: [String] = []
    let end = try child.finish(
      ProcessLimits(time: time, grace: grace, output: output), while: goesOn
    ) { lines.append($0) }
    return Outcome(end: end, lines: lines, duration: Machine.monotonicTime() - start)
  }

  @Test("Both outputs come line by line, and the status is the program's")
  func output() throws {
    let outcome = try shell("echo one; echo two >&2; printf three; exit 7")
    #expect(outcome.lines == ["one", "two", "three"])
    #expect(outcome.end == .exited(7))
    #expect(!outcome.end.isSuccess)
    #expect(try shell("true").end.isSuccess)
  }

  @Test("A signal that ends the program is told")
  func signal() throws {
    #expect(try shell("kill -KILL $$").end == .killed(signal: 9))
  }

  @Test("The environment is what was given, and nothing else")
  func environment() throws {
    let child = try ChildProcess.start("/usr/bin/env", environment: ["A=1", "B=two words"])
    var lines: [String] = []
    #expect(try child.finish(ProcessLimits(time: .seconds(20))) { lines.append($0) }.isSuccess)
    #expect(lines == ["A=1", "B=two words"])
  }

  @Test("Nothing of ours is open in it, its input is empty, and it leads a session in /")
  func inheritance() throws {
    // Not close-on-exec, as somebody else's descriptors may be.
    let leaked = dup(1)
    defer { close(leaked) }
    let outcome = try shell(
      "ls /proc/$$/fd | tr '\\n' ' '; echo; cat; pwd; umask; cut -d' ' -f6 /proc/$$/stat; echo $$")
    try #require(outcome.lines.count == 5)
    // The shell opens some for itself: above 9, and for a moment the pipe's.
    let open = outcome.lines[0].split(separator: " ").compactMap { Int($0) }
    #expect(open.filter { $0 < 10 }.starts(with: [0, 1, 2]))
    #expect(!open.contains(Int(leaked)) || leaked < 5)
    #expect(outcome.lines[1] == "/")
    #expect(outcome.lines[2] == "0022")
    #expect(outcome.lines[3] == outcome.lines[4])
  }

  @Test("Signals that we ignore or block are not ignored or blocked in it")
  func signals() throws {
    // As every program of ours does.
    let before = Foundation.signal(SIGPIPE, SIG_IGN)
    defer { Foundation.signal(SIGPIPE, before) }
    // The shell itself: it blocks signals while it makes a child.
    let outcome = try shell("exec grep -E '^Sig(Blk|Ign):' /proc/self/status")
    #expect(outcome.lines.count == 2)
    for line in outcome.lines {
      let mask = try #require(line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
      // 32 and 33 belong to the C library, which lets nobody set them.
      #expect(mask & ~0x1_8000_0000 == 0, "\(line)")
    }
  }

  @Test("One that takes too long is asked to end, and says its last words")
  func timeLimit() throws {
    let outcome = try shell(
      "trap 'echo asked; exit 3' TERM; echo here; sleep 30 & wait", time: .milliseconds(300),
      grace: .seconds(10))
    #expect(outcome.end == .timedOut(.milliseconds(300)))
    #expect(outcome.lines == ["here", "asked"])
    #expect(outcome.duration < .seconds(8))
  }

  @Test("One that does not listen is killed, with all that it has started")
  func killing() throws {
    let outcome = try shell(
      "trap '' TERM; (trap '' TERM; sleep 31 & echo $!; wait) & sleep 32", time: .milliseconds(300))
    #expect(outcome.end == .timedOut(.milliseconds(300)))
    #expect(outcome.duration < .seconds(8))
    let sleeper = try #require(outcome.lines.first.flatMap { Int32($0) })
    #expect(isGone(sleeper))
  }

  @Test("What a program leaves running does not outlive it, and is not waited for")
  func leftRunning() throws {
    let outcome = try shell("sleep 33 & echo $!")
    #expect(outcome.end == .exited(0))
    #expect(outcome.duration < .seconds(8))
    #expect(isGone(try #require(outcome.lines.first.flatMap { Int32($0) })))
  }

  /// Whether there is no such process, or only what its new parent has not looked at yet.
  private func isGone(_ process: Int32) -> Bool {
    for _ in 0..<100 {
      guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
      else { return true }
      if text.split(separator: ") ").last?.first == "Z" { return true }
      usleep(20_000)
    }
    return false
  }

  @Test("A caller that does not want to wait any longer ends it")
  func stopping() throws {
    var questions = 0
    let outcome = try shell("sleep 34") {
      questions += 1
      return questions < 3
    }
    #expect(outcome.end == .stopped)
    #expect(outcome.duration < .seconds(8))
  }

  @Test("What is said is bounded, and so is a line")
  func bounds() throws {
    let outcome = try shell("yes | head -c 5000000; exit 4", output: 1000)
    #expect(outcome.end == .exited(4))
    #expect(outcome.lines.count == 501)
    #expect(outcome.lines.last == "(more was said, and left out)")
    let long = try shell("head -c 3000 /dev/zero | tr '\\0' x")
    #expect(long.lines.map(\.utf8.count) == [1024, 1024, 952])
  }

  @Test("Closed outputs are no end: the status is waited for")
  func closedOutputs() throws {
    let outcome = try shell("exec >&- 2>&-; sleep 0.4; exit 5")
    #expect(outcome.end == .exited(5))
    #expect(outcome.duration >= .milliseconds(400))
  }

  @Test("What cannot be run is an error, not a status")
  func notRunnable() throws {
    let directory = try TemporaryDirectory()
    try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: directory.path + "/script"))
    func refusal(
      _ path: String, _ arguments: [String] = [], _ environment: [String] = []
    ) -> Errno? {
      do throws(SystemError) {
        let child = try ChildProcess.start(path, arguments: arguments, environment: environment)
        _ = try child.finish(ProcessLimits(time: .seconds(20))) { _ in }
        return nil
      } catch { return error.errno }
    }
    #expect(refusal(directory.path + "/missing") == .noSuchFile)
    #expect(refusal(directory.path + "/script") == .accessDenied)
    #expect(refusal("sh") == .noSuchFile)
    #expect(refusal("/bin/true", ["a\0b"]) == .invalidArgument)
    #expect(refusal("/bin/true", [], ["A=\0"]) == .invalidArgument)
    #expect(refusal("/bin/true", Array(repeating: "x", count: 64)) == .tooManyArguments)
    #expect(refusal("/bin/true", Array(repeating: "x", count: 63)) == nil)
    #expect(refusal("/bin/true", [], Array(repeating: "A=1", count: 65)) == .tooManyArguments)
  }

  @Test("A child that is not waited for ends with its value")
  func abandoned() throws {
    func start() throws -> Int32 {
      let directory = try TemporaryDirectory()
      let note = directory.path + "/pid"
      let child = try ChildProcess.start(
        "/bin/sh", arguments: ["-c", "echo $$ >\(note).new; mv \(note).new \(note); sleep 35"],
        environment: ["PATH=/usr/bin:/bin"])
      while !FileManager.default.fileExists(atPath: note) { usleep(10_000) }
      let text = try String(contentsOfFile: note, encoding: .utf8)
      _ = consume child
      return try #require(Int32(text.dropLast()))
    }
    #expect(isGone(try start()))
  }
}
