internal import Bytes
internal import CLinux
internal import Linux

/// An item of one of the file system's trees.
struct TreeItem {
  var objectID: UInt64
  var type: UInt32
  var offset: UInt64
  /// The item's bytes, as they are on disk.
  var data: [UInt8]
}

/// Looks into one of the file system's own trees (`BTRFS_IOC_TREE_SEARCH_V2`), as they were when the
/// last transaction was committed. Needs `CAP_SYS_ADMIN`.
struct TreeSearch {
  /// The tree's number.
  var tree: UInt64
  /// Only items of these objects, in the order of their keys.
  var objectIDs: ClosedRange<UInt64> = 0...UInt64.max
  /// Only items of these types, for each of the objects.
  var types: ClosedRange<UInt32>
  /// Only items in blocks of the tree that this transaction or a later one wrote.
  var sinceTransaction: UInt64 = 0

  /// No search gives more items.
  static let maximumItems = 1 << 18

  /// All that is found.
  func items(in descriptor: borrowing Descriptor) throws(SystemError) -> [TreeItem] {
    var found: [TreeItem] = []
    try visit(in: descriptor) { (item) in
      found.append(item)
      return found.count < Self.maximumItems
    }
    return found
  }

  /// Hands what is found to `body`, one by one, until that is false.
  func visit(
    in descriptor: borrowing Descriptor, _ body: (TreeItem) -> Bool
  ) throws(SystemError) {
    var next: (objectID: UInt64, type: UInt32, offset: UInt64) = (
      objectIDs.lowerBound, types.lowerBound, 0
    )
    while true {
      let batch = try items(from: next, in: descriptor)
      guard let last = batch.last else { return }
      for item in batch where types.contains(item.type) && objectIDs.contains(item.objectID) {
        if !body(item) { return }
      }
      // The successor of the last key.
      next = (last.objectID, last.type, last.offset &+ 1)
      if next.offset == 0 {
        next.type &+= 1
        if next.type > 255 {
          guard next.objectID < objectIDs.upperBound else { return }
          next = (next.objectID &+ 1, 0, 0)
        }
      }
    }
  }

  private func items(
    from first: (objectID: UInt64, type: UInt32, offset: UInt64),
    in descriptor: borrowing Descriptor
  ) throws(SystemError) -> [TreeItem] {
    var room = [UInt8](repeating: 0, count: Int(CLINUX_BTRFS_SEARCH_ROOM))
    let (fd, tree, last, type) = (
      descriptor.rawValue, tree, objectIDs.upperBound, types.upperBound
    )
    let since = sinceTransaction
    let count = try systemCall("BTRFS_IOC_TREE_SEARCH_V2", .reads, path: descriptor.path) {
      unsafe clinux_btrfs_tree_search(
        fd, tree, first.objectID, last, first.type, type, first.offset, .max, since,
        &room)
    }
    var items: [TreeItem] = []
    var cursor = ByteCursor(room.rawSpan)
    for _ in 0..<count {
      guard let item = Self.item(&cursor) else {
        throw SystemError(
          operation: "BTRFS_IOC_TREE_SEARCH_V2", path: descriptor.path, errno: .inputOutput)
      }
      items.append(item)
    }
    return items
  }

  /// Reads `struct btrfs_ioctl_search_header`, and the item behind it.
  private static func item(_ cursor: inout ByteCursor) -> TreeItem? {
    guard cursor.read(UInt64.self) != nil, let objectID = cursor.read(UInt64.self),
      let offset = cursor.read(UInt64.self), let type = cursor.read(UInt32.self),
      let length = cursor.read(UInt32.self), let data = cursor.take(Int(length))
    else { return nil }
    return TreeItem(objectID: objectID, type: type, offset: offset, data: [UInt8](copying: data))
  }
}
