internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Linux
internal import Receive
internal import SendStream

/// `btrfs-delta receive`
struct ReceiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Receive the subvolumes of send streams, as `btrfs receive` does.",
    discussion: """
      A subvolume gets its name when it is whole and on disk; what fails leaves nothing. Streams can \
      touch only the subvolume that they make, and read only it, its parent and their clone sources, \
      which are found by UUID wherever they are in the file system. The stream may be compressed by \
      xz. docs/receive.md has what differs from `btrfs receive`.
      """)

  @Argument(help: "The directory to receive into. Not needed with --dump.") var directory: String?
  @Option(
    name: .customShort("f", allowingJoined: true),
    help: ArgumentHelp("The stream; standard input if not given.", valueName: "file"))
  var file = "-"
  @Flag(
    name: [.customShort("e"), .customLong("terminate-on-end")],
    help: "End at the END of a stream, and read nothing behind it. Else there may be more streams.")
  var terminateOnEnd = false
  @Option(
    name: [.customShort("E", allowingJoined: true), .customLong("max-errors")],
    help: """
      End when so many commands have failed; 0 for never. A subvolume with fewer gets its name, \
      but stays writable and is not marked as received.
      """)
  var maxErrors: UInt64 = 1
  @Flag(
    name: [.customShort("C"), .customLong("chroot")],
    help: "Taken for `btrfs receive`'s sake: what is received is always confined, and more closely."
  )
  var chroot = false
  @Option(
    name: [.customShort("m", allowingJoined: true), .customLong("root-mount")],
    help: ArgumentHelp(
      """
      A mount of the file system in which to look for parents and clone sources if its top level \
      cannot be mounted for this process alone.
      """, valueName: "dir"))
  var rootMount: String?
  @Flag(help: "Always decompress compressed data, instead of having the kernel store it as it is.")
  var forceDecompress = false
  @Flag(help: "Keep what could not be received, as NAME.partial, to look at it.")
  var keepPartial = false
  @Flag(help: "Receive nothing, and print the commands; as the command dump.") var dump = false
  @Flag(name: .shortAndLong, help: "Say more; twice: every command.") var verbose: Int
  @Flag(name: .shortAndLong, help: "Say only what failed.") var quiet = false
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func validate() throws {
    guard dump || directory != nil else {
      throw ValidationError("name the directory to receive into")
    }
  }

  func run() async throws {
    if dump {
      return try DumpCommand.print(file, terminatesOnEnd: terminateOnEnd, form: .text)
    }
    let narrator = ReceiveNarrator(quiet ? .quiet : .init(verbose), ProgressReporter(progress))
    // Also where it fails: the error has its own line.
    defer { narrator.finish() }
    let failure = try receive(narrator)
    if let failure { throw failure }
  }

  /// - Returns: what was passed over last.
  private func receive(_ narrator: ReceiveNarrator) throws -> CommandFailure? {
    // First: a wrong directory is not to wait for the stream.
    var receiver = try SubvolumeReceiver(
      into: Descriptor.open(directory ?? ".", .directory), options: options,
      rootMount: try openRootMount(), observer: narrator.tell)
    var source = try StreamSource(
      file, stopsAtEnd: terminateOnEnd, stopped: "stopped: what was not whole is removed")
    var reader = StreamReader()
    while try source.feed(&reader) {
      while let element = try reader.next() {
        guard case .command(let frame) = element else { continue }
        let command = try Command(parsing: frame)
        narrator.tell(of: command)
        try receiver.carryOut(command)
      }
      narrator.showProgress(source)
    }
    try reader.finish()
    try receiver.finish()
    return narrator.lastError.map(DeltaFailure.failure)
  }

  private var options: SubvolumeReceiveOptions {
    SubvolumeReceiveOptions(
      commands: ReceiveOptions(forceDecompress: forceDecompress, allowsMissingData: true),
      maximumErrors: maxErrors, keepsPartial: keepPartial)
  }

  private func openRootMount() throws(SystemError) -> Descriptor? {
    guard let rootMount else { return nil }
    return try Descriptor.open(rootMount, .directory)
  }
}
