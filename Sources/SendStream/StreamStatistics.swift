/// What a stream consists of, in numbers.
public struct StreamStatistics: Hashable, Sendable {
  /// How many streams there are, one behind the other: headers.
  public private(set) var streamCount = 0
  /// How many commands there are.
  public private(set) var commandCount = 0
  /// How many bytes the headers and commands have.
  public private(set) var byteCount: UInt64 = 0
  /// How many of them are file data: the DATA of WRITE and ENCODED_WRITE, as it travels.
  public private(set) var dataByteCount: UInt64 = 0

  private var plain = [Int](repeating: 0, count: Int(CommandKind.enableVerity.rawValue) + 1)
  private var extensions: [CommandKind: Int] = [:]

  /// The numbers of no stream at all.
  public init() {}

  /// How many subvolumes and snapshots the streams make.
  public var subvolumeCount: Int { self[.subvolume] + self[.snapshot] }

  /// How many commands of a kind there are.
  public subscript(kind: CommandKind) -> Int {
    let number = Int(kind.rawValue)
    return number < plain.count ? plain[number] : extensions[kind, default: 0]
  }

  /// The kinds that occur, by their number, and how often each does.
  public var counts: [(kind: CommandKind, count: Int)] {
    let numbers = plain.indices.map { CommandKind(rawValue: UInt16($0)) }
    let kinds = numbers + extensions.keys.sorted { $0.rawValue < $1.rawValue }
    return kinds.map { (kind: $0, count: self[$0]) }.filter { $0.count > 0 }
  }

  /// Counts what ``StreamReader/next()`` gave.
  ///
  /// - Throws: ``StreamError/truncatedAttribute(_:offset:)``.
  public mutating func add(_ element: borrowing StreamElement) throws(StreamError) {
    switch copy element {
    case .header:
      streamCount += 1
      byteCount += UInt64(StreamHeader.length)
    case .command(let frame): try add(frame)
    }
  }

  private mutating func add(_ frame: borrowing Frame) throws(StreamError) {
    if frame.kind == .write || frame.kind == .encodedWrite {
      var reader = AttributeReader(frame)
      while let attribute = try reader.next() {
        guard attribute.kind == .data else { continue }
        dataByteCount += UInt64(attribute.value.byteCount)
      }
    }
    commandCount += 1
    byteCount += UInt64(Frame.headerLength + frame.payload.byteCount)
    let number = Int(frame.kind.rawValue)
    if number < plain.count {
      plain[number] += 1
    } else {
      extensions[frame.kind, default: 0] += 1
    }
  }
}
