internal import Bytes

/// An inode that cannot be opened, such as a symbolic link, and was just made: it is known what its name
/// means, and owner and times can be set by that.
struct SpecialInode {
  let path: [UInt8]
  let directory: Node
  let name: [UInt8]
  /// Who owns it, as long as nothing has happened that makes setting that again have an effect.
  var owner: Owner?

  init(at place: borrowing Place, _ path: RawSpan, _ owner: Owner?) {
    self.path = [UInt8](copying: path)
    directory = place.directory
    name = [UInt8](copying: place.name)
    self.owner = owner
  }
}
