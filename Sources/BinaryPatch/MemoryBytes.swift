internal import Bytes

/// Old bytes that are in memory.
public struct MemoryBytes: OldBytes, Sendable {
  private let bytes: [UInt8]

  /// Old bytes from an array.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Old bytes from several sources, one after the other.
  public init(_ sources: [[UInt8]]) { bytes = Array(sources.joined()) }

  /// How many bytes there are.
  public var byteCount: UInt64 { UInt64(bytes.count) }

  /// Appends bytes until `output` is full or they end.
  public mutating func read(at offset: UInt64, into output: inout OutputRawSpan) throws(Never) {
    guard let start = Int(exactly: offset), start <= bytes.count else { return }
    let end = start &+ min(output.freeCapacity, bytes.count &- start)
    output.append(copying: bytes.rawSpan.extracting(start..<end))
  }
}
