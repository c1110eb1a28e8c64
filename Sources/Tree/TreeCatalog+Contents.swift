internal import Bytes
internal import Crypto
public import Linux

extension TreeCatalog {
  /// Opens a regular file for reading.
  ///
  /// - Throws: `ESTALE` if it is none any more, or of another size, besides what the calls give.
  public func open(_ entry: Entry) throws(SystemError) -> Descriptor {
    let file = try openForReading(entry.path)
    let status = try file.status()
    guard status.type == .regular, status.size == inodes[entry.inode].size else {
      throw SystemError(operation: "read", path: file.path, errno: .stale)
    }
    return file
  }

  private func openForReading(_ path: [UInt8]) throws(SystemError) -> Descriptor {
    let flags: OpenFlags = [.noFollow, .nonBlocking]
    do throws(SystemError) {
      return try root.directory.open(beneath: path, flags.union(.noAccessTime))
    } catch {
      // Only for the file's owner, and root.
      if error.errno != .notPermitted { throw error }
    }
    return try root.directory.open(beneath: path, flags)
  }

  /// Reads files once, and gives what they hold.
  ///
  /// - Parameters:
  ///   - files: names of regular files, one of each inode.
  ///   - goesOn: is asked at least once a file and once a chunk of 256 KiB.
  /// - Throws: `ECANCELED` if `goesOn` says so, and `ESTALE` of a file that changes meanwhile, besides
  ///   what the calls give.
  public func contents(
    of files: some Sequence<Entry>, _ goesOn: (_ dataBytes: UInt64) -> Bool = { _ in true }
  ) throws(SystemError) -> TreeContentsPart {
    var part = TreeContentsPart()
    for entry in files {
      let file = try open(entry)
      var hasher = SHA256()
      var left = inodes[entry.inode].size
      repeat {
        guard goesOn(part.dataBytes) else {
          throw SystemError(operation: "read", path: file.path, errno: .canceled)
        }
        // One byte more than is left shows whether the end is where it was.
        let count = Int(clamping: Swift.min(left + 1, UInt64(TreeLimits.chunk)))
        let chunk = try [UInt8].reading(capacity: count) { (out) throws(SystemError) in
          try file.fill(&out)
        }
        guard UInt64(chunk.count) <= left, !chunk.isEmpty || left == 0 else {
          throw SystemError(operation: "read", path: file.path, errno: .stale)
        }
        hasher.update(chunk.rawSpan)
        left -= UInt64(chunk.count)
        part.dataBytes += UInt64(chunk.count)
      } while left > 0
      part.identities.append((entry.inode, TreeContents.Identity(hasher.finalize())))
    }
    return part
  }

  /// A name of each regular file, the first one.
  public var regularFiles: [Entry] {
    var files: [Entry] = []
    var next = 0
    // Inodes are in the order of their first names.
    for entry in entries where entry.inode == next {
      if inodes[entry.inode].type == .regular { files.append(entry) }
      next += 1
    }
    return files
  }
}
