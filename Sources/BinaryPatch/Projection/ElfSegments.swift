internal import Bytes

/// A part of a file that is loaded (`Elf64_Phdr`, `PT_LOAD`).
package struct ElfSegment: Equatable, Sendable {
  package var address: UInt64 = 0
  package var offset: UInt64 = 0
  package var fileSize: UInt64 = 0
  package var memorySize: UInt64 = 0

  /// A segment; of nothing at zero when no value is named.
  package init(
    address: UInt64 = 0, offset: UInt64 = 0, fileSize: UInt64 = 0, memorySize: UInt64 = 0
  ) {
    self.address = address
    self.offset = offset
    self.fileSize = fileSize
    self.memorySize = memorySize
  }

  /// Whether neither its addresses nor its offsets wrap.
  package var isSound: Bool {
    !address.addingReportingOverflow(fileSize).overflow
      && !address.addingReportingOverflow(memorySize).overflow
      && !offset.addingReportingOverflow(fileSize).overflow
  }
}

/// Where the bytes of a file are in memory. Of overlapping segments, the first counts.
package struct ElfSegments: Equatable, Sendable {
  /// More than that, and the file is not projected.
  package static let maxCount = 64

  package let all: [ElfSegment]

  /// Segments that a patch tells; `nil` when one wraps or they are too many.
  package init?(_ segments: [ElfSegment]) {
    guard segments.count <= Self.maxCount, segments.allSatisfy(\.isSound) else { return nil }
    all = segments
  }

  /// - Parameter table: The program headers.
  init?(_ table: RawSpan, _ header: ElfHeader, byteCount: Int) {
    guard header.type != .relocatable else {
      let size = UInt64(byteCount)
      self.init([ElfSegment(fileSize: size, memorySize: size)])
      return
    }
    var loaded: [ElfSegment] = []
    for index in 0..<header.segmentCount {
      let at = index &* ElfHeader.segmentEntrySize
      // PT_LOAD
      guard table.load32(at) == 1 else { continue }
      loaded.append(
        ElfSegment(
          address: table.load64(at &+ 16), offset: table.load64(at &+ 8),
          fileSize: table.load64(at &+ 32), memorySize: table.load64(at &+ 40)))
      guard loaded.count <= Self.maxCount else { return nil }
    }
    self.init(loaded)
  }

  /// The address of a byte of the file; ``ElfImage/unknown`` when it is not loaded.
  package func address(ofOffset offset: UInt64) -> UInt64 {
    let segments = all.span
    for index in segments.indices {
      let into = offset &- segments[index].offset
      if into < segments[index].fileSize { return segments[index].address &+ into }
    }
    return ElfImage.unknown
  }

  /// Where in the file the byte at an address is; ``ElfImage/unknown`` when it has none.
  package func offset(ofAddress address: UInt64) -> UInt64 {
    let segments = all.span
    for index in segments.indices {
      let into = address &- segments[index].address
      if into < segments[index].fileSize { return segments[index].offset &+ into }
    }
    return ElfImage.unknown
  }

  /// Whether an address is in memory, or just after a segment.
  package func contains(_ address: UInt64) -> Bool {
    let segments = all.span
    for index in segments.indices
    where address &- segments[index].address
      <= segments[index].memorySize
    {
      return true
    }
    return false
  }
}
