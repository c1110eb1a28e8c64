internal import Bytes

/// What an extended header says: `length key=value` records, each ended by a newline.
struct PaxRecords {
  struct Record {
    var key: [UInt8]
    var value: [UInt8]

    /// The key, where bytes do not matter.
    var text: String { String(decoding: key, as: UTF8.self) }
  }

  /// In the order of the file; later ones count.
  private(set) var all: [Record] = []

  init() {}

  /// Reads an extended header.
  init(_ bytes: RawSpan) throws(ArchiveError.Reason) {
    var at = 0
    while at < bytes.byteCount {
      guard let record = Self.record(bytes, at) else { throw .extendedHeader(at: at) }
      all.append(record.value)
      at = record.end
    }
  }

  private static func record(_ bytes: RawSpan, _ start: Int) -> (value: Record, end: Int)? {
    var digits = start
    // The length of the longest that is taken has fewer.
    while digits < bytes.byteCount, digits - start < 12, bytes[digits] != 0x20 { digits += 1 }
    guard digits < bytes.byteCount, bytes[digits] == 0x20,
      let number = TarNumber.decimal([UInt8](copying: bytes.extracting(start..<digits))),
      let length = Int(exactly: number), length <= bytes.byteCount - start,
      length > digits - start + 1
    else { return nil }
    let end = start + length
    guard bytes[end - 1] == 0x0A else { return nil }
    var equals = digits + 1
    while equals < end - 1, bytes[equals] != 0x3D { equals += 1 }
    guard equals < end - 1, equals > digits + 1 else { return nil }
    let record = Record(
      key: [UInt8](copying: bytes.extracting((digits + 1)..<equals)),
      value: [UInt8](copying: bytes.extracting((equals + 1)..<(end - 1))))
    return (record, end)
  }

  /// These, and over them those of one member.
  func overridden(by others: PaxRecords) -> PaxRecords {
    if all.isEmpty { return others }
    var merged = self
    merged.all += others.all
    return merged
  }

  /// These with others that take the place of those of the same keys: what global headers say.
  ///
  /// - Throws: ``ArchiveError/Reason/headerTooLong(length:limit:)``: each member is read with all of
  ///   them.
  func replaced(by others: PaxRecords) throws(ArchiveError.Reason) -> PaxRecords {
    let keys = Set(others.all.map(\.key))
    var merged = PaxRecords()
    merged.all = all.filter { !keys.contains($0.key) } + others.all
    let length = merged.all.reduce(0) { $0 + UInt64($1.key.count + $1.value.count) }
    guard length <= ArchiveLimits.globalHeaders else {
      throw .headerTooLong(length: length, limit: ArchiveLimits.globalHeaders)
    }
    return merged
  }

  /// The value of a key; `nil` if there is none, or if an empty value takes back what was said
  /// before.
  func value(_ key: String) -> [UInt8]? {
    guard let record = all.last(where: { $0.key.elementsEqual(key.utf8) }), !record.value.isEmpty
    else { return nil }
    return record.value
  }

  /// The value of a key that holds a number.
  func number(_ key: String) throws(ArchiveError.Reason) -> UInt64? {
    guard let value = value(key) else { return nil }
    guard let number = TarNumber.decimal(value), Int64(exactly: number) != nil else {
      throw .extendedValue(key: Array(key.utf8))
    }
    return number
  }
}
