/// An assignment of a configuration file.
public struct ConfigurationAssignment: Hashable, Sendable {
  /// The section's name.
  public var section: String
  /// The key's name.
  public var key: String
  /// The value without space around it; empty to take back what was said before.
  public var value: String
  /// Where it is.
  public var place: ConfigurationPlace
}

/// The text of a configuration file: sections of assignments.
///
///     # comment
///     [Section]
///     Key=value
///
/// Parsing knows nothing of which keys there are.
public struct ConfigurationFile: Hashable, Sendable {
  /// A longer file is refused, in bytes.
  public static let maximumLength = 64 << 10

  /// The assignments in the order of the file.
  public var assignments: [ConfigurationAssignment]

  /// Reads a file's bytes.
  ///
  /// - Parameter path: for ``ConfigurationPlace``; nothing is opened.
  /// - Throws: ``ConfigurationError/fileTooLong(path:limit:)``, and
  ///   ``ConfigurationError/syntax(_:_:)`` for the first line that is wrong.
  public init(parsing bytes: [UInt8], path: String) throws(ConfigurationError) {
    guard bytes.count <= Self.maximumLength else {
      throw .fileTooLong(path: path, limit: Self.maximumLength)
    }
    assignments = []
    var section: String?
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let place = ConfigurationPlace(file: path, line: index + 1)
      do throws(SyntaxFlaw) {
        switch try Line(parsing: line) {
        case .nothing: continue
        case .section(let name): section = name
        case .assignment(let key, let value):
          guard let section else { throw .noSection }
          assignments.append(
            ConfigurationAssignment(section: section, key: key, value: value, place: place))
        }
      } catch { throw .syntax(place, error) }
    }
  }
}

extension SyntaxFlaw: Error {}

private enum Line {
  case nothing
  case section(String)
  case assignment(key: String, value: String)

  init(parsing bytes: ArraySlice<UInt8>) throws(SyntaxFlaw) {
    let isText = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 || $0 == 0x0d }
    guard isText, let whole = String(validating: bytes, as: UTF8.self) else { throw .notText }
    let text = whole.trimmed
    guard let first = text.first, first != "#", first != ";" else {
      self = .nothing
      return
    }
    if first == "[" {
      let name = text.dropFirst().dropLast()
      guard text.hasSuffix("]"), name.isName else { throw .badSection }
      self = .section(String(name))
      return
    }
    guard let equals = text.firstIndex(of: "=") else { throw .noAssignment }
    let key = text[..<equals].trimmed
    guard key.isName else { throw .badKey }
    self = .assignment(
      key: String(key), value: String(text[text.index(after: equals)...].trimmed))
  }
}

extension StringProtocol {
  /// Without space at its ends.
  var trimmed: SubSequence {
    func isSpace(_ character: Character) -> Bool {
      character == " " || character == "\t" || character == "\r"
    }
    let start = drop(while: isSpace)
    guard let end = start.lastIndex(where: { !isSpace($0) }) else { return start }
    return start[...end]
  }

  /// Whether it is a name of a section or key.
  fileprivate var isName: Bool {
    !isEmpty && utf8.allSatisfy { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a }
  }
}
