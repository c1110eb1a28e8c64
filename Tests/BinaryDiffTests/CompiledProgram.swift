import Foundation
import Testing

/// Small programs, made by the compiler of this machine.
enum CompiledProgram {
  /// A library, or what `options` make instead, with functions that call each other, a table of them,
  /// a `switch` and unset variables.
  ///
  /// - Parameter inserted: How many functions, and variables, stand before the others.
  /// - Parameter compiler: With the options that it needs for its target.
  static func bytes(
    inserted: Int, functions: Int = 60, compiler: [String] = ["gcc"],
    options: [String] = ["-shared", "-fPIC"]
  ) throws -> [UInt8] {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "compiled-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let source = directory.appending(path: "program.c")
    try text(inserted: inserted, functions).write(to: source, atomically: true, encoding: .utf8)
    let output = directory.appending(path: "program")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = compiler + ["-O2", "-o", output.path, source.path] + options
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return [UInt8](try Data(contentsOf: output))
  }

  private static func text(inserted: Int, _ functions: Int) -> String {
    var text = "int puts(const char *); int printf(const char *, ...); int abs(int);\n"
    for index in 0..<inserted {
      text += "int extra\(index)[\(index + 3)];\n"
      text +=
        "int added\(index)(int x) { return puts(\"added \(index)\") + extra\(index)[x & 1]; }\n"
    }
    for index in 0..<functions {
      text += "int state\(index); extern int f\(index)(int);\n"
      text += """
        int f\(index)(int x) {
          state\(index) += x * \(index * 7 + 1);
          switch (x & 15) {
          case 0: puts("zero of \(index)"); return x;
          case 1: return abs(x) + state\(max(index - 3, 0));
          case 2: return f\(max(index - 1, 0))(x - 1);
          case 3: return f\(index / 2)(x >> 4) + 1;
          case 4: printf("%d of \(index)\\n", x); break;
          case 5: state\(index / 3) ^= x; break;
          case 6: return x * 3 + state\(index);
          }
          return state\(index) & 0xff;
        }

        """
    }
    let names = (0..<functions).map { "f\($0)" }.joined(separator: ", ")
    return text + "int (*const table[])(int) = {\(names)};\n"
      + "int main(int c, char **v) { return table[c % \(functions)](c); }\n"
  }
}
