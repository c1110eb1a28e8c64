internal import Bytes

/// What a stream consists of: headers and commands.
public enum StreamElement: ~Escapable {
  /// A stream begins.
  case header(StreamVersion)
  /// A command, borrowed.
  case command(Frame)
}

/// Reads send streams and delta streams from bytes that are handed to it as they come.
///
/// The reader does no input of its own: ``append(_:)`` gives it bytes, ``next()`` lends the next
/// element or says `nil` when it needs more, ``finish()`` checks that nothing was cut off. It
/// accepts several streams back to back, and several subvolumes in one stream without END between
/// them, as `btrfs send` and `btrfs send -e` write them.
///
/// Memory: at most twice one command of ``StreamLimits/commandLength`` and what was appended last.
public struct StreamReader: ~Copyable {
  private enum State {
    case header
    case start(StreamVersion)
    case subvolume(StreamVersion)
  }

  private let limits: StreamLimits
  private let maximumBase: UInt16
  private let maximumRevision: UInt16
  private var state = State.header
  /// What was given and not read yet is at `start..<end`; behind it is room.
  private var buffer: [UInt8] = []
  /// Where in `buffer` the next element begins.
  private var start = 0
  private var end = 0
  private var streamCount = 0

  /// Whether commands and attributes are read that the stream's version does not have, but a later
  /// one of btrfs's own, as `btrfs receive` reads them. Otherwise they are unknown.
  public var allowsNewerCommands = false

  /// How many bytes the elements read so far had.
  public private(set) var offset: UInt64 = 0

  /// A reader of streams whose version has at most these two halves.
  ///
  /// - Parameters:
  ///   - maximumBase: the newest version of btrfs's own format, 3 at most.
  ///   - maximumRevision: 0 for plain streams only, 1 for delta streams too.
  public init(
    maximumBase: UInt16 = 3, maximumRevision: UInt16 = 0, limits: StreamLimits = .standard
  ) {
    self.maximumBase = Swift.min(maximumBase, 3)
    self.maximumRevision = maximumRevision
    self.limits = limits
  }

  /// A reader that stands behind a stream's header, or also behind its first subvolume's command.
  ///
  /// For streams whose header came another way, and for reading on from a known place. Offsets
  /// count from there.
  public init(
    continuing version: StreamVersion, insideSubvolume: Bool = false,
    limits: StreamLimits = .standard
  ) {
    self.init(maximumBase: version.base, maximumRevision: version.revision, limits: limits)
    state = insideSubvolume ? .subvolume(version) : .start(version)
    streamCount = 1
  }

  /// Whether a stream has ended with END and no other has begun, or none has begun at all.
  public var isBetweenStreams: Bool {
    if case .header = state { return start == end }
    return false
  }

  /// How many bytes it was given that belong to elements not read yet.
  public var bufferedByteCount: Int { end - start }

  /// Gives the reader more bytes, which it copies.
  public mutating func append(_ bytes: RawSpan) {
    append(upTo: bytes.byteCount) { (out) throws(Never) in
      unsafe out.withUnsafeMutableBytes { room, initialized in
        unsafe bytes.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
        initialized = bytes.byteCount
      }
    }
  }

  /// Gives the reader more bytes, at most `count`, which `fill` writes where the reader has them.
  ///
  /// What `fill` wrote before it threw is kept.
  public mutating func append<Failure: Error>(
    upTo count: Int, _ fill: (inout OutputRawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    makeRoom(count)
    let from = end
    var failure: Failure?
    var filled = 0
    unsafe buffer.withUnsafeMutableBytes { bytes in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[from..<(from + count)])
      var out = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      do throws(Failure) { try fill(&out) } catch { failure = error }
      filled = out.byteCount
    }
    end += filled
    if let failure { throw failure }
  }

  /// Moves what is left to the front, or takes more memory, until so much fits behind it.
  private mutating func makeRoom(_ count: Int) {
    let left = end - start
    // What is moved is never more than what was read before: small appends stay cheap.
    if start > 0, start >= left {
      let (from, to) = (start, end)
      unsafe buffer.withUnsafeMutableBytes { bytes in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[from..<to])
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[..<left]).copyMemory(from: rest)
      }
      (start, end) = (0, left)
    }
    let missing = end + count - buffer.count
    if missing > 0 { buffer.append(contentsOf: repeatElement(0, count: missing)) }
  }

  /// The next header or command; `nil` when more bytes are needed.
  ///
  /// - Throws: ``StreamError``. The reader is of no use afterwards.
  @_lifetime(&self)
  public mutating func next() throws(StreamError) -> StreamElement? {
    switch state {
    case .header: return try nextHeader()
    case .start(let version): return try nextCommand(version, isFirst: true)
    case .subvolume(let version): return try nextCommand(version, isFirst: false)
    }
  }

  /// Says that there are no more bytes.
  ///
  /// - Throws: ``StreamError/truncated(offset:)`` inside a header or a command, before the END of a
  ///   stream, and when there was no stream at all.
  public func finish() throws(StreamError) {
    guard isBetweenStreams, streamCount > 0 else { throw .truncated(offset: offset) }
  }

  @_lifetime(&self)
  private mutating func nextHeader() throws(StreamError) -> StreamElement? {
    let available = end - start
    if available < StreamHeader.length {
      try checkPartialMagic(available)
      return nil
    }
    let version = try parseHeader()
    guard version.base >= 1, version.base <= maximumBase, version.revision <= maximumRevision
    else { throw .unsupportedVersion(version, offset: offset) }
    start += StreamHeader.length
    offset += UInt64(StreamHeader.length)
    streamCount += 1
    state = .start(version)
    return .header(version)
  }

  /// Says early that bytes are no stream, so that a wrong file is not called a short one.
  private func checkPartialMagic(_ available: Int) throws(StreamError) {
    let count = Swift.min(available, StreamHeader.magic.count)
    guard buffer[start..<start + count].elementsEqual(StreamHeader.magic[..<count]) else {
      throw .notASendStream(offset: offset)
    }
  }

  private func parseHeader() throws(StreamError) -> StreamVersion {
    let bytes = buffer.rawSpan
    var cursor = ByteCursor(bytes.extracting(start..<end))
    return try StreamHeader.parse(&cursor, offset: offset)
  }

  @_lifetime(&self)
  private mutating func nextCommand(
    _ version: StreamVersion, isFirst: Bool
  ) throws(StreamError) -> StreamElement? {
    guard let (kind, length) = try commandHeader(version) else { return nil }
    guard !isFirst || kind == .subvolume || kind == .snapshot || kind.isExtension else {
      throw .commandOutsideSubvolume(kind, offset: offset)
    }
    let commandOffset = offset
    let payload = start + Frame.headerLength
    start = payload + length
    offset += UInt64(Frame.headerLength + length)
    if kind == .end {
      state = .header
    } else if !kind.isExtension {
      state = .subvolume(version)
    }
    let bytes = unsafe buffer.span.bytes
    return .command(
      Frame(
        kind: kind, payload: bytes.extracting(payload..<payload + length), version: version,
        offset: commandOffset, accepting: accepted(version)))
  }

  /// The version whose commands and attributes a stream may have.
  private func accepted(_ version: StreamVersion) -> StreamVersion {
    allowsNewerCommands ? .latest : version
  }

  /// The kind and the length of the command that is next, once all of it is here and its
  /// checksum is good.
  private func commandHeader(
    _ version: StreamVersion
  ) throws(StreamError) -> (kind: CommandKind, length: Int)? {
    let bytes = buffer.rawSpan
    var cursor = ByteCursor(bytes.extracting(start..<end))
    guard let length = cursor.read(UInt32.self), let number = cursor.read(UInt16.self),
      let stored = cursor.read(UInt32.self)
    else { return nil }
    let kind = CommandKind(rawValue: number)
    guard length <= limits.commandLength else {
      throw .commandTooLong(kind, length: length, limit: limits.commandLength, offset: offset)
    }
    guard version.hasChecksums || stored == 0 else {
      throw .unexpectedChecksum(kind, stored: stored, offset: offset)
    }
    try checkKind(kind, version)
    guard let payload = cursor.take(Int(length)) else { return nil }
    if version.hasChecksums { try check(kind, payload, stored, version) }
    return (kind, Int(length))
  }

  private func checkKind(_ kind: CommandKind, _ version: StreamVersion) throws(StreamError) {
    let known =
      kind.isExtension
      ? !version.isPlain : kind.rawValue >= 1 && kind.rawValue <= accepted(version).lastCommand
    guard known else { throw .unknownCommand(kind, offset: offset) }
  }

  private func check(
    _ kind: CommandKind, _ payload: RawSpan, _ stored: UInt32, _ version: StreamVersion
  ) throws(StreamError) {
    let computed = Frame(kind: kind, payload: payload, version: version).checksum
    guard computed == stored else {
      throw .checksumMismatch(kind, stored: stored, computed: computed, offset: offset)
    }
  }
}
