internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import SendStream

/// The plain stream that an update stands for, in its normal form, in a temporary file.
final class Plan: Sendable {
  /// The subvolume that the stream makes, as its first command names it.
  struct Identity: Sendable {
    var uuid: SubvolumeUUID
    var ctransid: UInt64
    /// What it is a snapshot of, as the stream names it.
    var parent: (uuid: SubvolumeUUID, ctransid: UInt64)?
  }

  /// The stream.
  let file: Descriptor
  /// The version of btrfs's own format.
  let base: UInt16
  /// Its length in bytes and its SHA-256.
  let length: UInt64
  let digest: SHA256Digest
  let identity: Identity
  /// Its runs of WRITEs, in order.
  let runs: [WrittenRun]
  /// What carrying it out writes.
  let dataBytes: UInt64
  let metadataCommands: UInt64

  init(
    file: consuming Descriptor, base: UInt16, length: UInt64, digest: SHA256Digest,
    identity: Identity, runs: [WrittenRun], dataBytes: UInt64, metadataCommands: UInt64
  ) {
    self.file = file
    self.base = base
    self.length = length
    self.digest = digest
    self.identity = identity
    self.runs = runs
    self.dataBytes = dataBytes
    self.metadataCommands = metadataCommands
  }

  /// How much is read at a time.
  static let readLength = 256 << 10

  /// The bytes that a run writes, and those that it shares with a file of the parent.
  func contents(of run: WrittenRun, from tree: ParentTree?) throws(BuildError) -> [UInt8] {
    var bytes: [UInt8] = []
    guard let length = Int(exactly: run.length) else { throw .kernelStream(.truncated(offset: 0)) }
    bytes.reserveCapacity(length)
    var reader = PlanReader(self, from: run.streamOffset, wanted: run.length)
    while bytes.count < length {
      guard let frame = try reader.next() else {
        throw .kernelStream(.truncated(offset: run.streamOffset))
      }
      let command: Command
      do throws(StreamError) { command = try Command(parsing: frame) } catch {
        throw .kernelStream(error)
      }
      switch command {
      case .write(_, _, let data): bytes.append(copying: data)
      case .clone(_, _, let count, _, _, let path, let offset):
        guard let tree, count <= run.length else { throw .planChanged }
        let shared = try tree.bytes([UInt8](copying: path), at: offset, count: Int(count))
        guard shared.count == Int(count) else { throw .planChanged }
        bytes += shared
      default: throw .kernelStream(.truncated(offset: run.streamOffset))
      }
    }
    return bytes
  }
}
