internal import BinaryPatch
internal import Bytes
public import Linux
internal import Recompress
public import SendStream

/// Where an ``Expander`` reads old files: the parent snapshot, and the tree that the stream makes.
public protocol OldTree {
  /// An open file.
  associatedtype File: OldFile

  /// Opens a regular file of the parent, at a path that `StreamPath.isBeneathRoot(_:)` allows.
  func open(_ path: [UInt8]) throws(SystemError) -> File

  /// Opens a regular file of the tree that the stream makes, as far as it has been made.
  ///
  /// - Parameters:
  ///   - source: the path as the names are now, and the place in the plain stream.
  ///   - target: the path of the file that is written from it, which must be another one.
  func openNew(_ source: PatchSource, for target: [UInt8]) throws(SystemError) -> File

  /// Is told each command of the plain stream before the next one is made: who does not have them
  /// carried out can keep what ``openNew(_:for:)`` will ask for.
  func note(_ frame: borrowing Frame) throws(SystemError)

  /// Makes a file without a name, for what is opened: empty, for reading and writing.
  func temporary() throws(SystemError) -> Descriptor
}

extension OldTree {
  /// There is no such tree.
  public func openNew(_ source: PatchSource, for target: [UInt8]) throws(SystemError) -> File {
    throw SystemError(
      operation: "open", path: String(decoding: source.path, as: UTF8.self), errno: .noSuchFile)
  }

  /// Keeps nothing.
  public func note(_ frame: borrowing Frame) throws(SystemError) {}

  /// There is no room for one: what is opened has to be short.
  public func temporary() throws(SystemError) -> Descriptor {
    throw SystemError(operation: "open", path: "", errno: .notSupported)
  }

  /// Opens the file of a source, wherever that is.
  fileprivate func file(
    of source: PatchSource, for target: [UInt8]
  ) throws(DeltaStreamError) -> File {
    do throws(SystemError) {
      return source.tree == .parent
        ? try open(source.path) : try openNew(source, for: target)
    } catch { throw .source(path: source.path, error) }
  }
}

/// An old file, read at any place.
public protocol OldFile {
  /// Its length in bytes.
  var length: UInt64 { get }

  /// Fills all the room of `out` from a place in the file; less only where the file ends.
  func read(at offset: UInt64, into out: inout OutputRawSpan) throws(SystemError)
}

/// The sources of a patch as one address space, or a range of it.
struct SourceSpace<File: OldFile>: OldBytes {
  private struct Range {
    var start: UInt64
    var end: UInt64
    var file: SourceFile<File>
    var source: PatchSource
  }

  private let ranges: [Range]
  /// Where the range begins, in all of it.
  private var start: UInt64 = 0
  private(set) var byteCount: UInt64

  /// Nothing.
  init() {
    ranges = []
    byteCount = 0
  }

  /// Opens every source and checks that it is as long as the patch needs it.
  ///
  /// - Parameter open: opens a source.
  init(
    _ sources: [PatchSource],
    _ open: (Int, PatchSource) throws(DeltaStreamError) -> SourceFile<File>
  ) throws(DeltaStreamError) {
    var ranges: [Range] = []
    var position: UInt64 = 0
    for (number, source) in sources.enumerated() {
      let file = try open(number, source)
      // Does not overflow: a source that was parsed ends inside the longest file.
      let needed = source.offset + source.length
      guard file.length >= needed else {
        throw .sourceTooShort(path: source.path, length: file.length, needed: needed)
      }
      let (end, overflow) = position.addingReportingOverflow(source.length)
      guard !overflow else {
        throw .sourceTooShort(path: source.path, length: file.length, needed: .max)
      }
      ranges.append(Range(start: position, end: end, file: file, source: source))
      position = end
    }
    self.ranges = ranges
    byteCount = position
  }

  /// A part of it; `nil` if it reaches past the end.
  func range(at offset: UInt64, count: UInt64) -> SourceSpace? {
    guard offset <= byteCount, count <= byteCount - offset else { return nil }
    var range = self
    range.start += offset
    range.byteCount = count
    return range
  }

  mutating func read(
    at offset: UInt64, into out: inout OutputRawSpan
  ) throws(DeltaStreamError) {
    var position = start + offset
    for range in ranges where position >= range.start && position < range.end {
      if out.freeCapacity == 0 { return }
      let wanted = Swift.min(range.end - position, UInt64(out.freeCapacity))
      try read(range, at: position - range.start, count: Int(wanted), into: &out)
      position += wanted
    }
  }

  private func read(
    _ range: Range, at offset: UInt64, count: Int, into out: inout OutputRawSpan
  ) throws(DeltaStreamError) {
    let fileOffset = range.source.offset + offset
    let got = try out.append(atMost: count) { (part) throws(DeltaStreamError) in
      try range.file.read(at: fileOffset, of: range.source.path, into: &part)
    }
    guard got == count else {
      throw .sourceTooShort(
        path: range.source.path, length: fileOffset + UInt64(got),
        needed: fileOffset + UInt64(count))
    }
  }
}

/// A source of a patch: a file as it is, or the view of one that is opened.
enum SourceFile<File: OldFile> {
  case whole(File)
  case opened(OpenedView, SpillFile)

  /// Its length in bytes.
  var length: UInt64 {
    switch self {
    case .whole(let file): file.length
    case .opened(let view, _): view.byteCount
    }
  }

  /// Opens a source of a tree.
  init<Tree: OldTree>(
    _ source: PatchSource, in tree: Tree, for target: [UInt8]
  ) throws(DeltaStreamError) where Tree.File == File {
    self = .whole(try tree.file(of: source, for: target))
  }

  /// Opens a source's regions.
  init<Tree: OldTree>(
    _ source: PatchSource, _ layout: FileLayout, in tree: Tree, for target: [UInt8],
    _ limits: OpeningLimits
  ) throws(DeltaStreamError) where Tree.File == File {
    // All of the file is needed, whatever is copied of its view.
    let whole = PatchSource(
      tree: source.tree, path: source.path, offset: 0, length: layout.length)
    let file = try tree.file(of: whole, for: target)
    guard file.length >= layout.length else {
      throw .sourceTooShort(path: source.path, length: file.length, needed: layout.length)
    }
    let bytes = SourceBytes(file, byteCount: layout.length)
    let spill = SpillFile { () throws(SystemError) in try tree.temporary() }
    do throws(RecompressError) {
      self = .opened(
        try OpenedView(
          bytes, layout, spill: spill,
          limits: RecompressLimits(
            openedBytes: limits.room, ratio: .max, regions: limits.mostRegions,
            memory: limits.memory)),
        spill)
    } catch {
      if let failure = bytes.failure { throw .source(path: source.path, failure) }
      throw DeltaStreamError(error, spill, path: source.path)
    }
  }

  func read(
    at offset: UInt64, of path: [UInt8], into out: inout OutputRawSpan
  ) throws(DeltaStreamError) {
    switch self {
    case .whole(let file):
      do throws(SystemError) { try file.read(at: offset, into: &out) } catch {
        throw .source(path: path, error)
      }
    case .opened(let view, let spill):
      do throws(RecompressError) { try view.read(at: offset, into: &out) } catch {
        throw DeltaStreamError(error, spill, path: path)
      }
    }
  }
}

extension DeltaStreamError {
  /// Why something cannot be opened, or what comes out of it not be kept.
  init(_ error: RecompressError, _ spill: SpillFile, path: [UInt8]) {
    self = spill.failure.map { .notKept($0) } ?? .opening(.failed(error), path: path)
  }
}
