internal import Btrfs
internal import Bytes
public import Linux
public import SendStream

/// Receives the subvolumes of send streams into a directory, as `btrfs receive` does.
///
///     var receiver = try SubvolumeReceiver(into: Descriptor.open("/mnt/backups", .directory))
///     var reader = StreamReader()
///     while let bytes = try input.next() {
///       reader.append(bytes.rawSpan)
///       while let element = try reader.next() {
///         guard case .command(let frame) = element else { continue }
///         try receiver.carryOut(Command(parsing: frame))
///       }
///     }
///     try reader.finish()
///     try receiver.finish()
///
/// - Each subvolume is made under a temporary name, `.NAME.receiving`, and gets its own when it is
///   whole: its data is on disk, then it is marked with the received UUID, made read-only, renamed,
///   and that is on disk. When ``carryOut(_:)`` has returned from END, a power cut changes nothing.
/// - Whatever fails, the temporary subvolume is deleted, also when this value ends before the stream
///   does. What a killed process or a power cut leaves is deleted by the next one that receives a
///   subvolume of that name into the directory.
/// - The parent of a snapshot and clone sources are found by received UUID and by UUID among all
///   subvolumes of the file system. One that was changed since it was received is refused. Opening
///   them needs root's rights, and Linux 5.18 for clones.
/// - Streams can do no more than ``Receiver`` lets them.
///
/// Memory: that of a ``Receiver``, and an open descriptor for each clone source.
public struct SubvolumeReceiver: ~Copyable {
  let directory: Descriptor
  let options: SubvolumeReceiveOptions
  let search: SubvolumeSearch
  let observer: (SubvolumeReceiveEvent) -> Void
  var current: SubvolumeInProgress?
  /// A subvolume could not be begun, and its commands are passed over.
  private var isPassingOver = false

  /// How many commands failed and were passed over; see ``SubvolumeReceiveOptions/maximumErrors``.
  public private(set) var errorCount: UInt64 = 0

  /// A receiver into a directory.
  ///
  /// - Parameters:
  ///   - directory: where the subvolumes come, open for reading.
  ///   - options: what to do where there is a choice.
  ///   - rootMount: the root of a mount of the file system, where parents and clone sources are
  ///     opened if the top level cannot be mounted for this process alone.
  ///   - observer: is told of what happens.
  /// - Throws: ``SubvolumeReceiveError/notBtrfs(path:)``.
  public init(
    into directory: consuming Descriptor,
    options: SubvolumeReceiveOptions = SubvolumeReceiveOptions(),
    rootMount: consuming Descriptor? = nil,
    observer: @escaping (SubvolumeReceiveEvent) -> Void = { _ in }
  ) throws(SubvolumeReceiveError) {
    let isBtrfs = try attempt { () throws(SystemError) in try FileSystem.isBtrfs(directory) }
    guard isBtrfs else { throw .notBtrfs(path: directory.path) }
    let copy = try attempt { () throws(SystemError) in try directory.duplicate() }
    search = SubvolumeSearch(in: copy, rootMount: rootMount)
    self.directory = directory
    self.options = options
    self.observer = observer
  }

  deinit {
    if let current { Self.discard(current, in: directory, options, observer) }
  }

  /// Carries out the next command of the stream.
  ///
  /// SUBVOL and SNAPSHOT begin a subvolume; END, or the next SUBVOL or SNAPSHOT, finishes it.
  ///
  /// - Throws: what failed; the subvolume was removed then, and receiving has ended.
  public mutating func carryOut(
    _ command: borrowing Command
  ) throws(SubvolumeReceiveError) {
    switch copy command {
    case .subvolume(let path, let uuid, let ctransid):
      try finishCurrent()
      let name = [UInt8](copying: path)
      let subvolume = ReceivedSubvolume(name: name, uuid: uuid, ctransid: ctransid)
      try begin(subvolume, command)
    case .snapshot(let path, let uuid, let ctransid, let parent, let parentCtransid):
      try finishCurrent()
      let name = [UInt8](copying: path)
      let subvolume = ReceivedSubvolume(
        name: name, uuid: uuid, ctransid: ctransid, parentUUID: parent,
        parentCtransid: parentCtransid)
      try begin(subvolume, command)
    case .end:
      try finishCurrent()
    default:
      try carryOutInside(command)
    }
  }

  /// Says that there is no more of the stream.
  ///
  /// - Throws: ``SubvolumeReceiveError/incomplete(name:)`` before END: the subvolume was removed.
  public mutating func finish() throws(SubvolumeReceiveError) {
    guard let current else { return }
    let name = current.subvolume.name
    discardCurrent()
    throw .incomplete(name: name)
  }

  private mutating func begin(
    _ subvolume: ReceivedSubvolume, _ command: borrowing Command
  ) throws(SubvolumeReceiveError) {
    isPassingOver = false
    observer(.began(subvolume))
    do throws(SubvolumeReceiveError) {
      let made = try make(subvolume, command)
      current = made
      do throws(ReceiveError) { try made.receiver.carryOut(command) } catch {
        throw .command(error)
      }
    } catch {
      discardCurrent()
      try passOver(error)
      isPassingOver = true
    }
  }

  private mutating func carryOutInside(
    _ command: borrowing Command
  ) throws(SubvolumeReceiveError) {
    guard let current else {
      if isPassingOver { return }
      throw .outOfOrder
    }
    do throws(SubvolumeReceiveError) {
      if case .clone(_, _, _, let uuid, let ctransid, _, _) = copy command {
        try findCloneSource(uuid, ctransid, of: current)
      }
      do throws(ReceiveError) { try current.receiver.carryOut(command) } catch {
        throw .command(error)
      }
    } catch {
      let isLeft = current.receiver.hasCommandLeft
      try passOver(error, in: current)
      if isLeft { try carryOutInside(command) }
    }
  }

  private func findCloneSource(
    _ uuid: SubvolumeUUID, _ ctransid: UInt64, of current: SubvolumeInProgress
  ) throws(SubvolumeReceiveError) {
    if uuid == current.receiver.uuid || current.cloneSources.contains(uuid) { return }
    let source = try search.open(uuid, ctransid: ctransid)
    do throws(SystemError) { try current.cloneSources.add(source, as: uuid) } catch {
      throw .system(error)
    }
  }

  /// Passes over an error of a command, or throws it.
  mutating func passOver(
    _ error: SubvolumeReceiveError, in subvolume: SubvolumeInProgress
  ) throws(SubvolumeReceiveError) {
    try passOver(error)
    subvolume.errorCount += 1
    subvolume.receiver.goOnAfterFailure()
  }

  /// Throws an error, after it has removed the subvolume, unless there may be more.
  private mutating func passOver(
    _ error: SubvolumeReceiveError
  ) throws(SubvolumeReceiveError) {
    errorCount += 1
    guard options.maximumErrors == 0 || errorCount < options.maximumErrors else {
      discardCurrent()
      throw error
    }
    observer(.passedOver(error))
  }
}
