internal import Bytes

/// A range of an old file that a patch copies from.
///
///     u8      tree: 0 the parent snapshot (others are not defined in this revision)
///     varint  where in the file the range begins
///     varint  its length
///     bytes   path in that tree, to the attribute's end
public struct PatchSource: Hashable, Sendable {
  /// The file's path in the parent.
  public var path: [UInt8]
  /// Where in the file the range begins.
  public var offset: UInt64
  /// How many bytes it has.
  public var length: UInt64

  /// A range of a file of the parent.
  public init(path: [UInt8], offset: UInt64, length: UInt64) {
    self.path = path
    self.offset = offset
    self.length = length
  }

  private static let parentTree: UInt8 = 0

  /// Reads an attribute's value; `nil` if it is not one, or ends behind the longest file.
  init?(parsing value: RawSpan) {
    var cursor = ByteCursor(value)
    guard cursor.read(UInt8.self) == Self.parentTree, let offset = cursor.readVarint(),
      let length = cursor.readVarint(), NormalForm.isInFile(offset: offset, length: length)
    else { return nil }
    self.init(path: [UInt8](copying: cursor.takeRest()), offset: offset, length: length)
  }

  /// The attribute's value.
  var encoded: [UInt8] {
    var bytes = [Self.parentTree]
    bytes.append(varint: offset)
    bytes.append(varint: length)
    bytes.append(contentsOf: path)
    return bytes
  }
}
