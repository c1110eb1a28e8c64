internal import Bytes
internal import XZ
internal import Zstd

// What is needed to open a file's regions, but not to make them again.
//
//     layout:   file length (varint)  regions
//     regions:  count (varint), then of each: gap behind the last one (varint)  length (varint)
//       opened length (varint)  kind | trailer << 4 (1)  regions inside
extension FileLayout {
  /// The layout as it travels where the file is only opened.
  public var openingBytes: [UInt8] { encoded { $1.append($0.openingNumber) } }

  /// Reads a layout that ``openingBytes`` wrote, and that ends where the bytes do. Its recipes are
  /// good for opening only.
  ///
  /// - Throws: ``RecompressError/badRecipe(offset:)``, ``RecompressError/unknownRecipe(number:)``.
  public init(opening bytes: RawSpan, mostRegions: Int = mostRegions) throws(RecompressError) {
    try self.init(bytes, mostRegions: mostRegions) { (cursor) throws(RecompressError) in
      guard let number = cursor.read(UInt8.self) else { throw .badRecipe(offset: cursor.offset) }
      return try Recipe(openingNumber: number, at: cursor.offset &- 1)
    }
  }
}

extension Recipe {
  /// All that opening takes: the kind, and what behind deflate data belongs to it.
  fileprivate var openingNumber: UInt8 {
    guard case .deflate(let recipe) = form else { return kind.rawValue }
    return kind.rawValue | recipe.trailer.rawValue << 4
  }

  fileprivate init(openingNumber number: UInt8, at offset: Int) throws(RecompressError) {
    guard let kind = RecipeKind(rawValue: number & 15) else {
      throw .unknownRecipe(number: number & 15)
    }
    guard let trailer = DeflateRecipe.Trailer(rawValue: number >> 4),
      kind == .deflate || trailer == .none
    else { throw .badRecipe(offset: offset) }
    self = .forOpening(kind, trailer)
  }

  /// A recipe that says what a region is, and not how it comes back.
  static func forOpening(
    _ kind: RecipeKind, _ trailer: DeflateRecipe.Trailer = .none
  ) -> Recipe {
    switch kind {
    case .deflate:
      Recipe(
        .deflate(
          DeflateRecipe(
            parameters: DeflateParameters(level: 9), policy: .gzip, trailer: trailer)))
    case .xz:
      Recipe(
        .xz(
          XZRecipe(
            .init(
              preset: 6, dictionarySize: 1 << 20, branchFilter: nil, check: .crc32, blocks: .one))))
    case .zstd:
      Recipe(
        .zstd(
          ZstdRecipe(
            .init(level: 3, hasChecksum: false, contentSize: nil, isMultithreaded: false))))
    case .bitstream: Recipe(.bitstream)
    case .messages: Recipe(.messages(hasHashTable: true))
    }
  }
}
