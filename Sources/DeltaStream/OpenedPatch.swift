internal import Bytes
public import Recompress

/// A patch of opened files: of views, in which compressed regions are replaced by what comes out of
/// them.
///
///     u8      flags: 1, the new view is made whole, and kept, before the file is made of it
///     varint  how many sources are opened; of each, ascending:
///       varint  its number, from 0     varint  length of the layout     its layout, for opening
///     varint  length of the new file's layout, 0 if that is not opened     its layout
///     varint  how many parts; of each:
///       varint  where in old it begins     varint  how much of old     varint  length of the patch
///       patch
///
/// The ranges of sources that are opened are ranges of their views. The views, one behind the other,
/// are *old*; every part is a patch of a range of old, and what the parts make, one behind the other,
/// is the new view.
public struct OpenedPatch: Sendable {
  /// A range of old, and what is made of it.
  public struct Part: Hashable, Sendable {
    /// Where in old the range begins.
    public var offset: UInt64
    /// How many bytes of old it has.
    public var length: UInt64
    /// The patch.
    public var patch: [UInt8]

    /// A part.
    public init(offset: UInt64, length: UInt64, patch: [UInt8]) {
      self.offset = offset
      self.length = length
      self.patch = patch
    }
  }

  /// The most regions of all layouts together.
  public static let mostRegions = 65_536
  /// The most parts.
  public static let mostParts = 65_536
  private static let keepsViewFlag: UInt8 = 1

  /// The layouts of the sources that are opened, by their numbers.
  public var sources: [Int: FileLayout]
  /// The layout of what is made; `nil` if that is not opened.
  public var layout: FileLayout?
  /// Whether the new view is made whole before the file is: then patching and rebuilding do not take
  /// their memory at the same time.
  public var keepsView: Bool
  /// What the view is made of, in order.
  public var parts: [Part]

  /// A patch.
  public init(
    sources: [Int: FileLayout], layout: FileLayout?, keepsView: Bool = false, parts: [Part]
  ) {
    self.sources = sources
    self.layout = layout
    self.keepsView = keepsView
    self.parts = parts
  }

  /// The attribute's value.
  public var encoded: [UInt8] {
    var bytes: [UInt8] = [keepsView ? Self.keepsViewFlag : 0]
    bytes.append(varint: UInt64(sources.count))
    for (number, layout) in sources.sorted(by: { $0.key < $1.key }) {
      bytes.append(varint: UInt64(number))
      let layout = layout.openingBytes
      bytes.append(varint: UInt64(layout.count))
      bytes += layout
    }
    let new = layout?.bytes ?? []
    bytes.append(varint: UInt64(new.count))
    bytes += new
    bytes.append(varint: UInt64(parts.count))
    for part in parts {
      bytes.append(varint: part.offset)
      bytes.append(varint: part.length)
      bytes.append(varint: UInt64(part.patch.count))
      bytes += part.patch
    }
    return bytes
  }

  /// Reads an attribute's value.
  ///
  /// - Parameters:
  ///   - sourceCount: how many sources the command has.
  ///   - mostRegions: the most that are taken, of all layouts.
  /// - Throws: ``OpenedPatchError``.
  public init(
    parsing bytes: RawSpan, sourceCount: Int, mostRegions: Int = mostRegions
  ) throws(OpenedPatchError) {
    var cursor = ByteCursor(bytes)
    guard let flags = cursor.read(UInt8.self), flags <= Self.keepsViewFlag else {
      throw .malformed(offset: 0)
    }
    keepsView = flags & Self.keepsViewFlag != 0
    var left = min(mostRegions, Self.mostRegions)
    sources = try Self.sources(&cursor, sourceCount, &left)
    layout = try Self.layout(&cursor, &left) { (bytes, most) throws(RecompressError) in
      try FileLayout(bytes, mostRegions: most)
    }
    guard layout != nil || !keepsView, layout != nil || !sources.isEmpty else {
      throw .malformed(offset: cursor.offset)
    }
    parts = try Self.parts(&cursor)
    guard cursor.isAtEnd else { throw .malformed(offset: cursor.offset) }
  }

  private static func sources(
    _ cursor: inout ByteCursor, _ sourceCount: Int, _ left: inout Int
  ) throws(OpenedPatchError) -> [Int: FileLayout] {
    var sources: [Int: FileLayout] = [:]
    guard let count = cursor.readVarint(), count <= UInt64(sourceCount) else {
      throw .malformed(offset: cursor.offset)
    }
    var next: UInt64 = 0
    for _ in 0..<count {
      let at = cursor.offset
      guard let number = cursor.readVarint(), number >= next, number < UInt64(sourceCount),
        let layout = try layout(
          &cursor, &left,
          { (bytes, most) throws(RecompressError) in
            try FileLayout(opening: bytes, mostRegions: most)
          })
      else { throw .malformed(offset: at) }
      sources[Int(number)] = layout
      next = number &+ 1
    }
    return sources
  }

  /// Reads a layout behind its length; `nil` if that is 0. A layout without regions is none.
  private static func layout(
    _ cursor: inout ByteCursor, _ left: inout Int,
    _ read: (RawSpan, Int) throws(RecompressError) -> FileLayout
  ) throws(OpenedPatchError) -> FileLayout? {
    let at = cursor.offset
    guard let length = cursor.readVarint(), let count = Int(exactly: length),
      let bytes = cursor.take(count)
    else { throw .malformed(offset: at) }
    if count == 0 { return nil }
    let layout: FileLayout
    do throws(RecompressError) { layout = try read(bytes, left) } catch {
      throw .layout(error, offset: at)
    }
    guard !layout.regions.isEmpty else { throw .malformed(offset: at) }
    left -= layout.regionCount
    return layout
  }

  private static func parts(_ cursor: inout ByteCursor) throws(OpenedPatchError) -> [Part] {
    guard let count = cursor.readVarint(), (1...UInt64(mostParts)).contains(count) else {
      throw .malformed(offset: cursor.offset)
    }
    var parts: [Part] = []
    for _ in 0..<count {
      let at = cursor.offset
      guard let offset = cursor.readVarint(), let length = cursor.readVarint(),
        let count = cursor.readVarint(), let size = Int(exactly: count),
        let patch = cursor.take(size)
      else { throw .malformed(offset: at) }
      parts.append(Part(offset: offset, length: length, patch: [UInt8](copying: patch)))
    }
    return parts
  }
}

/// Why the value of a PATCH_OPENED_DATA cannot be read. Offsets count from its start.
public enum OpenedPatchError: Error, Equatable, Sendable {
  /// It is cut, goes on behind its end, or has a number that does not exist.
  case malformed(offset: Int)
  /// A layout cannot be read.
  case layout(RecompressError, offset: Int)
}

extension OpenedPatchError: CustomStringConvertible {
  /// What is wrong and where.
  public var description: String {
    switch self {
    case .malformed(let offset): "wrong at byte \(offset)"
    case .layout(let error, let offset): "the layout at byte \(offset) is wrong: \(error)"
    }
  }
}
