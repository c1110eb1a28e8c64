internal import Bytes
internal import Linux
internal import SendStream

/// An inode that a command says to make.
struct NewInode {
  /// What it is.
  enum Kind {
    case file
    case directory
    case special(FileType, UInt64)
    case symbolicLink
  }

  let kind: Kind
  let path: [UInt8]
  /// What a symbolic link holds.
  let target: [UInt8]
  /// What said so.
  let command: CommandKind

  /// Whether a path is one that the kernel's sender makes new inodes under: the number of the inode,
  /// its generation, and the number of the attempt to find a free name: `o257-7-0`.
  static func isProvisional(_ path: RawSpan) -> Bool {
    guard path.byteCount >= 6, path[0] == UInt8(ascii: "o") else { return false }
    var (dashes, digits) = (0, 0)
    for at in 1..<path.byteCount {
      switch path[at] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
      case UInt8(ascii: "-") where digits > 0 && dashes < 2: (dashes, digits) = (dashes + 1, 0)
      default: return false
      }
    }
    return dashes == 2 && digits > 0
  }
}

// The kernel's sender makes every inode under a provisional name in the root, and renames it then. To
// make it under its real name at once saves a rename for each, a fifth of all the time.
extension Receiver {
  /// Makes an inode, now or when the next command comes.
  mutating func make(
    _ kind: NewInode.Kind, _ path: RawSpan, target: RawSpan = RawSpan(), as command: CommandKind
  ) throws(ReceiveError.Reason) {
    guard NewInode.isProvisional(path) else { return try create(kind, path, target) }
    pending = NewInode(
      kind: kind, path: [UInt8](copying: path), target: [UInt8](copying: target),
      command: command)
  }

  /// Makes the inode that is waited with, now that the next command is known.
  ///
  /// - Returns: whether that has carried out the command, too.
  mutating func makePending(as command: borrowing Command) throws(ReceiveError) -> Bool {
    if case .rename(let path, let new) = copy command, let inode = pending,
      inode.path.rawSpan.hasSameBytes(as: path)
    {
      do throws(ReceiveError.Reason) {
        if try make(inode, under: new) {
          pending = nil
          return true
        }
      } catch {
        throw fail(command.kind, command.firstPath, error)
      }
    }
    do throws(ReceiveError) { try settle() } catch {
      hasCommandLeft = true
      throw error
    }
    return false
  }

  /// Makes the inode that is waited with, if any, under its provisional name.
  mutating func settle() throws(ReceiveError) {
    guard let inode = pending else { return }
    pending = nil
    let path = inode.path.rawSpan
    provisionalNames.insert(path)
    do throws(ReceiveError.Reason) {
      do throws(ReceiveError.Reason) {
        try create(inode.kind, path, inode.target.rawSpan)
      } catch {
        guard case .system(let failure) = error, failure.errno == .notPermitted,
          try liftProtection(at: path)
        else { throw error }
        try create(inode.kind, path, inode.target.rawSpan)
      }
    } catch {
      throw fail(inode.command, path, error)
    }
  }

  /// Makes an inode under the name that it was to be renamed to.
  ///
  /// - Returns: false, and nothing is done, where that would not be the same: the provisional name
  ///   or the real one is taken, the directory is not there or protected, or it or the root hands
  ///   something down.
  private mutating func make(
    _ inode: NewInode, under path: RawSpan
  ) throws(ReceiveError.Reason) -> Bool {
    do throws(ReceiveError.Reason) {
      let directory = try tree.place(path).directory
      guard !directory.isSetGroup, try inheritance(of: directory).isEmpty,
        try inheritance(of: tree.root).isEmpty
      else { return false }
      let isTaken = try system { () throws(SystemError) in
        try provisionalNames.contains(inode.path, in: tree.root.descriptor)
      }
      if isTaken { return false }
      try create(inode.kind, path, inode.target.rawSpan)
      return true
    } catch {
      switch error {
      case .system(let failure):
        let others: [Errno] = [.fileExists, .noSuchFile, .notDirectory, .notPermitted]
        if others.contains(failure.errno) { return false }
      case .badPath, .notConfined: return false
      default: break
      }
      throw error
    }
  }
}
