internal import Foundation

/// What a program that a test ran left behind.
public struct ProgramResult: Sendable {
  /// Its exit status; 128 and the signal's number if a signal ended it.
  public var status: Int32
  /// What it wrote to standard output.
  public var output: [UInt8]
  /// What it wrote to standard error.
  public var errors: String
}

/// A program did not do what the test needed it to.
public struct ProgramFailure: Error, CustomStringConvertible {
  /// The command line, exit status and standard error.
  public var description: String

  /// A failure.
  public init(description: String) { self.description = description }
}

/// Runs a program found in `PATH`, and gives its status and output.
public func runProgram(
  _ command: [String], environment: [String: String] = [:], input: String? = nil
) throws -> ProgramResult {
  // Files and not pipes: nothing to wait for on two ends at once.
  let directory = try TemporaryDirectory()
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = command
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let output = directory.path + "/output"
  let errors = directory.path + "/errors"
  for path in [output, errors] {
    guard FileManager.default.createFile(atPath: path, contents: nil) else {
      throw ProgramFailure(description: "cannot create \(path)")
    }
  }
  process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
  process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
  process.standardInput =
    try input.map { try FileHandle(forReadingFrom: URL(filePath: $0)) }
    ?? FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  let isSignal = process.terminationReason == .uncaughtSignal
  return ProgramResult(
    status: (isSignal ? 128 : 0) + process.terminationStatus,
    output: [UInt8](try Data(contentsOf: URL(filePath: output))),
    errors: String(decoding: try Data(contentsOf: URL(filePath: errors)), as: UTF8.self))
}

/// Runs a program that must succeed, and gives its standard output.
@discardableResult
public func run(_ command: String...) throws -> [UInt8] {
  let result = try runProgram(command)
  guard result.status == 0 else {
    let line = command.joined(separator: " ")
    throw ProgramFailure(description: "\(line): exit status \(result.status): \(result.errors)")
  }
  return result.output
}

/// Writes a shell script that can be run at once.
///
/// Another program writes it: a file that this one had open for writing may still be open in a child
/// that another test has forked and that has not reached its `execve`, and is then refused as busy.
public func writeScript(_ text: String, at path: String, permissions: Int = 0o755) throws {
  let draft = path + ".draft"
  try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(filePath: draft))
  defer { try? FileManager.default.removeItem(atPath: draft) }
  try run("install", "-m", String(permissions, radix: 8), draft, path)
}
