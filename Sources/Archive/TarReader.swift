internal import Bytes
internal import Linux
internal import Tree

/// Reads a tar archive member by member: ustar, pax, GNU, star, and what came before POSIX.
struct TarReader: ~Copyable {
  private var stream: ArchiveStream
  /// What extended headers say of all members that follow.
  private var global = PaxRecords()
  /// Of the current member: how much of its data was not read yet, and what fills its last block up.
  private var dataLeft: UInt64 = 0
  private var padding: UInt64 = 0
  /// Of the current member: where its data belongs.
  private var map: TarSparseMap?
  /// The current member's name, and where its header is.
  private var place: (name: [UInt8]?, offset: UInt64) = (nil, 0)

  /// A reader at an archive's first byte.
  init(_ stream: consuming ArchiveStream) { self.stream = stream }

  /// The next member; `nil` at the end, behind which there may only be zeros.
  mutating func next() throws(ArchiveError) -> TarMember? {
    do throws(ArchiveError.Reason) {
      try skipData()
      place = (nil, stream.offset)
      guard let header = try nextHeader() else { return nil }
      place.name = header.name
      return try member(header)
    } catch { throw located(error) }
  }

  /// Reads the data of the current member, a regular file, in order.
  ///
  /// - Parameter body: gets pieces, and where in the file they belong.
  mutating func readData(
    _ body: (UInt64, RawSpan) throws(SystemError) -> Void
  ) throws(ArchiveError) {
    do throws(ArchiveError.Reason) {
      let parts = map?.parts ?? [TarSparseMap.Part(offset: 0, length: dataLeft)]
      for part in parts { try readPart(part, body) }
    } catch { throw located(error) }
  }

  /// The same, with the member and the place.
  func located(_ reason: ArchiveError.Reason) -> ArchiveError {
    ArchiveError(reason, member: place.name, offset: place.offset)
  }

  private mutating func readPart(
    _ part: TarSparseMap.Part, _ body: (UInt64, RawSpan) throws(SystemError) -> Void
  ) throws(ArchiveError.Reason) {
    var (offset, left) = (part.offset, part.length)
    while left > 0 {
      let bytes = try take(upTo: Int(clamping: left))
      if bytes.isEmpty { throw .truncated }
      do throws(SystemError) { try body(offset, bytes.rawSpan) } catch { throw .system(error) }
      dataLeft -= UInt64(bytes.count)
      offset += UInt64(bytes.count)
      left -= UInt64(bytes.count)
    }
  }

  // MARK: Headers

  /// The next member's header, and all that is in front of it.
  private mutating func nextHeader() throws(ArchiveError.Reason) -> TarMemberHeader? {
    var local = PaxRecords()
    var (longName, longTarget): ([UInt8]?, [UInt8]?)
    var hasExtension = false
    while true {
      guard let header = try header() else {
        if hasExtension { throw .lonelyHeader }
        return nil
      }
      switch header.type {
      case UInt8(ascii: "x"), UInt8(ascii: "X"): local = try records(header)
      case UInt8(ascii: "g"): global = try global.replaced(by: records(header))
      case UInt8(ascii: "L"): longName = try text(header)
      case UInt8(ascii: "K"): longTarget = try text(header)
      // The name of a volume.
      case UInt8(ascii: "V"): setData(header.size)
      default:
        return TarMemberHeader(
          header: header, records: global.overridden(by: local), longName: longName,
          longTarget: longTarget)
      }
      if header.type != UInt8(ascii: "g"), header.type != UInt8(ascii: "V") { hasExtension = true }
      try skipData()
    }
  }

  /// The next header; `nil` where the end is marked.
  private mutating func header() throws(ArchiveError.Reason) -> TarHeader? {
    let isFirst = stream.offset == 0
    let block = try take(TarHeader.blockLength)
    guard block.count == TarHeader.blockLength else { throw isFirst ? .notAnArchive : .truncated }
    if block.allSatisfy({ $0 == 0 }) {
      if isFirst { throw .notAnArchive }
      try checkEnd()
      return nil
    }
    guard TarHeader.hasChecksum(block.rawSpan) else { throw isFirst ? .notAnArchive : .checksum }
    return try TarHeader(block.rawSpan)
  }

  /// Behind the end there are only zeros, and the compressed file is whole.
  private mutating func checkEnd() throws(ArchiveError.Reason) {
    while true {
      let rest = try take(upTo: ArchiveStream.pieceLength)
      if rest.isEmpty { return }
      guard rest.allSatisfy({ $0 == 0 }) else { throw .dataAfterEnd }
    }
  }

  private mutating func records(_ header: TarHeader) throws(ArchiveError.Reason) -> PaxRecords {
    let bytes = try body(header)
    return try PaxRecords(bytes.rawSpan)
  }

  /// A long name, up to its NUL.
  private mutating func text(_ header: TarHeader) throws(ArchiveError.Reason) -> [UInt8] {
    let bytes = try body(header)
    return Array(bytes.prefix { $0 != 0 })
  }

  /// The data of an extended header.
  private mutating func body(_ header: TarHeader) throws(ArchiveError.Reason) -> [UInt8] {
    guard header.size <= ArchiveLimits.extendedHeader else {
      throw .headerTooLong(length: header.size, limit: ArchiveLimits.extendedHeader)
    }
    setData(header.size)
    let bytes = try take(Int(header.size))
    guard bytes.count == Int(header.size) else { throw .truncated }
    dataLeft = 0
    return bytes
  }

  // MARK: Members

  private mutating func member(
    _ header: TarMemberHeader
  ) throws(ArchiveError.Reason) -> TarMember {
    let path = try MemberPath.path(header.name)
    let length = try header.dataLength()
    guard
      var inode = try header.type().map({ (type) throws(ArchiveError.Reason) in
        try header.inode(type)
      })
    else {
      if length > 0 { throw .linkWithData }
      setData(0)
      let target = try MemberPath.path(header.target)
      return TarMember(
        name: header.name, path: path, kind: .hardLink(target), offset: place.offset)
    }
    setData(length)
    if inode.type == .regular {
      map = try sparseMap(header, length)
      inode.size = map?.size ?? length
    }
    return TarMember(name: header.name, path: path, kind: .inode(inode), offset: place.offset)
  }

  /// Where the data of a sparse file belongs; `nil` for any other.
  private mutating func sparseMap(
    _ header: TarMemberHeader, _ length: UInt64
  ) throws(ArchiveError.Reason) -> TarSparseMap? {
    let records = header.records
    if let sparse = header.header.sparse {
      var (parts, isContinued) = (sparse.parts, sparse.isContinued)
      while isContinued {
        let block = try take(TarHeader.blockLength)
        let more = try TarHeader.continuation(block.rawSpan)
        guard parts.count <= ArchiveLimits.sparseParts else { throw .sparseMap }
        parts += more.parts
        isContinued = more.isContinued
      }
      let size = try records.number("GNU.sparse.realsize") ?? sparse.size
      return try TarSparseMap(parts, size: size, dataLength: length)
    }
    if records.value("GNU.sparse.major") == Array("1".utf8) {
      guard let size = try records.number("GNU.sparse.realsize") else { throw .sparseMap }
      let parts = try mapInData()
      return try TarSparseMap(parts, size: size, dataLength: dataLeft)
    }
    guard let size = try records.number("GNU.sparse.size"),
      let parts = try TarSparseMap.parts(in: records)
    else { return nil }
    return try TarSparseMap(parts, size: size, dataLength: length)
  }

  /// The map of revision 1.0, which stands before the data: lines of one decimal number, the first
  /// one how many parts there are, filled up to a block.
  private mutating func mapInData() throws(ArchiveError.Reason) -> [TarSparseMap.Part] {
    var numbers: [UInt64?] = []
    var digits: [UInt8] = []
    var wanted = 1
    while numbers.count < wanted {
      guard dataLeft >= UInt64(TarHeader.blockLength) else { throw .sparseMap }
      let block = try take(TarHeader.blockLength)
      guard block.count == TarHeader.blockLength else { throw .truncated }
      dataLeft -= UInt64(TarHeader.blockLength)
      for byte in block where numbers.count < wanted {
        guard byte == 0x0A else {
          digits.append(byte)
          continue
        }
        guard let number = TarNumber.decimal(digits) else { throw .sparseMap }
        digits = []
        numbers.append(number)
        guard numbers.count == 1 else { continue }
        guard number <= UInt64(ArchiveLimits.sparseParts) else { throw .sparseMap }
        wanted = 1 + 2 * Int(number)
      }
      guard digits.count <= 20 else { throw .sparseMap }
    }
    return try TarSparseMap.pairs(Array(numbers.dropFirst()))
  }

  // MARK: Data

  private mutating func setData(_ length: UInt64) {
    let block = UInt64(TarHeader.blockLength)
    dataLeft = length
    padding = (block - length % block) % block
    map = nil
  }

  private mutating func skipData() throws(ArchiveError.Reason) {
    do throws(ArchiveError) {
      try stream.skip(dataLeft)
      try stream.skip(padding)
    } catch { throw error.reason }
    setData(0)
  }

  private mutating func take(_ count: Int) throws(ArchiveError.Reason) -> [UInt8] {
    do throws(ArchiveError) { return try stream.take(count) } catch { throw error.reason }
  }

  private mutating func take(upTo count: Int) throws(ArchiveError.Reason) -> [UInt8] {
    do throws(ArchiveError) { return try stream.take(upTo: count) } catch { throw error.reason }
  }
}
