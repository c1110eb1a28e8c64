internal import Foundation

/// The project's own programs, as they were built together with the tests.
public enum BuiltProgram {
  /// The path of a program: it lies beside the tests that are running.
  ///
  /// - Throws: ``ProgramFailure`` if it was not built.
  public static func path(_ name: String) throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    // The bundle is the program itself, or a directory around it.
    var directory = URL(filePath: tests).deletingLastPathComponent()
    while directory.path.contains(".xctest") { directory.deleteLastPathComponent() }
    let program = directory.appending(path: name).path
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw ProgramFailure(description: "\(program) is missing: build it with `swift build`")
    }
    return program
  }
}
