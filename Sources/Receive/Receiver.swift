public import Bytes
internal import Compression
public import Linux
public import SendStream

/// Carries out the commands of a plain stream in one subvolume, and touches nothing else.
///
/// The caller makes the subvolume that SUBVOL or SNAPSHOT ask for, and finishes it: syncs, sets the
/// received UUID, makes it read-only. In between:
///
/// - Every path is resolved confined to the subvolume; see ``ReceiveError/Reason/notConfined(_:)``.
///   No symbolic link is ever followed, no device node, FIFO or socket ever opened.
/// - MKFILE is exclusive. RENAME replaces what has the new name, as rename(2) does.
/// - New inodes inherit nothing from the directory that they are made in (default ACLs, the
///   compression property): what the stream does not say is not there.
/// - An immutable or append-only file or directory in the way has that flag lifted until
///   ``finish()``.
/// - Capabilities stay when a file's owner changes, which makes the kernel remove them: streams of
///   kernels before 5.8 do not say them again. Of newer ones, they say the same again, or that
///   they are gone.
/// - REMOVE_XATTR of what is not there is no error: a CHOWN before has removed capabilities.
/// - The transaction of a clone source is not compared: a stream of a received subvolume names the
///   original's.
/// - ENCODED_WRITE is written as it is; where the kernel does not take it so, or by
///   ``ReceiveOptions/forceDecompress``, it is decompressed.
/// - FILEATTR is applied, unlike by `btrfs receive`. The kernel sends it for changed inodes only.
///   Immutable and append-only are so from ``finish()`` on. What comes from the compression property
///   is left to that, and no file with data can begin or cease to be copied on write.
/// - ENABLE_VERITY needs a kernel with fs-verity.
/// - UPDATE_EXTENT (a stream without data) is refused but for ``ReceiveOptions/allowsMissingData``.
/// - Change and creation times cannot be set and are left.
///
/// After an error the subvolume is of no use, and neither is the receiver.
///
/// Memory: a fixed number of open files, and an extent of 128 KiB where one is decompressed; data is
/// written from where the command has it.
public struct Receiver: ~Copyable {
  enum State { case new, receiving, ended, failed }

  let tree: ConfinedTree
  let cloneSources: CloneSources
  let options: ReceiveOptions
  var protection = LiftedProtection()
  var state = State.new
  /// An inode that is not made yet: the next command says under which name.
  var pending: NewInode?
  /// What failed last was an inode that was waited with: the command that came was not carried out.
  var hasCommandLeft = false
  /// What new inodes may not be made instead of.
  var provisionalNames = ProvisionalNames()
  /// The symbolic link, device node or the like that was made last.
  var special: SpecialInode?
  /// Whether no directory but the root can have anything to hand down, because all of them were made
  /// by this stream, and nothing of the kind was set.
  var isBare = false
  /// Who owns what this process makes.
  let owner = Owner(user: Machine.userID, group: Machine.groupID)
  var decoder = ExtentDecoder()
  var sync: BackgroundSync
  /// How many bytes were written since it was started last.
  var unsyncedCount: UInt64 = 0
  /// The kernel has said that it does not take encoded data from us at all.
  var refusesEncodedWrites = false

  /// The UUID of the subvolume that the stream was made from, once SUBVOL or SNAPSHOT was there.
  public internal(set) var uuid = SubvolumeUUID.none

  /// The transaction that goes with ``uuid``.
  public internal(set) var ctransid: UInt64 = 0

  /// A receiver in a subvolume.
  ///
  /// - Parameters:
  ///   - root: a descriptor of the subvolume's root, opened for reading. The subvolume is writable,
  ///     and nobody else changes it as long as the receiver lives.
  ///   - cloneSources: the subvolumes that CLONE may read besides it.
  ///   - options: how commands are carried out, where there is a choice.
  public init(
    root: consuming Descriptor, cloneSources: CloneSources = CloneSources(),
    options: ReceiveOptions = ReceiveOptions()
  ) throws(ReceiveError) {
    do throws(SystemError) {
      tree = try ConfinedTree(root)
    } catch {
      throw ReceiveError(command: nil, path: [], reason: .system(error))
    }
    sync = BackgroundSync(of: tree.root.descriptor)
    self.cloneSources = cloneSources
    self.options = options
  }

  /// Carries out a command.
  ///
  /// An inode that the kernel's sender makes under a name of its own, such as `o257-7-0`, is made when
  /// the next command comes, which mostly gives it its real name; so a failure of the one may be
  /// told of when the other is carried out.
  public mutating func carryOut(_ command: borrowing Command) throws(ReceiveError) {
    if pending != nil, try makePending(as: command) { return }
    do throws(ReceiveError.Reason) {
      try perform(command)
    } catch {
      if case .system(let failure) = error, failure.errno == .notPermitted {
        try lift(command, else: error)
      } else {
        throw fail(command.kind, command.firstPath, error)
      }
    }
  }

  /// Ends receiving: restores immutable and append-only flags, and closes all files but the root.
  ///
  /// - Throws: ``ReceiveError/Reason/outOfOrder`` before END, whatever failed before it.
  public mutating func finish() throws(ReceiveError) {
    do throws(ReceiveError.Reason) {
      if state == .failed { throw .failedBefore }
      guard state == .ended else { throw .outOfOrder }
      state = .failed
      special = nil
      try protection.restore()
      tree.close()
      cloneSources.close()
      sync.wait()
    } catch {
      throw ReceiveError(command: nil, path: [], reason: error)
    }
  }

  /// What protects the command's files is lifted, and the command tried once more.
  private mutating func lift(
    _ command: borrowing Command, else error: ReceiveError.Reason
  ) throws(ReceiveError) {
    do throws(ReceiveError.Reason) {
      guard try liftProtection(from: command) else { throw error }
      try perform(command)
    } catch {
      throw fail(command.kind, command.firstPath, error)
    }
  }

  /// From now on the receiver is of no use.
  mutating func fail(
    _ command: CommandKind, _ path: RawSpan, _ reason: ReceiveError.Reason
  ) -> ReceiveError {
    state = .failed
    pending = nil
    return ReceiveError(command: command, path: [UInt8](copying: path), reason: reason)
  }

  private mutating func perform(_ command: borrowing Command) throws(ReceiveError.Reason) {
    switch copy command {
    case .subvolume(let path, let uuid, let ctransid):
      try begin(path, uuid, ctransid)
      isBare = try tree.root.findInheritance().isEmpty
      return
    case .snapshot(let path, let uuid, let ctransid, _, _): return try begin(path, uuid, ctransid)
    default: break
    }
    guard state == .receiving else { throw state == .failed ? .failedBefore : .outOfOrder }
    switch copy command {
    case .subvolume, .snapshot: throw .outOfOrder
    case .write(let path, let offset, let data): try write(path, offset, data)
    case .clone(let path, let offset, let length, let uuid, _, let source, let sourceOffset):
      try clone(path, offset, length, from: uuid, source, sourceOffset)
    case .truncate(let path, let size): try truncate(path, to: size)
    case .allocate(let path, let mode, let offset, let size):
      try allocate(path, mode, offset, size)
    case .setXattr(let path, let name, let value): try setAttribute(path, name, value)
    case .removeXattr(let path, let name): try removeAttribute(path, name)
    case .changeMode(let path, let mode): try changeMode(path, mode)
    case .changeOwner(let path, let uid, let gid): try changeOwner(path, uid, gid)
    case .setTimes(let path, let access, let modification, _, _):
      try setTimes(path, access, modification)
    case .end: state = .ended
    case .updateExtent(let path, _, _):
      guard options.allowsMissingData else { throw .unsupported }
      _ = try tree.node(path)
    case .encodedWrite(let path, let offset, let encoding, let data):
      guard options.allowsEncodedWrites else { throw .unsupported }
      try write(path, offset, encoding, data)
    case .setFileAttributes(let path, let flags):
      try setFlags(path, SentInodeFlags(rawValue: flags))
    case .enableVerity(let path, let algorithm, let blockSize, let salt, let signature):
      try enableVerity(path, algorithm, blockSize, salt, signature)
    default: try changeNames(command)
    }
  }

  private mutating func changeNames(
    _ command: borrowing Command
  ) throws(ReceiveError.Reason) {
    switch copy command {
    case .makeFile(let path, _): try make(.file, path, as: .makeFile)
    case .makeDirectory(let path, _): try make(.directory, path, as: .makeDirectory)
    case .makeNode(let path, _, let device, let mode): try makeNode(path, device, mode)
    case .makeFIFO(let path, _, _, _): try make(.special(.fifo, 0), path, as: .makeFIFO)
    case .makeSocket(let path, _, _, _): try make(.special(.socket, 0), path, as: .makeSocket)
    case .symlink(let path, _, let target): try makeSymbolicLink(path, to: target)
    case .rename(let path, let new): try rename(path, to: new)
    case .link(let path, let existing): try link(path, to: existing)
    case .unlink(let path): try unlink(path)
    case .removeDirectory(let path): try removeDirectory(path)
    default: throw .unsupported
    }
  }

  private mutating func begin(
    _ path: RawSpan, _ uuid: SubvolumeUUID, _ ctransid: UInt64
  ) throws(ReceiveError.Reason) {
    guard state == .new else { throw state == .failed ? .failedBefore : .outOfOrder }
    // The subvolume's name is the caller's business; a name it has to be all the same.
    guard StreamPath.isBeneathRoot(path), path.byteCount <= StreamPath.maximumComponentLength,
      !path.contains(UInt8(ascii: "/"))
    else { throw .badPath([UInt8](copying: path)) }
    (self.uuid, self.ctransid) = (uuid, ctransid)
    state = .receiving
  }
}
