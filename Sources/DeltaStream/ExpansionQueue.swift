internal import Recompress
internal import SendStream

/// What comes behind a patch whose file a pool is making: it waits for its turn, so that the pool can be
/// given the next file.
struct ExpansionQueue<File: OldFile> {
  /// A patch of which all is made that the pool does not make.
  final class Begun {
    private var patch: RunningPatch<File>?
    /// What it takes beside the file, in bytes.
    let byteCount: Int

    init(_ patch: consuming RunningPatch<File>, byteCount: Int) {
      self.patch = consume patch
      self.byteCount = byteCount
    }

    func take() -> RunningPatch<File>? { patch.take() }
  }

  enum Entry {
    case command(CommandKind, payload: [UInt8])
    case patch(Begun)
  }

  /// A PATCH that cannot be begun yet. Nothing is taken behind it.
  struct Held {
    var payload: [UInt8]
    var version: StreamVersion
    var offset: UInt64
    /// The file's layout, if it only waits for room in the pool; others wait for their turn.
    var layout: FileLayout?
  }

  /// The most memory of commands that wait, in bytes, but for the last.
  static var mostBytes: Int { 4 << 20 }
  /// What an entry takes beside its payload.
  private static var overhead: Int { 128 }

  private var entries: [Entry] = []
  private var first = 0
  private var byteCount = 0
  var held: Held?

  var isEmpty: Bool { first == entries.count && held == nil }

  /// Whether a command can be taken.
  var hasRoom: Bool { held == nil && byteCount < Self.mostBytes }

  mutating func append(_ entry: Entry) {
    entries.append(entry)
    byteCount += Self.size(entry)
  }

  mutating func popFirst() -> Entry? {
    guard first < entries.count else { return nil }
    let entry = entries[first]
    byteCount -= Self.size(entry)
    entries[first] = .command(.end, payload: [])
    first += 1
    if first == entries.count || first == 1024 {
      entries.removeFirst(first)
      first = 0
    }
    return entry
  }

  private static func size(_ entry: Entry) -> Int {
    switch entry {
    case .command(_, let payload): payload.count + overhead
    case .patch(let begun): begun.byteCount + overhead
    }
  }
}
