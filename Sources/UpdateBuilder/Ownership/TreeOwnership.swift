internal import Bytes
public import Linux
internal import Tree

/// A file that says to whom what is in a tree belongs, where the tree was made without root.
public enum TreeOwnership: Hashable, Sendable {
  /// A device table, as genext2fs, makedevs and mkfs.ubifs have it.
  case deviceTable(path: String)
  /// What `fakeroot -s` saved.
  case fakeroot(path: String)

  /// The longest such file, in bytes.
  static let maximumLength = 256 << 20

  private var path: String {
    switch self {
    case .deviceTable(let path), .fakeroot(let path): path
    }
  }

  /// The tree as the file says.
  func apply(to catalog: TreeCatalog) throws(OwnershipError) -> TreeCatalog {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Descriptor.open(path, .readOnly).readToEnd(limit: Self.maximumLength)
    } catch { throw OwnershipError(file: path, line: 0, .system(error)) }
    switch self {
    case .deviceTable:
      return try DeviceTable(bytes, file: path).apply(to: catalog)
    case .fakeroot:
      return try FakerootDatabase(bytes, file: path).apply(to: catalog)
    }
  }
}

/// Why a file that says to whom a tree belongs cannot be followed.
public struct OwnershipError: Error {
  /// The file.
  public var file: String
  /// The line that is wrong, counted from 1; 0 where it is none.
  public var line: Int
  /// What is wrong.
  public var reason: Reason

  /// An error.
  public init(file: String, line: Int, _ reason: Reason) {
    self.file = file
    self.line = line
    self.reason = reason
  }

  /// What can be wrong.
  public enum Reason: Error {
    /// It has too few fields, or too many.
    case fields
    /// A field is no number, or none that it can be.
    case number(field: String)
    /// A type that is not known.
    case type(String)
    /// A path that is not absolute, or not in its shortest form.
    case path(String)
    /// There is nothing of that path in the tree.
    case missing(path: [UInt8])
    /// The path leads to something of another type.
    case otherType(path: [UInt8])
    /// It makes more device nodes than the limit.
    case tooMany(limit: Int)
    /// Nothing in it is of this tree: it is about files on another disk, or that were copied since.
    case otherTree
    /// A system call failed.
    case system(SystemError)
  }
}

extension OwnershipError: CustomStringConvertible {
  /// Which file, which line, and what is wrong: one line.
  public var description: String {
    if case .system(let error) = reason { return error.description }
    let place = line > 0 ? "\(QuotedText.quoted(file)), line \(line)" : QuotedText.quoted(file)
    return "\(place): \(reason)"
  }
}

extension OwnershipError.Reason: CustomStringConvertible {
  /// What is wrong.
  public var description: String {
    switch self {
    case .fields: "a wrong number of fields"
    case .number(let field): "a wrong number as \(field)"
    case .type(let type): "\(QuotedText.quoted(type)) is no type"
    case .path(let path):
      "\(QuotedText.quoted(path)) is no path from the tree's root, such as /dev/null"
    case .missing(let path): "the tree has no \(QuotedText.quoted(path))"
    case .otherType(let path): "\(QuotedText.quoted(path)) is of another type in the tree"
    case .tooMany(let limit): "more than \(limit) device nodes"
    case .otherTree:
      "none of its files is in this tree: it has to be the directory that was made under fakeroot, "
        + "not a copy or an archive"
    case .system(let error): error.description
    }
  }
}
