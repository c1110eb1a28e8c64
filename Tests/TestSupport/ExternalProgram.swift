internal import Foundation

/// Runs the tools that our formats are checked against.
public enum ExternalProgram {
  /// What a program left behind.
  public struct Outcome: Sendable {
    /// The exit code.
    public var status: Int32
    /// What it wrote to its standard output.
    public var output: [UInt8]
    /// ``output`` as text.
    public var text: String { String(decoding: output, as: UTF8.self) }
  }

  /// Runs a program found by `PATH`; its complaints are dropped.
  ///
  /// - Parameters:
  ///   - name: The program.
  ///   - arguments: Its arguments.
  ///   - files: Files that are made in a fresh directory in which the program runs.
  public static func run(
    _ name: String, _ arguments: [String], files: [String: [UInt8]] = [:]
  ) throws -> Outcome {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "external-program-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    for (file, bytes) in files {
      try Data(bytes).write(to: directory.appendingPathComponent(file))
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.currentDirectoryURL = directory
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, output: [UInt8](output))
  }
}
