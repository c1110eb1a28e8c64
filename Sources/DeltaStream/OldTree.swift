internal import BinaryPatch
public import Linux

/// Where an ``Expander`` reads old files: the parent snapshot.
public protocol OldTree {
  /// An open file.
  associatedtype File: OldFile

  /// Opens the regular file at a path that `StreamPath.isBeneathRoot(_:)` allows.
  func open(_ path: [UInt8]) throws(SystemError) -> File
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
    _ sources: [PatchSource], in tree: Tree
  ) throws(DeltaStreamError) where Tree.File == File {
    var ranges: [Range] = []
    var position: UInt64 = 0
    for source in sources {
      let file: File
      do throws(SystemError) { file = try tree.open(source.path) } catch {
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
    var failure: SystemError?
    var got = 0
    unsafe out.withUnsafeMutableBytes { bytes, initialized in
      let room = unsafe UnsafeMutableRawBufferPointer(
        rebasing: bytes[initialized..<initialized + count])
      var part = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      do throws(SystemError) { try range.file.read(at: fileOffset, into: &part) } catch {
        failure = error
      }
      got = part.byteCount
      initialized += got
    }
    if let failure { throw .source(path: range.source.path, failure) }
    guard got == count else {
      throw .sourceTooShort(
        path: range.source.path, length: fileOffset + UInt64(got),
        needed: fileOffset + UInt64(count))
    }
  }
}
