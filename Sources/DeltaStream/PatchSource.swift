internal import Bytes

/// A range of a file that a patch copies from.
///
///     u8      tree: 0 the parent snapshot, 1 the new tree
///     varint  where in the file the range begins
///     varint  its length
///     varint  new tree only: where in the plain stream the file's first WRITE or CLONE begins
///     bytes   path in that tree, to the attribute's end
public struct PatchSource: Hashable, Sendable {
  /// Where a source is.
  public enum Tree: Hashable, Sendable {
    /// In the parent snapshot, as it is before the stream.
    case parent
    /// In the tree that the stream makes, as it is before the PATCH.
    ///
    /// `writtenAt` is where in the plain stream the command begins that writes the file's first
    /// bytes: who has the stream only, and not the tree, reads it there.
    case new(writtenAt: UInt64)
  }

  /// Which tree the file is in.
  public var tree: Tree
  /// The file's path in that tree; in the new one, as it is called before the PATCH.
  public var path: [UInt8]
  /// Where in the file the range begins.
  public var offset: UInt64
  /// How many bytes it has.
  public var length: UInt64

  /// A range of a file, of the parent unless said otherwise.
  public init(tree: Tree = .parent, path: [UInt8], offset: UInt64, length: UInt64) {
    self.tree = tree
    self.path = path
    self.offset = offset
    self.length = length
  }

  /// The feature that a device must have to apply patches with sources in the new tree.
  public static let newTreeFeature: UInt16 = 2

  /// Reads an attribute's value; `nil` if it is not one, or ends behind the longest file.
  init?(parsing value: RawSpan) {
    var cursor = ByteCursor(value)
    guard let number = cursor.read(UInt8.self), let offset = cursor.readVarint(),
      let length = cursor.readVarint(), NormalForm.isInFile(offset: offset, length: length)
    else { return nil }
    let tree: Tree
    switch number {
    case Tree.parentNumber: tree = .parent
    case Tree.newNumber:
      guard let position = cursor.readVarint() else { return nil }
      tree = .new(writtenAt: position)
    default: return nil
    }
    self.init(
      tree: tree, path: [UInt8](copying: cursor.takeRest()), offset: offset, length: length)
  }

  /// The attribute's value.
  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    switch tree {
    case .parent:
      bytes.append(Tree.parentNumber)
      bytes.append(varint: offset)
      bytes.append(varint: length)
    case .new(let position):
      bytes.append(Tree.newNumber)
      bytes.append(varint: offset)
      bytes.append(varint: length)
      bytes.append(varint: position)
    }
    bytes.append(contentsOf: path)
    return bytes
  }
}

extension PatchSource.Tree {
  fileprivate static let parentNumber: UInt8 = 0
  fileprivate static let newNumber: UInt8 = 1

  /// Where in the plain stream a file of the new tree is written; `nil` of the parent.
  public var position: UInt64? {
    if case .new(let position) = self { return position }
    return nil
  }
}
