internal import BinaryPatch
internal import Bytes

/// Replaces the bytes of fields by tokens.
struct FieldMasker: ~Escapable {
  private let bytes: RawSpan
  private let image: ElfImage
  private let names: SymbolNames
  private let types: TypeTokens
  /// Of the symbols in a kernel's table, by number.
  private let symbols: [UInt32]
  /// The file with zeros in place of its fields.
  private let blank: [UInt8]

  @_lifetime(copy bytes)
  private init(_ bytes: RawSpan, _ image: ElfImage, _ fields: [Field]) {
    self.bytes = bytes
    self.image = image
    names = SymbolNames(bytes, image)
    types = TypeTokens(bytes, image)
    symbols = Self.tokens(ofSymbolsOf: image, bytes)
    var blank = [UInt8](copying: bytes)
    var span = blank.mutableSpan
    for field in fields {
      let cleared = ~Self.bits(of: field.kind)
      let value = bytes.load(field.kind, field.start) & cleared
      Self.store(value, field.kind, field.start, &span)
    }
    self.blank = blank
  }

  /// Of the names of the symbols in a kernel's table.
  private static func tokens(ofSymbolsOf image: ElfImage, _ bytes: RawSpan) -> [UInt32] {
    guard let symbols = image.kernelSymbols else { return [] }
    var tokens: [UInt32] = []
    tokens.reserveCapacity(symbols.count)
    var name: [UInt8] = []
    symbols.forEachName(bytes) { encoded in
      name.removeAll(keepingCapacity: true)
      symbols.tokens.append(encoded, to: &name)
      tokens.append(Token.name(name))
    }
    return tokens
  }

  /// The token of a place in a kernel's table of symbols.
  private func token(ofSymbolAt offset: Int) -> UInt32? {
    guard let table = image.kernelSymbols?.offsets, table.contains(offset) else { return nil }
    let number = (offset &- table.lowerBound) / 4
    return number < symbols.count ? symbols[number] : nil
  }

  static func mask(_ bytes: RawSpan, _ image: ElfImage, _ fields: [Field]) -> [UInt8] {
    let masker = FieldMasker(bytes, image, fields)
    var masked = masker.blank
    var span = masked.mutableSpan
    for field in fields {
      let token = masker.token(for: field)
      guard token != 0 else { continue }
      let bits = Self.bits(of: field.kind)
      let value = Self.place(token, field.kind) & bits
      Self.store(
        masker.blank.rawSpan.load(field.kind, field.start) | value, field.kind, field.start, &span)
    }
    masker.maskPlaces(&span)
    return masked
  }

  private static func store(
    _ value: UInt64, _ kind: FieldKind, _ at: Int, _ span: inout MutableSpan<UInt8>
  ) {
    var raw = unsafe span.mutableBytes
    raw.store(value, kind, at)
  }

  /// The bits of a field that say where it points.
  private static func bits(of kind: FieldKind) -> UInt64 {
    switch kind {
    case .branch26: 0x03ff_ffff
    case .branch19: 0x00ff_ffe0
    case .branch14: 0x0007_ffe0
    case .address, .page: 0x60ff_ffe0
    case .pageOffset: 0x003f_fc00
    default: UInt64.max
    }
  }

  /// A token where the bits of a kind are.
  private static func place(_ token: UInt32, _ kind: FieldKind) -> UInt64 {
    switch kind {
    case .branch19, .branch14, .address, .page: UInt64(token &<< 5 & 0x00ff_ffe0)
    case .pageOffset: UInt64(token &<< 10)
    case .conditionalJump: UInt64(token & 0x00ff_ffff)
    default: UInt64(token)
    }
  }

  private func token(for field: Field) -> UInt32 {
    switch field.kind {
    case .length32, .length64, .sectionPlace, .sectionLength: return 0
    case .checksum: return names.token(ofChecksumAt: field.start, bytes, image)
    case .counter:
      let value = UInt32(truncatingIfNeeded: bytes.load(field.kind, field.start))
      return value & (UInt32.max >> (UInt32(field.adjustment) &* 8))
    case .btf: return types.token(for: field)
    case .page: return field.adjustment == 0 ? 0 : token(of: field.target)
    case .name:
      let strings = image.sections[Int(field.section)].range
      return Token.name(
        bytes.string(
          at: Int(field.target) &- strings.lowerBound, in: strings,
          atMost: SymbolNames.longestName))
    case .index:
      let table = image.sections[Int(field.section)]
      guard table.isSymbolTable else { return 0 }
      return SymbolNames.token(ofSymbolAt: Int(field.target), of: table, bytes, image)
    case .cie:
      let offset = image.segments.offset(ofAddress: field.target)
      guard let offset = Int(exactly: offset) else { return 0 }
      return Token.context(blank.rawSpan, at: offset)
    case .relocation:
      // Of one with a symbol; others are told by their neighbours (measured: places as they are
      // make patches of modules half as large again).
      return names.places[field.target] ?? 0
    case .sectionRelocation: return 0
    case .symbolNumber: return token(ofSymbolAt: Int(field.target)) ?? 0
    case .symbolOffset, .absolute32:
      return token(ofSymbolAt: field.start) ?? token(of: field.target)
    default: return token(of: field.target)
    }
  }

  /// The token of what is at an address.
  private func token(of target: UInt64) -> UInt32 {
    if let name = names.places[target] { return name }
    let offset = image.segments.offset(ofAddress: target)
    guard let offset = Int(exactly: offset), offset < blank.count else {
      return image.section(at: target).map { Token.name(image.sections[$0].name) } ?? Token.nowhere
    }
    if let slot = linkageSlot(target, offset), let name = names.places[slot] { return name }
    return Token.context(blank.rawSpan, at: offset)
  }

  /// The slot that an entry of `.plt` jumps through.
  private func linkageSlot(_ target: UInt64, _ offset: Int) -> UInt64? {
    guard image.machine == .x86_64, let section = image.section(at: target),
      image.sections[section].isNamed(startingWith: ".plt")
    else { return nil }
    let blank = blank.rawSpan
    for ahead in 0..<8 where offset &+ ahead &+ 6 < blank.byteCount {
      if blank.load16(offset &+ ahead) == 0x25ff {
        return target &+ UInt64(ahead) &+ 6 &+ bytes.loadSigned32(offset &+ ahead &+ 2)
      }
    }
    guard offset >= 6, blank.load16(offset &- 6) == 0x25ff else { return nil }
    return target &+ bytes.loadSigned32(offset &- 4)
  }

  /// Puts the names of symbols where relocations will put their addresses.
  private func maskPlaces(_ span: inout MutableSpan<UInt8>) {
    // Some may overlap: in an order that is always the same.
    for (place, name) in names.places.sorted(by: { $0.key < $1.key }) {
      guard let offset = Int(exactly: image.segments.offset(ofAddress: place)),
        offset <= blank.count &- 4
      else { continue }
      var token = name
      if let meant = names.meant[place], let at = Int(exactly: meant), at < blank.count {
        token ^= Token.context(blank.rawSpan, at: at)
      }
      Self.store(UInt64(token), .relative, offset, &span)
    }
  }
}
