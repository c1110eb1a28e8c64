internal import Bytes

extension ProjectionTables {
  /// The stream's bytes.
  package var bytes: [UInt8] {
    var out: [UInt8] = []
    for number in [FieldParser.version, kinds, oldLength, fieldCount] {
      out.append(varint: number)
    }
    appendBases(to: &out)
    out.append(varint: UInt64(segments.count))
    for segment in segments {
      for value in [segment.address, segment.offset, segment.fileSize, segment.memorySize] {
        out.append(signed: value)
      }
    }
    appendSections(to: &out)
    appendNames(to: &out)
    out.append(varint: UInt64(typeGaps.count))
    for gap in typeGaps { out.append(signed: UInt64(bitPattern: gap)) }
    appendHints(to: &out)
    return out
  }

  private func appendBases(to out: inout [UInt8]) {
    let numbers = [oldBases.types, oldBases.strings, newBases.types, newBases.strings]
    let isKept = stringsShift != 0 || numbers.contains { $0 != 0 }
    out.append(varint: usesKnowledge ? 2 : isKept ? 1 : 0)
    guard usesKnowledge || isKept else { return }
    for number in numbers {
      out.append(signed: UInt64(bitPattern: Int64(Int32(bitPattern: number))))
    }
    out.append(signed: stringsShift)
  }

  private func appendSections(to out: inout [UInt8]) {
    out.append(varint: UInt64(sections.count))
    let gone = sections.indices.filter { sections[$0] == nil }
    out.append(varint: UInt64(gone.count))
    var previous = -1
    for index in gone {
      out.append(varint: UInt64(index &- previous &- 1))
      previous = index
    }
    let shifts = sections.compactMap(\.self)
    for shift in [shifts.map(\.address), shifts.map { $0.offset &- $0.address }] {
      var previous: UInt64 = 0
      for value in shift {
        out.append(signed: value &- previous)
        previous = value
      }
    }
  }

  private func appendNames(to out: inout [UInt8]) {
    let pairs = namePairs?.pairs ?? []
    out.append(varint: UInt64(pairs.count))
    guard !pairs.isEmpty else { return }
    out.append(varint: UInt64(recodedLength))
    var previous = 256
    for pair in pairs {
      out.append(varint: UInt64(previous &- Int(pair.token) &- 1))
      previous = Int(pair.token)
    }
    for pair in pairs { out.append(varint: UInt64(pair.first)) }
    for pair in pairs { out.append(varint: UInt64(pair.second)) }
  }

  private func appendHints(to out: inout [UInt8]) {
    out.append(varint: UInt64(hints.count))
    var end: UInt64 = 0
    for hint in hints {
      out.append(varint: hint.old &- end)
      end = hint.oldEnd
    }
    for hint in hints { out.append(varint: hint.count &- 1) }
    var shift: UInt64 = 0
    for hint in hints {
      out.append(signed: hint.shift &- shift)
      shift = hint.shift
    }
  }

  /// Reads the stream, and checks what can be checked without the old file; what may be long, before
  /// there is memory for it.
  ///
  /// - Parameter copyCount: How many copies the patch has.
  init(
    _ cursor: StreamCursor, in patch: RawSpan, copyCount: Int, _ limits: PatchLimits
  ) throws(PatchError) {
    var cursor = cursor
    let start = cursor.offset
    let version = try cursor.readNumber(in: patch)
    guard version == FieldParser.version else {
      throw .unknownParser(offset: start, version: version)
    }
    kinds = try cursor.readNumber(in: patch)
    guard kinds & ~Self.allKinds == 0 else { throw .invalidProjection(offset: start) }
    oldLength = try cursor.readNumber(in: patch)
    guard oldLength <= limits.maxProjectedOldLength, oldLength < UInt64(ElfImage.tooLong) else {
      throw .oldTooLong(byteCount: oldLength, limit: limits.maxProjectedOldLength)
    }
    fieldCount = try cursor.readNumber(in: patch)
    let knowledge = try cursor.readCount(in: patch, limit: 2)
    usesKnowledge = knowledge == 2
    oldBases = try cursor.readBases(in: patch, ifAny: knowledge > 0)
    newBases = try cursor.readBases(in: patch, ifAny: knowledge > 0)
    stringsShift = knowledge > 0 ? try cursor.readSigned(in: patch) : 0
    segments = []
    for _ in 0..<(try cursor.readCount(in: patch, limit: ElfSegments.maxCount)) {
      let address = try cursor.readSigned(in: patch)
      let offset = try cursor.readSigned(in: patch)
      let fileSize = try cursor.readSigned(in: patch)
      let memorySize = try cursor.readSigned(in: patch)
      segments.append(
        ElfSegment(address: address, offset: offset, fileSize: fileSize, memorySize: memorySize))
    }
    sections = try Self.readSections(&cursor, patch)
    (namePairs, recodedLength) = try Self.readNames(&cursor, patch)
    typeGaps = try Self.readGaps(&cursor, patch, copyCount: copyCount, limits)
    hints = try Self.readHints(&cursor, patch, typeCount: typeGaps.count, limits)
    try cursor.requireEnd()
  }

  /// Checks what the length of old tells, before any of it is read.
  func check(oldLength length: UInt64) throws(PatchError) {
    guard length == oldLength else { throw .oldMismatch }
  }

  /// Checks what the lists of the stream will take, before they are read.
  private static func check(
    hintCount: Int = 0, typeCount: Int, _ limits: PatchLimits
  ) throws(PatchError) {
    let needed = listMemory(hintCount: hintCount, typeCount: typeCount)
    guard needed <= limits.maxApplyMemory else {
      throw .tooMuchMemory(needed: needed, limit: limits.maxApplyMemory)
    }
  }

  /// - Parameter copyCount: Each is about another copy.
  private static func readGaps(
    _ cursor: inout StreamCursor, _ patch: RawSpan, copyCount: Int, _ limits: PatchLimits
  ) throws(PatchError) -> [Int64] {
    let count = try cursor.readCount(in: patch, limit: min(cursor.remaining, copyCount))
    try check(typeCount: count, limits)
    var gaps: [Int64] = []
    gaps.reserveCapacity(count)
    for _ in 0..<count { gaps.append(Int64(bitPattern: try cursor.readSigned(in: patch))) }
    return gaps
  }

  private static func readSections(
    _ cursor: inout StreamCursor, _ patch: RawSpan
  ) throws(PatchError) -> [SectionShift?] {
    // Each section takes two bytes, but those that are gone: they are counted before.
    let count = try cursor.readCount(in: patch, limit: 0xff00)
    let goneCount = try cursor.readCount(in: patch, limit: count)
    var isGone = [Bool](repeating: false, count: count)
    var next: UInt64 = 0
    for _ in 0..<goneCount {
      let offset = cursor.offset
      let (index, past) = try cursor.readNumber(in: patch).addingReportingOverflow(next)
      guard !past, index < UInt64(count) else { throw .invalidProjection(offset: offset) }
      isGone[Int(index)] = true
      next = index &+ 1
    }
    let kept = isGone.indices.filter { !isGone[$0] }
    var sections = [SectionShift?](repeating: nil, count: count)
    var address: UInt64 = 0
    for index in kept {
      address &+= try cursor.readSigned(in: patch)
      sections[index] = SectionShift(address: address, offset: address)
    }
    var further: UInt64 = 0
    for index in kept {
      further &+= try cursor.readSigned(in: patch)
      sections[index]?.offset &+= further
    }
    return sections
  }

  private static func readNames(
    _ cursor: inout StreamCursor, _ patch: RawSpan
  ) throws(PatchError) -> (pairs: NamePairs?, length: Int) {
    let offset = cursor.offset
    let count = try cursor.readCount(in: patch, limit: NamePairs.maxCount)
    guard count > 0 else { return (nil, 0) }
    let length = try cursor.readCount(in: patch, limit: KernelSymbols.mostRecodedBytes)
    var tokens: [UInt8] = []
    var previous = 256
    for _ in 0..<count {
      let offset = cursor.offset
      previous &-= try cursor.readCount(in: patch, limit: 255) &+ 1
      guard let token = UInt8(exactly: previous) else { throw .invalidProjection(offset: offset) }
      tokens.append(token)
    }
    var parts: [[UInt8]] = []
    for _ in 0..<2 {
      var part: [UInt8] = []
      for _ in 0..<count {
        part.append(UInt8(truncatingIfNeeded: try cursor.readCount(in: patch, limit: 255)))
      }
      parts.append(part)
    }
    let pairs = NamePairs(
      tokens.indices.map {
        NamePairs.Pair(token: tokens[$0], first: parts[0][$0], second: parts[1][$0])
      })
    guard let pairs else { throw .invalidProjection(offset: offset) }
    return (pairs, length)
  }

  private static func readHints(
    _ cursor: inout StreamCursor, _ patch: RawSpan, typeCount: Int, _ limits: PatchLimits
  ) throws(PatchError) -> [MapPiece] {
    let count = try cursor.readCount(in: patch, limit: cursor.remaining / 3)
    try check(hintCount: count, typeCount: typeCount, limits)
    var gaps: [UInt64] = []
    gaps.reserveCapacity(count)
    for _ in 0..<count { gaps.append(try cursor.readNumber(in: patch)) }
    var hints: [MapPiece] = []
    hints.reserveCapacity(count)
    var end: UInt64 = 0
    for gap in gaps {
      let offset = cursor.offset
      let (start, pastGap) = end.addingReportingOverflow(gap)
      let (length, pastLength) = try cursor.readNumber(in: patch).addingReportingOverflow(1)
      let (stop, past) = start.addingReportingOverflow(length)
      guard !pastGap, !pastLength, !past else { throw .invalidProjection(offset: offset) }
      hints.append(MapPiece(old: start, new: 0, count: length))
      end = stop
    }
    var shift: UInt64 = 0
    for index in hints.indices {
      shift &+= try cursor.readSigned(in: patch)
      hints[index].new = hints[index].old &+ shift
    }
    return hints
  }
}

extension StreamCursor {
  fileprivate mutating func readCount(in patch: RawSpan, limit: Int) throws(PatchError) -> Int {
    let offset = offset
    let value = try readNumber(in: patch)
    guard let count = Int(exactly: value), count <= limit else {
      throw .invalidProjection(offset: offset)
    }
    return count
  }

  fileprivate mutating func readBases(
    in patch: RawSpan, ifAny: Bool
  ) throws(PatchError) -> ProjectionKnowledge.Bases {
    guard ifAny else { return .init() }
    let offset = offset
    let types = Int64(bitPattern: try readSigned(in: patch))
    let strings = Int64(bitPattern: try readSigned(in: patch))
    guard let types = Int32(exactly: types), let strings = Int32(exactly: strings) else {
      throw .invalidProjection(offset: offset)
    }
    return .init(types: UInt32(bitPattern: types), strings: UInt32(bitPattern: strings))
  }

  fileprivate mutating func readSigned(in patch: RawSpan) throws(PatchError) -> UInt64 {
    UInt64(bitPattern: Int64(zigZag: try readNumber(in: patch)))
  }
}

extension [UInt8] {
  fileprivate mutating func append(signed value: UInt64) {
    append(varint: Int64(bitPattern: value).zigZagEncoded)
  }
}
