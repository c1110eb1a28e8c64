public import Linux
public import SendStream

/// Where patches read when nothing is carried out: the parent, and the plain stream so far in the
/// place of the new tree.
public final class ExpansionTree: OldTree {
  /// An open file of one of the two.
  public enum File: OldFile {
    case parent(ParentFile)
    case written(WrittenFile)

    /// Its length in bytes.
    public var length: UInt64 {
      switch self {
      case .parent(let file): file.length
      case .written(let file): file.length
      }
    }

    /// Fills all the room of `out` from a place in the file; less only where the file ends.
    public func read(at offset: UInt64, into out: inout OutputRawSpan) throws(SystemError) {
      switch self {
      case .parent(let file): try file.read(at: offset, into: &out)
      case .written(let file): try file.read(at: offset, into: &out)
      }
    }
  }

  private let parent: ParentTree?
  private let stream: PlainStreamFile?
  private let makeTemporary: (() throws(SystemError) -> Descriptor)?

  /// A parent, if there is one, and where the plain stream is kept, if the update needs that: see
  /// ``/UpdateFile/Manifest/allowsNewSources``.
  ///
  /// - Parameter temporary: makes a file without a name, for what is opened.
  public init(
    parent: ParentTree?, stream: PlainStreamFile?,
    temporary: (() throws(SystemError) -> Descriptor)? = nil
  ) {
    makeTemporary = temporary
    self.parent = parent
    self.stream = stream
  }

  /// Opens a regular file of the parent.
  public func open(_ path: [UInt8]) throws(SystemError) -> File {
    guard let parent else { throw Self.missing(path) }
    return .parent(try parent.open(path))
  }

  /// Opens a file that the plain stream has written.
  public func openNew(_ source: PatchSource, for target: [UInt8]) throws(SystemError) -> File {
    guard let stream else { throw Self.missing(source.path) }
    return .written(try stream.open(source, parent: parent))
  }

  /// Keeps a command of the plain stream.
  public func note(_ frame: borrowing Frame) throws(SystemError) { try stream?.note(frame) }

  /// Makes a file without a name.
  public func temporary() throws(SystemError) -> Descriptor {
    guard let makeTemporary else {
      throw SystemError(operation: "open", path: "", errno: .notSupported)
    }
    return try makeTemporary()
  }

  private static func missing(_ path: [UInt8]) -> SystemError {
    SystemError(
      operation: "open", path: String(decoding: path, as: UTF8.self), errno: .noSuchFile)
  }
}
