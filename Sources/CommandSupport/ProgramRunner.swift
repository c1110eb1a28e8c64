public import ArgumentParser
internal import Bytes
internal import Glibc
internal import Linux

/// Runs a program's command line: errors go to standard error on one line, and the exit status says
/// what they mean.
public enum ProgramRunner {
  /// Parses the arguments, runs the command that they name, and ends the process.
  ///
  /// - Parameters:
  ///   - program: the program's root command.
  ///   - explain: what an error of the library means; `nil` for one that it does not know.
  public static func run<Program: AsyncParsableCommand>(
    _ program: Program.Type, explain: (any Error) -> CommandFailure?
  ) async -> Never {
    // A reader of our output that goes away is an error of write, not the process's end.
    signal(SIGPIPE, SIG_IGN)
    Interruption.prepare()
    raiseOpenFileLimit()
    do {
      var command = try program.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      exit(ProgramExit.success.rawValue)
    } catch let failure as CommandFailure {
      end(failure, of: program)
    } catch let error as SystemError where error.isGoneReader {
      // Whoever read our output has seen enough: nothing to tell, but not all was written either.
      exit(ProgramExit.inputOutput.rawValue)
    } catch {
      if let failure = explain(error) { end(failure, of: program) }
      program.exit(withError: error)
    }
  }

  /// A deep tree needs an open directory for each level.
  private static func raiseOpenFileLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    // Where it cannot be raised, the usual limit has to do.
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  private static func end<Program: ParsableCommand>(
    _ failure: CommandFailure, of program: Program.Type
  ) -> Never {
    let name = program.configuration.commandName ?? "btrfs-delta"
    StandardError.write("\(name): \(QuotedText.oneLine(failure.message))\n")
    exit(failure.exit.rawValue)
  }
}

extension SystemError {
  /// Whether standard output is a pipe that nobody reads any more.
  fileprivate var isGoneReader: Bool { errno == .brokenPipe && path == "standard output" }
}
