internal import Bytes

/// The table of symbols that a kernel of Linux has in its read-only data (`kallsyms`): what its
/// parts are, and where.
package struct KernelSymbols: Equatable, Sendable {
  /// A kernel with more, or fewer, symbols has none that are known.
  static let counts = 512...262_144
  /// A name has at most so many bytes (`KSYM_NAME_LEN`).
  package static let longestName = 512
  /// All names together have at most so many, as they are in the file.
  static let mostNameBytes = 4 << 20
  /// And each has at most so many, on the average.
  static let mostBytesPerName = 40
  /// With other tokens they have at most so many.
  package static let mostRecodedBytes = 8 << 20
  /// So many times that may they have decoded.
  static let mostExpansion = 8
  /// After so many symbols there is a mark of where the next name starts.
  static let markerInterval = 256

  /// The section that it is in.
  package let section: Int
  /// How many symbols there are.
  package let count: Int
  /// What their offsets count from (`kallsyms_relative_base`).
  let base: UInt64
  /// Where they are, 32 bits each (`kallsyms_offsets`).
  package let offsets: Range<Int>
  /// Their types and names: a length, one byte or two, and so many tokens (`kallsyms_names`).
  package let names: Range<Int>
  /// Numbers of symbols, 24 bits each, in the order of names (`kallsyms_seqs_of_names`).
  package let numbers: Range<Int>
  package let tokens: NameTokens
}

/// Goes over the names of a ``KernelSymbols``, some at a time.
struct KernelNames {
  /// A name, and its length.
  private static let mostBytes = KernelSymbols.longestName &+ 2
  private static let windowSize = 16 << 10

  private var at: Int
  private let end: Int
  private var left: Int
  private var buffer: [UInt8] = []

  /// - Parameters:
  ///   - start: Where they start in old.
  ///   - end: They are before.
  init(at start: Int, to end: Int, count: Int) {
    at = start
    self.end = end
    left = count
  }

  /// Where the next one starts.
  var position: Int { at }
  var isAtEnd: Bool { left == 0 }

  /// Calls `body` with where a name starts and its tokens, for those that come next; `false`: `body`
  /// gave that, or a name is longer than any or leaves the file.
  mutating func next<Old: OldBytes & ~Copyable>(
    of old: inout Old, _ body: (_ start: Int, _ tokens: RawSpan) -> Bool
  ) throws(PatchApplyError<Old.Failure>) -> Bool {
    let start = at
    try old.load(start..<min(start &+ Self.windowSize, end), into: &buffer)
    let bytes = buffer
    let isLast = start &+ bytes.count == end
    var into = 0
    var count = 0
    while count < left, into &+ Self.mostBytes <= bytes.count || isLast {
      guard let name = Self.name(bytes.rawSpan, at: into),
        body(start &+ into, bytes.rawSpan.extracting(name))
      else { return false }
      into = name.upperBound
      count &+= 1
    }
    at = start &+ into
    left &-= count
    return true
  }

  /// Where the tokens of a name are, by the place of its length.
  private static func name(_ bytes: RawSpan, at: Int) -> Range<Int>? {
    guard at < bytes.byteCount else { return nil }
    var start = at &+ 1
    var count = Int(bytes[at])
    if count >= 0x80 {
      guard start < bytes.byteCount else { return nil }
      count = count & 0x7f | Int(bytes[start]) &<< 7
      start &+= 1
    }
    guard count > 0, count <= KernelSymbols.longestName, count <= bytes.byteCount &- start else {
      return nil
    }
    return start..<(start &+ count)
  }
}

extension KernelSymbols {
  /// Calls `body` with the tokens of each name.
  package func forEachName(_ bytes: RawSpan, _ body: (RawSpan) -> Void) {
    unsafe bytes.withUnsafeBytes { buffer in
      var old = unsafe BorrowedBytes(buffer)
      var names = KernelNames(at: self.names.lowerBound, to: self.names.upperBound, count: count)
      do throws(PatchApplyError<Never>) {
        while !names.isAtEnd {
          let areMore = try names.next(of: &old) { _, tokens in
            body(tokens)
            return true
          }
          guard areMore else { return }
        }
      } catch {}
    }
  }
}
