internal import BinaryPatch
public import Linux
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
}

extension OldTree {
  /// There is no such tree.
  public func openNew(_ source: PatchSource, for target: [UInt8]) throws(SystemError) -> File {
    throw SystemError(
      operation: "open", path: String(decoding: source.path, as: UTF8.self), errno: .noSuchFile)
  }

  /// Keeps nothing.
  public func note(_ frame: borrowing Frame) throws(SystemError) {}
}

/// An old file, read at any place.
public protocol OldFile {
  /// Its length in bytes.
  var length: UInt64 { get }

  /// Fills all the room of `out` from a place in the file; less only where the file ends.
  func read(at offset: UInt64, into out: inout OutputRawSpan) throws(SystemError)
}

/// The sources of a patch as one address space.
struct SourceSpace<File: OldFile>: OldBytes {
  private struct Range {
    var start: UInt64
    var end: UInt64
    var file: File
    var source: PatchSource
  }

  private let ranges: [Range]
  let byteCount: UInt64

  /// Opens every source and checks that it is as long as the patch needs it.
  init<Tree: OldTree>(
    _ sources: [PatchSource], in tree: Tree, for target: [UInt8]
  ) throws(DeltaStreamError) where Tree.File == File {
    var ranges: [Range] = []
    var position: UInt64 = 0
    for source in sources {
      let file: File
      do throws(SystemError) {
        file =
          source.tree == .parent
          ? try tree.open(source.path) : try tree.openNew(source, for: target)
      } catch {
        throw .source(path: source.path, error)
      }
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

  mutating func read(
    at offset: UInt64, into out: inout OutputRawSpan
  ) throws(DeltaStreamError) {
    var position = offset
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
    let got: Int
    do throws(SystemError) {
      got = try out.append(atMost: count) { (part) throws(SystemError) in
        try range.file.read(at: fileOffset, into: &part)
      }
    } catch { throw .source(path: range.source.path, error) }
    guard got == count else {
      throw .sourceTooShort(
        path: range.source.path, length: fileOffset + UInt64(got),
        needed: fileOffset + UInt64(count))
    }
  }
}
