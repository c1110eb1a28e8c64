internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Crypto
internal import DeltaStream
internal import Linux
internal import Recompress
internal import SendStream
internal import Tree
internal import UpdateBuilder
internal import UpdateFile

/// `btrfs-delta expand`
struct ExpandCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expand",
    abstract: "Write the plain send stream that an update stands for, byte for byte.",
    discussion: """
      What comes out is what `btrfs receive` takes. A full update needs no --parent. Of an update whose \
      patches copy from files that it brings itself, a copy of the stream is kept beside the output, \
      or in TMPDIR, while it is made; so is what compressed files hold, one at a time.
      """)

  @Argument(help: "The update file, or - for standard input.") var file: String
  @Option(help: "The tree that the update was built against: a directory, or a tar archive.")
  var parent: String?
  @Option(name: .shortAndLong, help: "Where to write the stream, or - for standard output.")
  var output = "-"
  @Option(help: "A key to trust; may be given several times.") var publicKey: [String] = []
  @Option(help: "How to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func run() async throws {
    let reporter = ProgressReporter(progress)
    // Also where it fails: the error has its own line.
    defer { reporter.finish() }
    let keys = try KeyFiles.verificationKeys(publicKey)
    let input = try UpdateInput(file)
    let (manifest, trust) = try input.manifest(trusting: keys)
    try write { (sink) in
      try Expansion.run(
        input, manifest, parent: parent, keepingBeside: output == "-" ? nil : output, reporter
      ) { try sink.write($0) }
    }
    trust.warn(file)
  }

  /// Has `body` write to the output. A file appears whole or not at all; what is no file, such as a
  /// pipe, is written to as it is.
  private func write(_ body: (borrowing Descriptor) throws -> Void) throws {
    if output == "-" { return try body(standardOutput()) }
    let existing = try OutputFile.existing(at: output)
    guard existing == nil || existing == .regular else {
      return try body(Descriptor.open(output, [.writeOnly, .truncate]))
    }
    // It holds every file of the system, those that only root may read as well.
    var file = try OutputFile(output, permissions: 0o600)
    try body(file.file)
    try file.publish()
  }

  private func standardOutput() throws -> Descriptor {
    let standard = try Descriptor.standardOutput()
    guard !standard.isTerminal else {
      throw CommandFailure(.usage, "a stream is not for a terminal: give --output")
    }
    return standard
  }
}

/// Expands an update that is read from start to end.
enum Expansion {
  /// What decoding may take on a build server, in bytes.
  private static let memoryLimit: UInt64 = 2 << 30

  /// Hands the plain stream to `write`, and checks that it is the one that the manifest speaks of.
  ///
  /// - Parameter output: what is made, if it is a file; what patches copy from is kept beside it.
  static func run(
    _ input: borrowing UpdateInput, _ manifest: Manifest, parent: String?,
    keepingBeside output: String?, _ reporter: ProgressReporter, write: (RawSpan) throws -> Void
  ) throws {
    guard manifest.parent == nil || parent != nil else {
      throw CommandFailure(
        .usage, "\"\(input.path)\" is a delta: give --parent, the snapshot it was built against")
    }
    let failures = try manifest.recompression?.failures() ?? []
    guard failures.isEmpty else {
      let what = failures.map(\.description).joined(separator: "; ")
      throw CommandFailure(
        .cannotRebuild, "compressed files would not come out as they should: \(what)")
    }
    // An archive's files are there as long as this is.
    let old = try parent.map { (path) throws(BuildError) in
      try TreeSource(text: path).root(
        BuildProgress { _, done, _ in
          reporter.show("reading", done: done, of: 0)
          return !Interruption.isRequested
        })
    }
    defer { withExtendedLifetime(old) {} }
    let tree = try tree(of: manifest, parent: old, keepingBeside: output)
    var expansion = try UpdateExpansion(
      manifest, tree: tree, memoryLimit: memoryLimit,
      spareMemory: UpdateExpansion<ExpansionTree>.spareMemory(
        beside: manifest, limit: memoryLimit))
    var writer = StreamWriter(version: expansion.plainVersion)
    writer.writeHeader()
    while expansion.wanted > 0 {
      let piece = try input.piece(expansion.wanted)
      try expansion.append(piece: piece.rawSpan)
      while let frame = try expansion.next() {
        if frame.kind == .subvolume || frame.kind == .snapshot {
          var check = DeltaStreamCheck(manifest)
          try check.add(frame)
        }
        try writer.write(frame)
        // END is held back until all of it was compared with what was signed.
        if writer.bytes.count >= 1 << 20, frame.kind != .end { try flush(&writer, write) }
      }
      reporter.show("expanding", done: expansion.plainLength, of: manifest.plain.length)
    }
    try expansion.finish()
    try input.expectEnd()
    try flush(&writer, write)
  }

  private static func tree(
    of manifest: Manifest, parent: TreeRoot?, keepingBeside output: String?
  ) throws -> ExpansionTree {
    let old = try parent.map { (root) throws(SystemError) in
      try ParentTree(root: root.directory.duplicate())
    }
    let place = output ?? TemporaryTree.standardPlace + "/stream"
    let temporary = { () throws(SystemError) in try TemporaryFile.beside(place, "opened") }
    guard manifest.allowsNewSources else {
      return ExpansionTree(parent: old, stream: nil, temporary: temporary)
    }
    let file = try TemporaryFile.beside(place, "expand")
    let base = UInt16(truncatingIfNeeded: manifest.baseVersion)
    return ExpansionTree(
      parent: old, stream: PlainStreamFile(keepingIn: file, base: base), temporary: temporary)
  }

  private static func flush(
    _ writer: inout StreamWriter, _ write: (RawSpan) throws -> Void
  ) throws {
    try write(writer.bytes.rawSpan)
    writer.removeAll()
  }
}
