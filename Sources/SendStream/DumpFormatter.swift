internal import Bytes

/// Writes commands as lines of text, the same to the byte as `btrfs receive --dump`.
///
///     mkfile          ./v42/etc/motd
///     chown           ./v42/etc/motd                  gid=0 uid=0
///
/// A line has the command's name, its path below the current subvolume's, and what else it has to
/// say. END has no line. Only what btrfs-progs gets wrong in a year past 2,147,483,647, which it
/// prints as a negative one or gives up at, is printed right.
public struct DumpFormatter: Sendable {
  /// Whose lines are written: btrfs-progs changed them.
  public enum Style: Sendable {
    /// btrfs-progs 6.0 to 6.9 (compared with 6.2): the source of CLONE and the name and value of extended attributes
    /// are written as they are. So a line break in them breaks the line, and a terminal obeys what
    /// they say.
    case btrfsProgs6_2
    /// btrfs-progs 6.10 and later, which escape these as they do paths.
    case btrfsProgs6_10
  }

  private let style: Style
  private let utcOffset: @Sendable (Int64) -> Int
  /// The path of the current subvolume, not escaped.
  private var root: [UInt8] = Array(".".utf8)

  /// A formatter that stands before a stream.
  ///
  /// - Parameters:
  ///   - style: whose lines to write.
  ///   - utcOffset: how many seconds local time is ahead of UTC at a number of seconds since 1970;
  ///     `tm_gmtoff` of localtime_r(3). Without it, times are in UTC.
  public init(
    style: Style = .btrfsProgs6_10, utcOffset: @escaping @Sendable (Int64) -> Int = { _ in 0 }
  ) {
    self.style = style
    self.utcOffset = utcOffset
  }

  /// The line of a command, without a line break; empty for END.
  public mutating func line(for command: borrowing Command) -> [UInt8] {
    var line: [UInt8] = []
    append(command, to: &line)
    return line
  }

  /// Appends the line of a command, without a line break; nothing for END.
  public mutating func append(_ command: borrowing Command, to line: inout [UInt8]) {
    switch copy command {
    case .subvolume(let path, _, _), .snapshot(let path, _, _, _, _):
      root = Self.join(Array(".".utf8).rawSpan, path)
    default: break
    }
    appendText(of: command, to: &line)
  }

  // MARK: - What lines are made of

  /// Appends the start of a line: the command's name in 16 columns and its path below the current
  /// subvolume. For delta streams' own commands too.
  public func append(name: String, path: RawSpan, to line: inout [UInt8]) {
    line.append(contentsOf: name.utf8)
    line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, 16 - name.utf8.count)))
    appendPath(path, to: &line)
  }

  /// Appends the start of the line of a command that makes a subvolume, whose path is then the
  /// current one.
  /// Appends a text of a delta stream's own command, escaped as paths are.
  public func append(escaping text: [UInt8], to line: inout [UInt8]) {
    line.append(escaping: text.rawSpan)
  }

  func append(subvolume name: String, to line: inout [UInt8]) {
    line.append(contentsOf: name.utf8)
    line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, 16 - name.utf8.count)))
    line.append(escaping: root.rawSpan)
  }

  /// Appends the blanks between the path and what follows it, so that this begins in column 48 or
  /// later; `start` is where the line begins.
  func appendGap(in line: inout [UInt8], from start: Int) {
    let blanks = max(1, 48 - (line.count - start))
    line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: blanks))
  }

  /// Appends a path below the current subvolume.
  func appendPath(_ path: RawSpan, to line: inout [UInt8]) {
    line.append(escaping: Self.join(root.rawSpan, path).rawSpan)
  }

  /// Appends what btrfs-progs before 6.10 does not escape.
  func appendRaw(_ text: RawSpan, to line: inout [UInt8]) {
    switch style {
    case .btrfsProgs6_2: line.append(copying: text.upToNUL)
    case .btrfsProgs6_10: line.append(escaping: text.upToNUL)
    }
  }

  /// Appends the path of a CLONE's source.
  func appendSource(_ path: RawSpan, to line: inout [UInt8]) {
    let source = Self.join(root.rawSpan, path)
    appendRaw(source.rawSpan, to: &line)
  }

  /// Appends a point in time, whose fraction of a second is left out.
  func append(_ time: Timespec, to line: inout [UInt8]) {
    let offset = Int64(utcOffset(time.seconds))
    CivilTime(seconds: time.seconds, utcOffset: offset).append(to: &line)
  }

  /// One path below the other, as btrfs-progs joins them: each loses one slash at its end.
  private static func join(_ directory: RawSpan, _ path: RawSpan) -> [UInt8] {
    var joined: [UInt8] = []
    joined.append(copying: directory.withoutSlashAtEnd)
    joined.append(UInt8(ascii: "/"))
    joined.append(copying: path.upToNUL.withoutSlashAtEnd)
    return joined
  }
}

extension RawSpan {
  /// What a C string in these bytes has: all before the first NUL.
  fileprivate var upToNUL: RawSpan {
    @_lifetime(copy self)
    get {
      var count = 0
      while count < byteCount, self[count] != 0 { count += 1 }
      return extracting(first: count)
    }
  }

  fileprivate var withoutSlashAtEnd: RawSpan {
    @_lifetime(copy self)
    get {
      byteCount > 0 && self[byteCount - 1] == UInt8(ascii: "/") ? extracting(droppingLast: 1) : self
    }
  }
}

extension [UInt8] {
  /// Appends text up to its first NUL in such a way that it stays on its line and is one word:
  /// blanks and backslashes with a backslash before them, what is not printable ASCII as C does,
  /// by a letter or in three octal digits.
  mutating func append(escaping text: RawSpan) {
    let text = text.upToNUL
    for at in 0..<text.byteCount {
      let byte = text[at]
      if let letter = Self.escapeLetter(byte) {
        append(UInt8(ascii: "\\"))
        append(letter)
      } else if byte < 0x20 || byte >= 0x7f {
        append(UInt8(ascii: "\\"))
        append(UInt8(ascii: "0") + (byte >> 6))
        append(UInt8(ascii: "0") + (byte >> 3 & 7))
        append(UInt8(ascii: "0") + (byte & 7))
      } else {
        append(byte)
      }
    }
  }

  private static func escapeLetter(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x07: UInt8(ascii: "a")
    case 0x08: UInt8(ascii: "b")
    case 0x09: UInt8(ascii: "t")
    case 0x0a: UInt8(ascii: "n")
    case 0x0b: UInt8(ascii: "v")
    case 0x0c: UInt8(ascii: "f")
    case 0x0d: UInt8(ascii: "r")
    case 0x1b: UInt8(ascii: "e")
    case UInt8(ascii: " "), UInt8(ascii: "\\"): byte
    default: nil
    }
  }
}
