internal import Bytes
internal import CLinux
internal import Glibc

/// A program that runs in a session of its own, so that it can be ended with all that it starts.
///
/// It gets nothing of this process but what is named: its standard input is empty, both its
/// outputs go to a pipe, its directory is `/`, its umask 022, its signals are as the system sets
/// them, and no other descriptor is open. When the value ends, the program and its session do.
public struct ChildProcess: ~Copyable, Sendable {
  /// The program's path, for error messages.
  public let path: String
  /// The number of the process, of its session and of its process group.
  let process: CInt
  /// Readable once the program has ended (`pidfd_open`).
  let handle: Descriptor
  /// What the program says, on either of its outputs.
  let output: Descriptor
  var isReaped = false

  /// The most arguments, the path among them, and the most variables that a program gets.
  public static let maximumArguments = 64

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: an absolute path; no search, and no shell.
  ///   - arguments: what follows the path in the program's arguments.
  ///   - environment: all of its environment, as `NAME=value`.
  /// - Throws: also what `execve` says: a program that cannot be run is not one that failed.
  ///   `E2BIG` for more than ``maximumArguments``, `EINVAL` for a NUL in one.
  public static func start(
    _ path: String, arguments: [String] = [], environment: [String]
  ) throws(SystemError) -> ChildProcess {
    let pipe = try Pipe()
    let process = try execute(path, arguments, environment, output: pipe.writing)
    let handle = try handle(of: process, path)
    clinux_set_nonblocking(pipe.reading.rawValue)
    // The writing end is closed: otherwise there would be no end of what the program says.
    return ChildProcess(path: path, process: process, handle: handle, output: pipe.reading)
  }

  private init(
    path: String, process: CInt, handle: consuming Descriptor, output: consuming Descriptor
  ) {
    self.path = path
    self.process = process
    self.handle = handle
    self.output = output
  }

  deinit {
    if !isReaped { _ = Self.end(process) }
  }
}

extension ChildProcess {
  /// Starts the program and waits until it runs.
  private static func execute(
    _ path: String, _ arguments: [String], _ environment: [String], output: borrowing Descriptor
  ) throws(SystemError) -> CInt {
    guard path.utf8.first == UInt8(ascii: "/") else { throw failure(path, .noSuchFile) }
    let (argv, envp) = (try strings([path] + arguments, path), try strings(environment, path))
    let input = try Descriptor.open("/dev/null")
    let report = try Pipe()
    let (inputNumber, outputNumber) = (input.rawValue, output.rawValue)
    let reportNumber = report.writing.rawValue
    let process = try systemCall("fork", .changes, path: path) {
      unsafe argv.withUnsafeBufferPointer { argv in
        unsafe envp.withUnsafeBufferPointer { envp in
          guard let argv = argv.baseAddress, let envp = envp.baseAddress else { return CInt(-1) }
          // The first argument is the path.
          return unsafe clinux_spawn(
            argv, argv, arguments.count + 1, envp, environment.count, inputNumber, outputNumber,
            reportNumber)
        }
      }
    }
    close(report.writing)
    guard let errno = refusal(from: report.reading) else { return process }
    _ = end(process)
    throw failure(path, errno)
  }

  /// Strings one behind the other, each with its NUL; one NUL more, so that there is always one.
  private static func strings(_ texts: [String], _ path: String) throws(SystemError) -> [CChar] {
    guard texts.count <= maximumArguments else { throw failure(path, .tooManyArguments) }
    var all: [CChar] = []
    for text in texts {
      guard !text.utf8.contains(0) else { throw failure(path, .invalidArgument) }
      all += text.utf8.map(CChar.init(bitPattern:))
      all.append(0)
    }
    return all + [0]
  }

  private static func failure(_ path: String, _ errno: Errno) -> SystemError {
    SystemError(operation: "execve", path: path, errno: errno)
  }

  /// Why the child could not become the program; `nil` once it has.
  private static func refusal(from report: borrowing Descriptor) -> Errno? {
    // Close-on-exec ends it without a byte. What cannot be read here shows as the exit status 127.
    guard
      let bytes = try? [UInt8].reading(
        capacity: MemoryLayout<CInt>.size,
        { (out) throws(SystemError) in try report.fill(&out) })
    else { return nil }
    return bytes.isEmpty
      ? nil : Errno(rawValue: bytes.reversed().reduce(0) { $0 << 8 | CInt($1) })
  }

  private static func handle(of process: CInt, _ path: String) throws(SystemError) -> Descriptor {
    do throws(SystemError) {
      let handle = try systemCall("pidfd_open", .reads, path: path) { clinux_pidfd_open(process) }
      return Descriptor(adopting: handle, path: path)
    } catch {
      _ = end(process)
      throw error
    }
  }

  private static func close(_ descriptor: consuming Descriptor) {}

  /// Kills the session's processes, and takes the program's status, as `waitpid` gives it.
  ///
  /// In this order: until the program is waited for, no other process can have its number.
  static func end(_ process: CInt) -> CInt? {
    _ = kill(-process, SIGKILL)
    // Before it leads a group of its own, it is alone.
    _ = kill(process, SIGKILL)
    var status: CInt = 0
    while unsafe waitpid(process, &status, 0) < 0 {
      if Errno.current != .interrupted { return nil }
    }
    return status
  }
}
