internal import Bytes
internal import Linux

/// The bytes of an archive, decompressed, from the first to the last.
///
/// Memory: two pieces of 256 KiB, and what the decoder takes.
struct ArchiveStream: ~Copyable {
  static let pieceLength = 256 << 10

  private let file: Descriptor
  private let isCompressed: Bool
  private var filter: ArchiveFilter
  /// Compressed bytes that were read, and how many of these were decoded.
  private var input: [UInt8]
  private var inputStart = 0
  private var inputEnds = false
  /// Decompressed bytes, and how many of these were taken.
  private var output: [UInt8] = []
  private var outputStart = 0
  private var isAtEnd = false

  /// How many decompressed bytes were taken.
  private(set) var offset: UInt64 = 0

  /// A stream from the file's position on.
  init(_ file: consuming Descriptor) throws(ArchiveError) {
    do throws(ArchiveError.Reason) {
      let first = try Self.read(file)
      let compression = Self.compression(first)
      filter = try ArchiveFilter(compression)
      isCompressed = compression != .none
      input = first
    } catch { throw ArchiveError(error, offset: 0) }
    self.file = file
  }

  private static func compression(_ bytes: [UInt8]) -> ArchiveCompression {
    let magic = min(bytes.count, ArchiveCompression.magicLength)
    return ArchiveCompression(magic: bytes.rawSpan.extracting(0..<magic))
  }

  /// The next bytes, at least one and at most `count`; none at the end.
  mutating func take(upTo count: Int) throws(ArchiveError) -> [UInt8] {
    if outputStart == output.count { try refill() }
    let end = min(outputStart + max(count, 0), output.count)
    let taken = Array(output[outputStart..<end])
    outputStart = end
    offset += UInt64(taken.count)
    return taken
  }

  /// The next `count` bytes; fewer only at the end.
  mutating func take(_ count: Int) throws(ArchiveError) -> [UInt8] {
    var taken = try take(upTo: count)
    while taken.count < count {
      let more = try take(upTo: count - taken.count)
      if more.isEmpty { break }
      taken += more
    }
    return taken
  }

  /// Passes bytes over.
  mutating func skip(_ count: UInt64) throws(ArchiveError) {
    var left = count
    while left > 0 {
      if outputStart == output.count { try refill() }
      let step = min(left, UInt64(output.count - outputStart))
      guard step > 0 else { throw ArchiveError(.truncated, offset: offset) }
      outputStart += Int(step)
      offset += step
      left -= step
    }
  }

  private mutating func refill() throws(ArchiveError) {
    do throws(ArchiveError.Reason) {
      try refillPiece()
    } catch { throw ArchiveError(error, offset: offset) }
  }

  private mutating func refillPiece() throws(ArchiveError.Reason) {
    outputStart = 0
    output.removeAll(keepingCapacity: true)
    while output.isEmpty, !isAtEnd {
      if inputStart == input.count, !inputEnds {
        input = try Self.read(file)
        inputStart = 0
        inputEnds = input.isEmpty
      }
      if isCompressed {
        try decode()
      } else {
        swap(&input, &output)
        input = []
        inputStart = 0
        isAtEnd = output.isEmpty
      }
    }
  }

  private mutating func decode() throws(ArchiveError.Reason) {
    let consumed = try Self.decode(&filter, input, inputStart, inputEnds, &output)
    inputStart += consumed.consumed
    // Nothing more comes in, and nothing more comes out.
    if inputEnds, output.isEmpty {
      guard consumed.isWhole else { throw .truncated }
      isAtEnd = true
    }
  }

  private static func decode(
    _ filter: inout ArchiveFilter, _ input: [UInt8], _ start: Int, _ isLast: Bool,
    _ output: inout [UInt8]
  ) throws(ArchiveError.Reason) -> ArchiveFilter.Step {
    var step = ArchiveFilter.Step(consumed: 0, isWhole: false)
    try output.append(upTo: pieceLength) { (out) throws(ArchiveError.Reason) in
      step = try filter.decode(
        input.rawSpan.extracting(start..<input.count), isLast: isLast, into: &out)
    }
    return step
  }

  private static func read(_ file: borrowing Descriptor) throws(ArchiveError.Reason) -> [UInt8] {
    do throws(SystemError) {
      return try [UInt8].reading(capacity: pieceLength) { (out) throws(SystemError) in
        try file.fill(&out)
      }
    } catch { throw .system(error) }
  }
}
