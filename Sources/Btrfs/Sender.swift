internal import CLinux
public import Linux
internal import Synchronization

/// A send stream as the kernel makes it (`BTRFS_IOC_SEND`).
///
/// The ioctl runs on a thread of its own, into a pipe that ``read(into:)`` empties. Its errors come
/// from ``read(into:)`` in the end's place, so that a stream that was cut is never taken for a
/// whole one. Ending the value's life early cancels: the pipe is closed, and the ioctl fails.
///
/// No signal reaches that thread, because the kernel would start the ioctl over, and a second
/// header with the whole stream again would follow what was written so far. That leaves what cannot be
/// blocked: `SIGSTOP`, and the freezing of suspend. So who reads must check what it gets: one
/// header, at the beginning, and one end.
///
/// Needs `CAP_SYS_ADMIN`. All subvolumes must be read-only (else `EPERM`), and stay so.
public struct Sender: ~Copyable {
  private var output: Descriptor?
  private let job: SendJob
  private var thread: SignalBlockedThread?

  /// Starts to send a subvolume.
  ///
  /// - Parameters:
  ///   - subvolume: a descriptor open at its root.
  ///   - parentID: the id of the subvolume that the receiver has, for an incremental stream: its
  ///     ``SubvolumeInfo/id``, as ``Subvolume/info(of:)`` tells it. (The send ioctl knows roots by
  ///     nothing else.)
  ///   - cloneSourceIDs: ids of further subvolumes that the receiver has, for clones. The parent
  ///     counts as one even if it is not among them.
  public init(
    _ subvolume: borrowing Descriptor, parentID: UInt64? = nil, cloneSourceIDs: [UInt64] = [],
    _ options: SendOptions = SendOptions()
  ) throws(SystemError) {
    // As much as an unprivileged pipe may hold: fewer switches between the two threads.
    let pipe = try Pipe(capacity: 1 << 20)
    let input = try pipe.writing.duplicate()
    let output = try pipe.reading.duplicate()
    var sources = cloneSourceIDs
    if let parentID, !sources.contains(parentID) { sources.append(parentID) }
    let job = SendJob(
      try subvolume.duplicate(), into: input, parentID: parentID ?? 0, cloneSourceIDs: sources,
      options)
    let thread = try SignalBlockedThread { job.run() }
    self.job = job
    self.output = consume output
    self.thread = consume thread
  }

  deinit {
    // First the pipe is broken, so that the ioctl ends; then its thread is joined.
    _ = consume output
    _ = consume thread
  }

  /// Reads some of the stream into the room that is left; adds nothing at its end.
  ///
  /// - Throws: also what the ioctl failed with, once what it wrote before is read.
  public mutating func read(into out: inout OutputRawSpan) throws(SystemError) {
    guard out.freeCapacity > 0 else { return }
    let before = out.byteCount
    try output?.read(into: &out)
    if out.byteCount == before { try end() }
  }

  /// Checks that the stream was read to its end and is whole.
  ///
  /// - Throws: what the ioctl failed with; `ECANCELED` if there is more to read.
  public consuming func finish() throws(SystemError) {
    var byte: [UInt8] = []
    byte = try [UInt8].reading(capacity: 1) { (out) throws(SystemError) in
      try read(into: &out)
    }
    if !byte.isEmpty {
      throw SystemError(operation: "BTRFS_IOC_SEND", path: job.path, errno: .canceled)
    }
  }

  private mutating func end() throws(SystemError) {
    thread = nil
    if let error = job.failure { throw error }
  }
}

/// One call of the ioctl, on its thread.
private final class SendJob: Sendable {
  private let subvolume: Descriptor
  private let input: Mutex<Descriptor?>
  private let parentID: UInt64
  private let cloneSourceIDs: [UInt64]
  private let options: SendOptions
  private let outcome = Mutex<SystemError?>(nil)

  init(
    _ subvolume: consuming Descriptor, into input: consuming Descriptor, parentID: UInt64,
    cloneSourceIDs: [UInt64], _ options: SendOptions
  ) {
    self.subvolume = subvolume
    self.input = Mutex(input)
    self.parentID = parentID
    self.cloneSourceIDs = cloneSourceIDs
    self.options = options
  }

  var path: String { subvolume.path }

  var failure: SystemError? { outcome.withLock { $0 } }

  func run() {
    let input = self.input.withLock { $0.take() }
    guard let input else { return }
    do throws(SystemError) {
      try send(into: input.rawValue)
    } catch {
      outcome.withLock { $0 = error }
    }
    // Only now the reader sees the end.
    _ = consume input
  }

  private func send(into input: CInt) throws(SystemError) {
    var sources = cloneSourceIDs
    let (fd, count, flags) = (subvolume.rawValue, UInt64(sources.count), options.flags)
    _ = try systemCall("BTRFS_IOC_SEND", .changes, path: path, retries: false) {
      unsafe clinux_btrfs_send(fd, input, parentID, &sources, count, flags, options.version)
    }
  }
}

extension SendOptions {
  /// The `BTRFS_SEND_FLAG_` bits.
  fileprivate var flags: UInt64 {
    var flags: UInt64 = 0
    if omitsFileData { flags |= clinux_btrfs_send_no_file_data }
    if omitsStreamHeader { flags |= clinux_btrfs_send_omit_stream_header }
    if omitsEndCommand { flags |= clinux_btrfs_send_omit_end_command }
    if keepsCompressedExtents { flags |= clinux_btrfs_send_compressed }
    // Kernels before 6.0 know no versions, and refuse the flag.
    if version != 1 { flags |= clinux_btrfs_send_version }
    return flags
  }
}
