internal import Bytes
internal import Linux

/// The file that GRUB's environment block is in.
struct GrubEnvironmentFile: ~Copyable {
  private let file: Descriptor
  private let block: GrubEnvironmentBlock
  private let bytes: [UInt8]

  /// Opens and reads it. It is not made: GRUB's own tool does that (`grub-editenv PATH create`).
  init(_ path: String) throws(BootError) {
    let file = try Self.open(path)
    let bytes = try attemptBoot { () throws(SystemError) in
      try file.readToEnd(limit: GrubEnvironmentBlock.maximumSize)
    }
    let block: GrubEnvironmentBlock
    do throws(GrubEnvironmentBlock.Flaw) { block = try GrubEnvironmentBlock(bytes) } catch {
      throw .malformed(path: path, error.rawValue)
    }
    self.init(file, block, bytes)
  }

  private init(
    _ file: consuming Descriptor, _ block: GrubEnvironmentBlock, _ bytes: [UInt8]
  ) {
    self.file = file
    (self.block, self.bytes) = (block, bytes)
  }

  private static func open(_ path: String) throws(BootError) -> Descriptor {
    do throws(SystemError) {
      let file = try Descriptor.open(path, .readWrite)
      // GRUB writes to the blocks it read from; btrfs has used them for something else by then.
      if try file.fileSystemStatus().type != FileSystemStatus.btrfs { return file }
    } catch {
      guard error.errno == .noSuchFile else { throw .system(error) }
      throw .unusable(path: path, "it is not there: grub-editenv makes one")
    }
    throw .unusable(path: path, "it is on btrfs, where GRUB cannot write")
  }

  /// What is in it.
  var choice: BootChoice { BootChoice(block.variables) }

  private func newBytes(_ choice: BootChoice) throws(BootError) -> [UInt8] {
    do throws(GrubEnvironmentBlock.Flaw) { return try block.bytes(choice.variables) } catch {
      throw .malformed(path: file.path, error.rawValue)
    }
  }

  /// Writes it in place, and waits until it is on disk.
  func write(_ choice: BootChoice) throws(BootError) {
    let new = try newBytes(choice)
    if new == bytes { return }
    try attemptBoot { () throws(SystemError) in
      try file.write(new.rawSpan, at: 0)
      try file.sync()
    }
  }
}
