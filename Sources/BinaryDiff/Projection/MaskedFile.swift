internal import BinaryPatch
internal import Bytes

/// An executable with its fields, and with each field's bytes replaced by a token of what it points
/// at: what moved without changing looks the same in two of them.
struct MaskedFile: Sendable {
  let image: ElfImage
  let fields: [Field]
  private var masked: [UInt8]
  /// Where its own numbers of BTF start, if that can be told.
  let bases: ProjectionKnowledge.Bases?

  /// - Returns: `nil` when the file is none whose fields are known.
  init?(_ bytes: RawSpan) {
    guard UInt64(bytes.byteCount) <= PatchLimits.standard.maxProjectedOldLength,
      let image = ElfImage(bytes), let fields = FieldParser.parse(bytes, image),
      !fields.isEmpty
    else { return nil }
    self.image = image
    self.fields = fields
    bases = BTFTypes(bytes, image)?.bases
    masked = FieldMasker.mask(bytes, image, fields)
  }

  /// The masked bytes, which it has no longer then.
  mutating func takeMasked() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &masked)
    return taken
  }

  /// The field that starts at an offset.
  func field(at offset: Int) -> Field? {
    let index = fields.firstIndex(notBefore: offset)
    return index < fields.count && fields[index].start == offset ? fields[index] : nil
  }
}
