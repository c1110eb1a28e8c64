import BinaryDiff
import Bytes
import DeltaStream
import SendStream
import TestSupport

/// What a delta stream is made of; it can be written as such, and as the plain stream that it
/// stands for.
enum Step {
  /// A command that is the same in both.
  case file(String)
  /// WRITEs of normal form.
  case writes(String, at: UInt64, [UInt8])
  /// A patch that makes these bytes from sources.
  case patch(String, at: UInt64, [UInt8], [PatchSource])
}

/// A sample stream of one snapshot.
struct SampleStream {
  var base: UInt16
  var steps: [Step]
  var tree: MemoryTree

  /// The longest WRITE, as the format says.
  var chunkLength: UInt64 { base == 1 ? 49_152 : 131_072 }

  /// The plain stream.
  func plain() throws -> [UInt8] {
    var writer = StreamWriter(version: StreamVersion(base: base))
    writer.writeHeader()
    return writer.bytes + (try plainSteps(steps[...]).flatMap(\.self))
  }

  /// The delta stream.
  func delta() throws -> [UInt8] {
    var writer = StreamWriter(version: StreamVersion(base: base, revision: 1))
    writer.writeHeader()
    return writer.bytes + (try deltaSteps(steps[...]).flatMap(\.self))
  }

  /// SNAPSHOT, each step, and END, as the plain stream has them.
  func plainSteps(_ steps: ArraySlice<Step>) throws -> [[UInt8]] {
    var all = [snapshotCommand(plainVersion)]
    for step in steps {
      var writer = StreamWriter(version: plainVersion)
      switch step {
      case .file(let path): try writer.makeFile(path)
      case .writes(let path, let offset, let bytes), .patch(let path, let offset, let bytes, _):
        try writer.normalWrites(path, offset, bytes, chunkLength)
      }
      all.append(writer.bytes)
    }
    return all + [endCommand(plainVersion)]
  }

  /// SNAPSHOT, each step, and END, as the delta stream has them.
  func deltaSteps(_ steps: ArraySlice<Step>) throws -> [[UInt8]] {
    let version = StreamVersion(base: base, revision: 1)
    var all = [snapshotCommand(version)]
    for step in steps {
      var writer = StreamWriter(version: version)
      switch step {
      case .file(let path): try writer.makeFile(path)
      case .writes(let path, let offset, let bytes):
        try writer.normalWrites(path, offset, bytes, chunkLength)
      case .patch(let path, let offset, let bytes, let sources):
        let path = Array(path.utf8)
        let data = try patch(to: bytes, sources)
        try writer.writePatch(
          path: path.rawSpan, offset: offset, length: UInt64(bytes.count), sources: sources,
          data: data.rawSpan)
      }
      all.append(writer.bytes)
    }
    return all + [endCommand(version)]
  }

  private var plainVersion: StreamVersion { StreamVersion(base: base) }

  private func patch(to bytes: [UInt8], _ sources: [PatchSource]) throws -> [UInt8] {
    let old = sources.map { source in
      let file = tree.files[source.path] ?? []
      return Array(file[Int(source.offset)..<Int(source.offset + source.length)])
    }
    return try SourceIndex(sources: old).patch(to: bytes.rawSpan)
  }
}

extension StreamWriter {
  /// The format's rule, word for word: cut where the file offset is a multiple.
  mutating func normalWrites(
    _ path: String, _ offset: UInt64, _ bytes: [UInt8], _ chunkLength: UInt64
  ) throws(StreamError) {
    let path = Array(path.utf8)
    var start = offset
    let end = offset + UInt64(bytes.count)
    while start < end {
      let cut = min(end, (start / chunkLength + 1) * chunkLength)
      let data = Array(bytes[Int(start - offset)..<Int(cut - offset)])
      try write(.write(path: path.rawSpan, offset: start, data: data.rawSpan))
      start = cut
    }
  }

  mutating func makeFile(_ path: String) throws(StreamError) {
    let path = Array(path.utf8)
    try write(.makeFile(path: path.rawSpan, inode: 257))
  }
}

func snapshotCommand(_ version: StreamVersion) -> [UInt8] {
  rawCommand(
    .snapshot, tlv(.path, "v2"), tlv(.uuid, Array(0..<16)), tlv(.ctransid, number: UInt64(7)),
    tlv(.cloneUUID, Array(16..<32)), tlv(.cloneCtransid, number: UInt64(5)),
    checksum: version.isPlain ? nil : 0)
}

func endCommand(_ version: StreamVersion) -> [UInt8] {
  rawCommand(.end, checksum: version.isPlain ? nil : 0)
}

/// The header of a delta stream.
func deltaHeader(_ base: UInt16 = 2) -> [UInt8] { streamHeader(1 << 16 | UInt32(base)) }

/// SNAPSHOT in a delta stream.
let deltaSnapshot = snapshotCommand(StreamVersion(base: 2, revision: 1))

/// END in a delta stream.
let deltaEnd = endCommand(StreamVersion(base: 2, revision: 1))

/// Expands a delta stream to the plain one, byte for byte.
///
/// - Parameter chunk: how many bytes the reader is given at a time.
func expand<Tree: OldTree>(
  _ delta: [UInt8], _ tree: Tree, chunk: Int = .max
) throws(DeltaStreamError) -> [UInt8] {
  let base = delta.count > 13 ? UInt16(delta[13]) : 2
  var reader = StreamReader(maximumBase: 2, maximumRevision: 1)
  reader.allowsNewerCommands = true
  var expander = Expander(tree: tree, base: base)
  var writer = StreamWriter(version: expander.plainVersion)
  var at = 0
  while at < delta.count {
    let end = at + min(chunk, delta.count - at)
    reader.append(delta.rawSpan.extracting(at..<end))
    at = end
    while try expandNext(&reader, &expander, &writer) {}
  }
  do throws(StreamError) { try reader.finish() } catch { throw .stream(error) }
  return writer.bytes
}

private func expandNext<Tree: OldTree>(
  _ reader: inout StreamReader, _ expander: inout Expander<Tree>, _ writer: inout StreamWriter
) throws(DeltaStreamError) -> Bool {
  let element: StreamElement
  do throws(StreamError) {
    guard let next = try reader.next() else { return false }
    element = next
  } catch { throw .stream(error) }
  guard case .command(let frame) = element else {
    writer.writeHeader()
    return true
  }
  try expander.begin(frame)
  while let plain = try expander.next() {
    do throws(StreamError) { try writer.write(plain) } catch { throw .stream(error) }
  }
  return true
}
