import Linux

/// What went wrong: with the device, or with the harness itself.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What a program left behind.
struct Outcome {
  var end: ProcessEnd
  var lines: [String]

  /// The exit code; `nil` after a signal or too long a time.
  var status: Int32? { if case .exited(let status) = end { status } else { nil } }
  var wasKilled: Bool { if case .killed = end { true } else { false } }
  var text: String { lines.joined(separator: "\n") }
}

/// Runs programs by name.
struct Programs: Sendable {
  /// Where the project's own programs are.
  let directory: String

  private static let system = ["/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

  /// Nothing here takes minutes: what does has stopped.
  private static let limits = ProcessLimits(time: .seconds(240), output: 1 << 20)

  private func path(_ name: String) throws -> String {
    for directory in [directory] + Self.system {
      let path = "\(directory)/\(name)"
      do throws(SystemError) {
        _ = try Descriptor.open(path, .path)
        return path
      } catch { continue }
    }
    throw Failure("\(name) is not there")
  }

  /// Starts a program.
  ///
  /// - Parameter fault: where it is to be killed, in the words of `FAULT_INJECTION`.
  func start(_ name: String, _ arguments: [String], fault: String? = nil) throws -> ChildProcess {
    var environment = [
      "PATH=\(Self.system.joined(separator: ":"))", "LC_ALL=C.UTF-8", "HOME=/root",
    ]
    if let fault { environment.append("FAULT_INJECTION=\(fault)") }
    return try ChildProcess.start(try path(name), arguments: arguments, environment: environment)
  }

  /// Waits for the end of what was started.
  static func finish(_ process: consuming ChildProcess) throws -> Outcome {
    var lines: [String] = []
    let end = try process.finish(limits) { lines.append($0) }
    return Outcome(end: end, lines: lines)
  }

  func run(_ name: String, _ arguments: [String], fault: String? = nil) throws -> Outcome {
    try Self.finish(start(name, arguments, fault: fault))
  }

  /// Runs a program that must succeed; what it said.
  @discardableResult
  func need(_ name: String, _ arguments: [String]) throws -> Outcome {
    let outcome = try run(name, arguments)
    guard outcome.end.isSuccess else {
      throw Failure(
        "\(([name] + arguments).joined(separator: " ")): \(outcome.end)\n\(outcome.text)")
    }
    return outcome
  }

  @discardableResult
  func shell(_ script: String, _ arguments: String...) throws -> Outcome {
    try need("sh", ["-ec", script, "sh"] + arguments)
  }
}
