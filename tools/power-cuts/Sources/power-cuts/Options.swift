/// What the harness is asked to do.
struct Options: Sendable {
  enum Extent: Sendable {
    case seconds(Int)
    case cuts(Int)
    /// After every system call of each operation that changes something.
    case everyCall
  }

  var extent = Extent.seconds(60)
  var seed = UInt64.random(in: 0...UInt64.max)
  var only: [String] = []
  /// Where the project's programs are.
  var programs = ""
  /// The host file system.
  var host = ""
  /// Where images of failed cuts are kept.
  var failures = ""

  static let usage = """
    usage: powercut [SECONDS | --cuts N | --every-call] [--seed S] [--only OPERATION]...
    operations: \(Operation.all.map(\.name).joined(separator: " "))
    """

  init(_ words: [String]) throws {
    var words = words[...]
    func value(_ option: String) throws -> String {
      guard let value = words.popFirst() else { throw Failure("\(option) wants a value") }
      return value
    }
    func number<Number: FixedWidthInteger>(_ text: String) throws -> Number {
      let hex = text.hasPrefix("0x") ? Number(text.dropFirst(2), radix: 16) : Number(text)
      guard let hex, hex >= 0 else { throw Failure("\(text) is no number\n\(Self.usage)") }
      return hex
    }
    while let word = words.popFirst() {
      switch word {
      case "--cuts": extent = .cuts(try number(value(word)))
      case "--every-call": extent = .everyCall
      case "--seed": seed = try number(value(word))
      case "--only": only.append(try value(word))
      case "--programs": programs = try value(word)
      case "--host": host = try value(word)
      case "--failures": failures = try value(word)
      default: extent = .seconds(try number(word))
      }
    }
    let known = Set(Operation.all.map(\.name))
    if let strange = only.first(where: { !known.contains($0) }) {
      throw Failure("no operation \(strange)\n\(Self.usage)")
    }
  }
}
