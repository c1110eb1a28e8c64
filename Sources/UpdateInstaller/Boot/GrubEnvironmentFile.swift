internal import Btrfs
internal import Bytes
internal import Linux

/// The file that GRUB's environment block is in.
struct GrubEnvironmentFile: ~Copyable {
  private let file: Descriptor
  private let block: GrubEnvironmentBlock
  private let bytes: [UInt8]

  /// Opens and reads it. It is not made: GRUB's own tool does that (`grub-editenv PATH create`).
  init(_ path: String) throws(BootError) {
    let opened: Descriptor
    do throws(SystemError) { opened = try Descriptor.open(path, .readWrite) } catch {
      guard error.errno == .noSuchFile else { throw .system(error) }
      throw .unusable(path: path, "it is not there: grub-editenv makes one")
    }
    // GRUB writes to the blocks it read from, which btrfs has used for something else by then.
    guard try !FileSystem.isOnBtrfs(opened) else {
      throw .unusable(path: path, "it is on btrfs, where GRUB cannot write")
    }
    do throws(SystemError) {
      bytes = try opened.readToEnd(limit: GrubEnvironmentBlock.maximumSize)
    } catch { throw .system(error) }
    do throws(GrubEnvironmentBlock.Flaw) { block = try GrubEnvironmentBlock(bytes) } catch {
      throw .malformed(path: path, error.rawValue)
    }
    file = opened
  }

  /// What is in it.
  var choice: BootChoice { BootChoice(block.variables) }

  /// Writes it in place, and waits until it is on disk.
  func write(_ choice: BootChoice) throws(BootError) {
    let new: [UInt8]
    do throws(GrubEnvironmentBlock.Flaw) { new = try block.bytes(choice.variables) } catch {
      throw .malformed(path: file.path, error.rawValue)
    }
    if new == bytes { return }
    try attemptBoot { () throws(SystemError) in
      try file.write(new.rawSpan, at: 0)
      try file.sync()
    }
  }
}
