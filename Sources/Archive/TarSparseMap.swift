/// Which parts of a sparse file an archive has data of.
struct TarSparseMap {
  /// A part of a file.
  struct Part: Equatable {
    var offset: UInt64
    var length: UInt64
  }

  /// The parts, in order and apart from each other.
  let parts: [Part]
  /// How long the file is, holes included.
  let size: UInt64

  /// A map.
  ///
  /// - Parameter dataLength: how much data the archive has of it.
  /// - Throws: ``ArchiveError/Reason/sparseMap`` unless all of that agrees.
  init(_ parts: [Part], size: UInt64, dataLength: UInt64) throws(ArchiveError.Reason) {
    guard Int64(exactly: size) != nil, parts.count <= ArchiveLimits.sparseParts else {
      throw .sparseMap
    }
    var end: UInt64 = 0
    var total: UInt64 = 0
    for part in parts {
      let (partEnd, overflow) = part.offset.addingReportingOverflow(part.length)
      guard !overflow, part.offset >= end, partEnd <= size else { throw .sparseMap }
      end = partEnd
      // Not beyond the size, as no two overlap.
      total += part.length
    }
    guard total == dataLength else { throw .sparseMap }
    self.parts = parts
    self.size = size
  }
}

extension TarSparseMap.Part {
  /// A part as a header has it; `nil` for negative numbers.
  init?(offset: Int64, length: Int64) {
    guard let offset = UInt64(exactly: offset), let length = UInt64(exactly: length) else {
      return nil
    }
    self.init(offset: offset, length: length)
  }
}

extension TarSparseMap {
  /// The parts that `GNU.sparse.` keys of revision 0.0 or 0.1 say; `nil` if there are none.
  static func parts(in records: PaxRecords) throws(ArchiveError.Reason) -> [Part]? {
    if let map = records.value("GNU.sparse.map") {
      let numbers = map.split(separator: 0x2C).map { TarNumber.decimal($0) }
      return try pairs(numbers)
    }
    let numbers = records.all.compactMap { record -> UInt64?? in
      switch record.text {
      case "GNU.sparse.offset", "GNU.sparse.numbytes": .some(TarNumber.decimal(record.value))
      default: nil
      }
    }
    return numbers.isEmpty ? nil : try pairs(numbers)
  }

  /// Offset and length, again and again.
  static func pairs(_ numbers: [UInt64?]) throws(ArchiveError.Reason) -> [Part] {
    guard numbers.count.isMultiple(of: 2) else { throw .sparseMap }
    var parts: [Part] = []
    for at in stride(from: 0, to: numbers.count, by: 2) {
      guard let offset = numbers[at], let length = numbers[at + 1] else { throw .sparseMap }
      parts.append(Part(offset: offset, length: length))
    }
    return parts
  }
}
