internal import Bytes
public import Linux

/// A file of the new tree, read from the plain stream that writes it.
public struct WrittenFile: OldFile {
  /// Where a part of the file is.
  private struct Part {
    var start: UInt64
    var end: UInt64
    /// The file that it was shared from, and the place there; of the stream, if there is none.
    var shared: ParentFile?
    var place: UInt64
  }

  private var parts: [Part] = []
  private let stream: PlainStreamFile

  /// How many parts a file may have: 32 GiB in the normal form.
  static let maximumParts = 1 << 18

  init(in stream: PlainStreamFile) { self.stream = stream }

  /// How many bytes were written, from the file's start on and without a gap.
  public var length: UInt64 { parts.last?.end ?? 0 }

  /// Goes on with bytes that are at a place in the stream, or in a file of the parent.
  mutating func add(
    length: UInt64, at place: UInt64, shared: ParentFile? = nil
  ) throws(SystemError) {
    let (end, overflow) = self.length.addingReportingOverflow(length)
    guard !overflow, parts.count < Self.maximumParts else {
      throw SystemError(operation: "open", path: stream.name, errno: .fileTooLarge)
    }
    parts.append(Part(start: self.length, end: end, shared: shared, place: place))
  }

  /// Fills all the room of `out` from a place in the file; less only where the file ends.
  public func read(at offset: UInt64, into out: inout OutputRawSpan) throws(SystemError) {
    var offset = offset
    var index = firstPart(endingBehind: offset)
    while out.freeCapacity > 0, index < parts.count {
      let part = parts[index]
      let count = Int(Swift.min(part.end - offset, UInt64(out.freeCapacity)))
      let place = part.place + (offset - part.start)
      let got = try out.append(atMost: count) { (room) throws(SystemError) in
        if let shared = part.shared {
          try shared.read(at: place, into: &room)
        } else {
          try stream.read(at: place, into: &room)
        }
      }
      if got < count { return }
      offset += UInt64(count)
      index += 1
    }
  }

  private func firstPart(endingBehind offset: UInt64) -> Int {
    parts.span.partitionPoint { $0.end <= offset }
  }
}
