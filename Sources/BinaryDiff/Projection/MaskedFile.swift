internal import BinaryPatch
internal import Bytes

/// An executable, and its bytes with each field's replaced by a token of what it points at: what moved
/// without changing looks the same in two of them.
///
/// Fields themselves are not kept: while copies are looked for, memory is needed most.
struct MaskedFile: Sendable {
  let image: ElfImage
  let scanner: FieldScanner
  private var masked: [UInt8]
  /// Where its own numbers of BTF start, if that can be told.
  let bases: ProjectionKnowledge.Bases?

  /// - Returns: `nil` when the file is none whose fields are known.
  init?(_ bytes: RawSpan) {
    guard UInt64(bytes.byteCount) <= PatchLimits.standard.maxProjectedOldLength,
      let image = ElfImage(bytes), let scanner = FieldScanner(bytes, image)
    else { return nil }
    let fields = scanner.all(bytes)
    guard !fields.isEmpty else { return nil }
    self.image = image
    self.scanner = scanner
    bases = BTFTypes(bytes, image)?.bases
    masked = FieldMasker.mask(bytes, image, fields)
  }

  /// The masked bytes, which it has no longer then.
  mutating func takeMasked() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &masked)
    return taken
  }
}

/// Finds single fields of a file: quickly those that are near each other.
struct FieldFinder: Sendable {
  private let scanner: FieldScanner
  private var window = -1
  private var fields: [Field] = []

  init(_ scanner: FieldScanner) { self.scanner = scanner }

  /// The field that starts at an offset of the file, whose bytes these are.
  mutating func field(at offset: Int, in bytes: RawSpan) -> Field? {
    let number = offset / FieldWindow.size
    if number != window {
      var storage: [Field] = []
      swap(&storage, &fields)
      fields = scanner.fields(of: number, bytes, storage: storage)
      window = number
    }
    let index = fields.firstIndex(notBefore: offset)
    return index < fields.count && fields[index].start == offset ? fields[index] : nil
  }
}
