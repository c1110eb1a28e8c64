internal import Bytes
public import Linux

/// Why a configuration is not one to go by.
public enum ConfigurationError: Error, Hashable, Sendable {
  /// A file cannot be looked at or read.
  case system(SystemError)
  /// Somebody else than root could have written a file.
  case notTrusted(TrustFlaw)
  /// A file has more bytes than the limit.
  case fileTooLong(path: String, limit: Int)
  /// A directory has more files than the limit.
  case tooManyFiles(path: String, limit: Int)
  /// A line is neither empty, a comment, a section, nor an assignment.
  case syntax(ConfigurationPlace, SyntaxFlaw)
  /// A value that its key does not take.
  case value(ConfigurationPlace, key: String, value: String, expected: String)
  /// What a line says needs another key, which has no value.
  case missing(ConfigurationPlace, assignment: String, key: String)
}

/// What is wrong with a line.
public enum SyntaxFlaw: String, Hashable, Sendable {
  /// The line is not UTF-8, or holds a control character.
  case notText = "it holds what is not text"
  /// There is no `=`, and it is no section.
  case noAssignment = "it is neither \"[Section]\" nor \"Key=value\""
  /// A section's line has no `]` at its end, or another character than a letter between.
  case badSection = "a section is letters between \"[\" and \"]\""
  /// The key is empty, or has other characters than letters.
  case badKey = "a key is letters only"
  /// An assignment before any section.
  case noSection = "there is no \"[Section]\" above it"
  /// A quotation mark that does not end, or a backslash that escapes nothing.
  case badQuoting = "a quotation mark or backslash has no counterpart"
}

/// A line of a file.
public struct ConfigurationPlace: Hashable, Sendable, CustomStringConvertible {
  /// The file's path.
  public var file: String
  /// The line's number, from 1.
  public var line: Int

  /// A line.
  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// `file:line`
  public var description: String { "\(file):\(line)" }
}

extension ConfigurationError: CustomStringConvertible {
  /// What is wrong and where, for people.
  public var description: String {
    switch self {
    case .system(let error): error.description
    case .notTrusted(let flaw): "\(flaw): it is not used"
    case .fileTooLong(let path, let limit):
      "\(QuotedText.quoted(path)) is longer than \(limit) bytes"
    case .tooManyFiles(let path, let limit):
      "\(QuotedText.quoted(path)) holds more than \(limit) files"
    case .syntax(let place, let flaw): "\(place): the line cannot be understood: \(flaw.rawValue)"
    case .value(let place, let key, let value, let expected):
      "\(place): \(key) cannot be \"\(value)\": it takes \(expected)"
    case .missing(let place, let assignment, let key): "\(place): \(assignment) needs \(key)="
    }
  }
}

/// Runs system calls as part of a configuration.
func configured<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(ConfigurationError) -> Result {
  do throws(SystemError) { return try body() } catch { throw .system(error) }
}
