import Bytes
import Foundation
import TestSupport
import Testing

@testable import Linux

@Suite("Fault injection")
final class FaultInjectionTests {
  let directory: TemporaryDirectory
  let root: Descriptor

  init() throws {
    directory = try TemporaryDirectory()
    root = try directory.open()
  }

  /// Five calls that change something, and one that looks.
  private func work() throws {
    for index in 0..<4 {
      try root.makeDirectory("d\(index)")
      if index == 1 { _ = try root.status() }
    }
    try root.sync()
  }

  private func clean() throws {
    for entry in try root.entries() { try root.removeDirectory(entry.name) }
  }

  @Test("Calls are counted: those that change something, or all")
  func counts() throws {
    #expect(try FaultInjection.calls { try work() } == 5)
    try clean()
    #expect(try FaultInjection.calls(counting: .all) { try work() } == 6)
    #expect(FaultInjection.count == 0)
  }

  @Test("Exactly the n-th call fails, with the error asked for, and is not made")
  func failsNth() throws {
    for n in 1...6 {
      try FaultInjection.with(.fail(at: n, .noSpace)) { injection in
        if n == 6 { return try work() }
        let error = #expect(throws: SystemError.self) { try work() }
        #expect(error?.errno == .noSpace)
        #expect(error?.operation == (n == 5 ? "fsync" : "mkdirat"))
        #expect(injection.count == n)
        #expect(FaultInjection.count == n)
        // Only that one: the next goes through.
        try root.makeDirectory("next")
      }
      #expect(try root.entries().count == (n == 6 ? 4 : n))
      try clean()
    }
  }

  @Test("A call that only looks fails when all are counted")
  func failsReads() throws {
    try FaultInjection.with(.fail(at: 3, .inputOutput), counting: .all) { _ in
      let error = #expect(throws: SystemError.self) { try work() }
      #expect(error?.description == "fstat \"\(directory.path)\": Input/output error")
    }
  }

  @Test("A fault is armed on the thread that its closure starts, and nowhere else")
  func threads() async throws {
    let path = directory.path
    try FaultInjection.with(.fail(at: 1, .noSpace), counting: .all) { injection in
      let bystander = Thread {
        #expect(throws: Never.self) { _ = try Descriptor.open(path) }
      }
      bystander.start()
      while !bystander.isFinished { Thread.sleep(forTimeInterval: 0.001) }
      #expect(injection.count == 0)
      let thread = try SignalBlockedThread {
        #expect(throws: SystemError.self) { _ = try Descriptor.open(path) }
      }
      thread.join()
      #expect(injection.count == 1)
    }
  }

  @Test("The process is killed in place of the n-th call, or after it")
  func kills() async throws {
    let path = directory.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let root = try Descriptor.open(path)
      try FaultInjection.with(.kill(at: 2)) { _ in
        for name in ["a", "b", "c"] { try root.makeDirectory(name) }
      }
    }
    #expect(try root.entries().map(\.name) == [Array("a".utf8)])
    try clean()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let root = try Descriptor.open(path)
      try FaultInjection.with(.killAfter(2)) { _ in
        for name in ["a", "b", "c"] { try root.makeDirectory(name) }
      }
    }
    #expect(try Set(root.entries().map(\.name)) == [Array("a".utf8), Array("b".utf8)])
  }

  @Test(
    "The environment's text is read strictly",
    arguments: [
      ("fail:3:28", .fail(at: 3, .noSpace), .changes), ("kill:1", .kill(at: 1), .changes),
      ("kill-after:12:all", .killAfter(12), .all),
      ("fail:1:5:all", .fail(at: 1, .inputOutput), .all),
    ] as [(String, FaultInjection.Fault, FaultInjection.Counting)])
  func parses(_ text: String, _ fault: FaultInjection.Fault, _ counting: FaultInjection.Counting)
    throws
  {
    let injection = try #require(FaultInjection(parsing: text))
    #expect(injection.fault == fault)
    #expect(injection.counting == counting)
  }

  @Test(
    "Text that says nothing known is no fault",
    arguments: ["", ":", "fail:1", "fail:0:5", "fail:1:0", "kill", "kill:-1", "kill:1:2", "all"])
  func refuses(_ text: String) {
    #expect(FaultInjection(parsing: text) == nil)
  }

  @Test("A process takes its fault from the environment")
  func environment() async throws {
    let path = directory.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      // Before the process's first call, as if it had been started with it.
      unsafe setenv("FAULT_INJECTION", "kill:3", 1)
      let root = try Descriptor.open(path)
      for name in ["a", "b", "c"] { try root.makeDirectory(name) }
    }
    #expect(try root.entries().count == 2)
  }
}
