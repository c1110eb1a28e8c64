internal import Linux

/// A program that a backend asks.
struct BootProgram: Hashable, Sendable {
  /// Its absolute path.
  var path: String
  /// How long it may take.
  var timeLimit: Duration

  private static let environment = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/",
  ]
  /// No more of what it says is read, in bytes.
  private static let outputLimit = 1 << 20

  /// Runs it, and waits until it has ended.
  ///
  /// - Returns: the lines that it said.
  @discardableResult
  func run(_ arguments: [String], environment: [String] = []) throws(BootError) -> [String] {
    var lines: [String] = []
    let end: ProcessEnd
    do throws(SystemError) {
      let process = try ChildProcess.start(
        path, arguments: arguments, environment: Self.environment + environment)
      end = try process.finish(ProcessLimits(time: timeLimit, output: Self.outputLimit)) {
        lines.append($0)
      }
    } catch { throw .system(error) }
    guard end.isSuccess else {
      throw .programFailed(path: path, end, output: lines.last ?? "")
    }
    return lines
  }

  /// The first program of a name in some directories.
  static func path(of name: String, in directories: [String]) throws(BootError) -> String {
    for directory in directories {
      let path = "\(directory)/\(name)"
      do throws(SystemError) {
        if try Descriptor.open(path, .path).status().type == .regular { return path }
      } catch {
        if !error.isNothingThere { throw .system(error) }
      }
    }
    throw .unusable(path: name, "there is no such program")
  }
}
