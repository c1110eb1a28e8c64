internal import Bytes
internal import CommandSupport
internal import Linux
internal import Receive
internal import SendStream
internal import Synchronization

/// Says what is being received, where `btrfs receive` says it: the beginning of a snapshot on
/// standard output, all else on standard error.
final class ReceiveNarrator: Sendable {
  /// How much is said.
  enum Level: Int, Comparable {
    /// What failed.
    case quiet
    /// Each subvolume.
    case normal
    /// Also UUIDs, and commands that bring data.
    case verbose
    /// Every command.
    case everything

    init(_ verbosity: Int) {
      self = verbosity <= 0 ? .normal : verbosity == 1 ? .verbose : .everything
    }

    static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }
  }

  private struct State {
    var name: [UInt8] = []
    var lacksData = false
    var lastError: SubvolumeReceiveError?
  }

  private let level: Level
  private let progress: ProgressReporter
  private let state = Mutex(State())

  init(_ level: Level, _ progress: ProgressReporter) {
    (self.level, self.progress) = (level, progress)
  }

  /// What was passed over last.
  var lastError: SubvolumeReceiveError? { state.withLock { $0.lastError } }

  func finish() { progress.finish() }

  func showProgress(_ source: borrowing StreamSource) {
    progress.show("receiving", done: source.bytesRead, of: source.length)
  }

  /// Tells of a command that is carried out next.
  func tell(of command: borrowing Command) {
    if case .updateExtent = copy command { noteMissingData() }
    guard level >= .verbose, let line = CommandNarration.line(for: command) else { return }
    let bringsData: Bool
    switch copy command {
    case .write, .clone, .encodedWrite: bringsData = true
    default: bringsData = false
    }
    if level == .everything || bringsData { say(line) }
  }

  /// Tells of what a receiver tells of.
  func tell(_ event: SubvolumeReceiveEvent) {
    switch event {
    case .began(let subvolume): begin(subvolume)
    case .finished(let subvolume, let isMarked): end(subvolume, isMarked: isMarked)
    case .passedOver(let error):
      state.withLock { $0.lastError = error }
      warn("\(error); going on")
    case .kept(let name): warn("what there is of it is kept as \(QuotedText.quoted(name))")
    case .leftBehind(let name, let error):
      warn("could not remove \(QuotedText.quoted(name)): \(error)")
    }
  }

  private func begin(_ subvolume: ReceivedSubvolume) {
    state.withLock { ($0.name, $0.lacksData) = (subvolume.name, false) }
    guard level >= .normal else { return }
    let name = QuotedText.oneLine(String(decoding: subvolume.name, as: UTF8.self))
    if let parent = subvolume.parent {
      // Nobody needs to listen.
      try? StandardOutput.write("At snapshot \(name)")
      guard level >= .verbose else { return }
      say(
        "receiving snapshot \(name) uuid=\(subvolume.uuid), ctransid=\(subvolume.ctransid) "
          + "parent_uuid=\(parent.uuid), parent_ctransid=\(parent.ctransid)")
    } else {
      say("At subvol \(name)")
      guard level >= .verbose else { return }
      say("receiving subvol \(name) uuid=\(subvolume.uuid), stransid=\(subvolume.ctransid)")
    }
  }

  private func end(_ subvolume: ReceivedSubvolume, isMarked: Bool) {
    if isMarked, level >= .verbose {
      say(
        "BTRFS_IOC_SET_RECEIVED_SUBVOL uuid=\(subvolume.uuid), stransid=\(subvolume.ctransid)")
    }
    let name = QuotedText.quoted(subvolume.name)
    if !isMarked { warn("\(name) is not marked as received: commands of it have failed") }
  }

  private func noteMissingData() {
    let name = state.withLock { (state) -> [UInt8]? in
      defer { state.lacksData = true }
      return state.lacksData ? nil : state.name
    }
    guard let name, level >= .normal else { return }
    warn("the stream of \(QuotedText.quoted(name)) was made without the files' data")
  }

  private func warn(_ text: String) { say("btrfs-delta: \(text)") }

  private func say(_ line: String) {
    progress.finish()
    StandardError.write(line + "\n")
  }
}
