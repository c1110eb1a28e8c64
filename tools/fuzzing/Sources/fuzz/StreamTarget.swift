import BinaryDiff
import Bytes
import DeltaStream
import Linux
import Recompress
import SendStream

/// Hostile streams: the reader, each command, and the expander of a delta stream, which opens files.
struct StreamTarget: Target {
  static let name = "stream"
  static let nanosecondsPerByte = 1_000.0

  /// More of an expanded stream than this is not waited for.
  private static let longest = 4 << 20

  private var streams: [[UInt8]]
  private let tree: MemoryTree

  init(_ corpus: Corpus) throws {
    var random = SeededGenerator(seed: 3)
    let files = corpus.small.prefix(8)
    let compressed = try Self.recipes.map { try RecompressTarget.compressed(corpus.small[0], $0) }
    tree = MemoryTree(files: Array(files) + compressed)
    streams = corpus.streams
    for base in [1, 2] as [UInt16] {
      try streams.append(Self.delta(Array(files), base, using: &random))
    }
    let opened = try Self.openedDelta(corpus.small[0], firstFile: files.count)
    streams.append(opened)
    // What fails before it is damaged reaches nothing.
    try expand(opened, 1 << 30)
  }

  /// Deflate with gzip(1)'s blocks, and xz with CRC-32 and preset 1.
  private static let recipes: [[UInt8]] = [
    [1, 6, 15, 0, 1, 0, 0], [2, 1, 0, 1, 0x80, 0x80, 0x04, 0],
  ]

  /// A delta stream with patches of opened files: of the tree's compressed ones, and of nothing.
  private static func openedDelta(_ plain: [UInt8], firstFile: Int) throws -> [UInt8] {
    var writer = try begun(StreamVersion(base: 2, revision: 1))
    let changed = plain[..<(plain.count / 2)] + [1, 2, 3] + plain[(plain.count / 2)...]
    for (index, recipe) in recipes.enumerated() {
      let old = try RecompressTarget.compressed(plain, recipe)
      let new = try RecompressTarget.compressed(Array(changed), recipe)
      for hasOld in [true, false] {
        let path = Array("\(hasOld ? "file" : "full")\(firstFile + index)".utf8)
        try writer.write(.makeFile(path: path.rawSpan, inode: 300 + UInt64(index)))
        let (from, to) = try (opened(hasOld ? old : []), opened(new))
        let patch = try SourceIndex(sources: [from.view]).patch(to: to.view.rawSpan)
        let length = UInt64(from.view.count)
        var whole = OpenedPatch(
          sources: hasOld ? [0: from.layout] : [:], layout: to.layout,
          parts: [OpenedPatch.Part(offset: 0, length: length, patch: patch)])
        whole.keepsView = hasOld == (index == 0)
        try writer.writePatch(
          path: path.rawSpan, offset: 0, length: UInt64(new.count),
          sources: hasOld ? [PatchSource(path: path, offset: 0, length: length)] : [],
          data: whole.encoded.rawSpan, isOpened: true)
      }
    }
    writer.beginCommand()
    writer.endCommand(.end)
    return writer.bytes
  }

  private static func opened(_ file: [UInt8]) throws -> (layout: FileLayout, view: [UInt8]) {
    let layout = try RecompressTarget.analysed(file).layout
    let view = try OpenedView(MemorySpill(file), layout, spill: MemorySpill())
    return (layout, try view.bytes(at: 0, count: 1 << 24))
  }

  /// A writer whose stream has begun a snapshot.
  private static func begun(_ version: StreamVersion) throws -> StreamWriter {
    var writer = StreamWriter(version: version)
    writer.writeHeader()
    let name: [UInt8] = [0x76]
    writer.beginCommand()
    try writer.attribute(.path, name.rawSpan)
    writer.attribute(.uuid, SubvolumeUUID.none)
    writer.attribute(.ctransid, UInt64(7))
    writer.attribute(.cloneUUID, SubvolumeUUID.none)
    writer.attribute(.cloneCtransid, UInt64(5))
    writer.endCommand(.snapshot)
    return writer
  }

  /// A delta stream with a patch for each file, some against two sources.
  private static func delta(
    _ files: [[UInt8]], _ base: UInt16, using random: inout SeededGenerator
  ) throws -> [UInt8] {
    var writer = try begun(StreamVersion(base: base, revision: 1))
    for (index, old) in files.enumerated() {
      let new = ElfFile(old)?.relinked(using: &random) ?? old
      let path = Array("file\(index)".utf8)
      try writer.write(.makeFile(path: path.rawSpan, inode: 300 + UInt64(index)))
      let patch = try SourceIndex(sources: [old]).patch(to: new.rawSpan, isWholeFile: true)
      let source = PatchSource(path: path, offset: 0, length: UInt64(old.count))
      let clones =
        index % 2 == 0 ? [PatchClone(offset: 0, length: 4096, sourceOffset: 0)] : []
      try writer.writePatch(
        path: path.rawSpan, offset: 0, length: UInt64(new.count), sources: [source],
        clones: clones, data: patch.rawSpan)
    }
    writer.beginCommand()
    writer.endCommand(.end)
    return writer.bytes
  }

  mutating func run(_ random: inout SeededGenerator, _ meter: inout Meter) throws -> Bool {
    let stream = streams.randomElement(using: &random) ?? []
    let hostile =
      UInt8.random(in: 0..<4, using: &random) == 0
      ? stream.damaged(using: &random) : Self.mutated(stream, using: &random)
    let step = [1, 50, 5000, 1 << 30].randomElement(using: &random) ?? 1
    return try meter.measure(bytes: hostile.count + Self.longest / 8) {
      let taken = try refusable { try read(hostile, step) } != nil
      _ = try refusable { try expand(hostile, step) }
      try checkRewriting(hostile)
      return taken
    }
  }

  /// Each command as it is, with its right checksum, which no search would find.
  static func sealed(_ input: [UInt8]) -> [UInt8] {
    guard let (version, commands) = Self.commands(input) else { return input }
    return Self.stream(Array(input[..<17]), version, commands)
  }

  /// Commands of wrong contents, kinds and order, with right checksums.
  static func mutated(
    _ stream: [UInt8], using random: inout SeededGenerator
  ) -> [UInt8] {
    guard let (version, read) = Self.commands(stream) else { return stream }
    var commands = read
    mutate(&commands, using: &random)
    return Self.stream(Array(stream[..<17]), version, commands)
  }

  private static func commands(
    _ stream: [UInt8]
  ) -> (StreamVersion, [(kind: UInt16, payload: [UInt8])])? {
    guard stream.count > 17 else { return nil }
    let number = UInt32(truncatingIfNeeded: stream.number(at: 13, width: 4))
    var commands: [(kind: UInt16, payload: [UInt8])] = []
    var at = 17
    while at + 10 <= stream.count {
      let length = Int(stream.number(at: at, width: 4))
      guard length <= stream.count - at - 10 else { break }
      let kind = UInt16(stream.number(at: at + 4, width: 2))
      commands.append((kind, Array(stream[at + 10..<at + 10 + length])))
      at += 10 + length
    }
    return (StreamVersion(rawValue: number), commands)
  }

  private static func stream(
    _ head: [UInt8], _ version: StreamVersion, _ commands: [(kind: UInt16, payload: [UInt8])]
  ) -> [UInt8] {
    var out = head
    for (kind, payload) in commands {
      Frame(kind: CommandKind(rawValue: kind), payload: payload.rawSpan, version: version)
        .appendHeader(to: &out)
      out += payload
    }
    return out
  }

  private static func mutate(
    _ commands: inout [(kind: UInt16, payload: [UInt8])], using random: inout SeededGenerator
  ) {
    for _ in 0..<Int.random(in: 1...4, using: &random) where !commands.isEmpty {
      let at = Int.random(in: commands.indices, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0: commands.remove(at: at)
      case 1: commands.insert(commands[at], at: Int.random(in: 0...at, using: &random))
      case 2: commands.swapAt(at, Int.random(in: commands.indices, using: &random))
      case 3: commands[at].kind = UInt16.random(in: 0...30, using: &random)
      case 4: commands[at].kind = 0x8000 + UInt16.random(in: 0...4, using: &random)
      case 5:
        // Numbers of attributes and their lengths come first.
        let start = Array(commands[at].payload.prefix(40)).damaged(using: &random)
        commands[at].payload = start + commands[at].payload.dropFirst(40)
      default: commands[at].payload = commands[at].payload.damaged(using: &random)
      }
    }
  }

  /// Reads all of a stream, and looks into every command.
  private func read(_ stream: [UInt8], _ step: Int) throws {
    var reader = StreamReader(maximumBase: 3, maximumRevision: 1)
    var at = 0
    while at < stream.count {
      let end = at + min(step, stream.count - at)
      reader.append(stream.rawSpan.extracting(at..<end))
      at = end
      while let element = try reader.next() {
        guard case .command(let frame) = element else { continue }
        if frame.kind == .patch {
          _ = try PatchCommand(parsing: frame)
        } else if frame.kind.rawValue < 0x8000 {
          _ = try Command(parsing: frame)
        }
      }
      guard reader.bufferedByteCount <= StreamLimits.standard.commandLength + 17 + step else {
        throw Finding("the reader keeps \(reader.bufferedByteCount) bytes")
      }
    }
    try reader.finish()
  }

  /// What was understood is dumped; written again it is understood the same.
  private func rewritten(_ stream: [UInt8]) throws -> [UInt8] {
    var reader = StreamReader(maximumBase: 3)
    var formatter = DumpFormatter(style: .btrfsProgs6_2)
    var writer = StreamWriter(version: StreamVersion(base: 3))
    reader.append(stream.rawSpan)
    while let element = try? reader.next() {
      guard case .command(let frame) = element else {
        // There may be several, one stream behind the other.
        writer.writeHeader()
        continue
      }
      // What another version alone can have ends it.
      guard let command = try? Command(parsing: frame), (try? writer.write(command)) != nil
      else { break }
      _ = formatter.line(for: command)
    }
    return writer.bytes
  }

  private func checkRewriting(_ stream: [UInt8]) throws {
    let once = try rewritten(stream)
    guard try rewritten(once) == once else {
      throw Finding("a stream is another one when it is read and written")
    }
  }

  /// Expands a delta stream, as far as it goes.
  private func expand(_ stream: [UInt8], _ step: Int) throws {
    var reader = StreamReader(maximumBase: 2, maximumRevision: 1)
    var expander = Expander(tree: tree, base: UInt16(stream.count > 13 ? stream[13] : 2))
    var left = Self.longest
    var at = 0
    while at < stream.count, left > 0 {
      let end = at + min(step, stream.count - at)
      reader.append(stream.rawSpan.extracting(at..<end))
      at = end
      while left > 0, let element = try reader.next() {
        guard case .command(let frame) = element else { continue }
        try expander.begin(frame)
        while left > 0, let plain = try expander.next() { left -= plain.payload.byteCount + 10 }
      }
    }
  }
}

extension StreamTarget: GuidedTarget {
  var seeds: [[UInt8]] { streams }

  mutating func take(_ input: [UInt8], _ meter: inout Meter) throws {
    let stream = Self.sealed(input)
    try meter.measure(bytes: stream.count + Self.longest / 8) {
      // A few bytes at a time, or all at once.
      let step = stream.count % 4 == 0 ? 50 : 1 << 30
      _ = try refusable { try read(stream, step) }
      _ = try refusable { try expand(stream, step) }
      try checkRewriting(stream)
    }
  }
}

/// The corpus behind the paths that the streams name, and one file behind all others.
private struct MemoryTree: OldTree {
  var files: [[UInt8]]

  func open(_ path: [UInt8]) throws(SystemError) -> MemoryFile {
    let index = path.last.map { Int($0) &- 0x30 } ?? 0
    return MemoryFile(bytes: files.indices.contains(index) ? files[index] : [])
  }

  func temporary() throws(SystemError) -> Descriptor {
    try Descriptor.open("/tmp", [.unnamed, .readWrite])
  }
}

private struct MemoryFile: OldFile {
  var bytes: [UInt8]
  var length: UInt64 { UInt64(bytes.count) }

  func read(at offset: UInt64, into out: inout OutputRawSpan) throws(SystemError) {
    let start = Int(min(offset, length))
    let count = min(bytes.count - start, out.freeCapacity)
    for index in start..<start + count { unsafe out.append(bytes[index], as: UInt8.self) }
  }
}
