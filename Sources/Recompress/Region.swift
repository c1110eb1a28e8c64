internal import Bytes

/// A run of compressed bytes that can be opened, and made again from what comes out.
public struct Region: Hashable, Sendable {
  /// Where it starts, in what it lies in: the file, or another region's opened bytes.
  public var offset: UInt64
  /// How many compressed bytes it is.
  public var length: UInt64
  /// How many bytes come out.
  public var openedLength: UInt64
  /// How the compressed bytes come back.
  public var recipe: Recipe
  /// Regions in the opened bytes, in order, apart.
  public var inner: [Region]

  /// A region.
  public init(
    offset: UInt64, length: UInt64, openedLength: UInt64, recipe: Recipe, inner: [Region] = []
  ) {
    self.offset = offset
    self.length = length
    self.openedLength = openedLength
    self.recipe = recipe
    self.inner = inner
  }

  /// Where it ends.
  var end: UInt64 { offset &+ length }

  /// How many bytes it is when what lies in it is opened too.
  public var viewLength: UInt64 { FileLayout.viewLength(openedLength, inner) }
}

/// Where the regions of a file are.
///
/// ```
/// layout: file length (varint)  regions
/// regions: count (varint), then of each: gap behind the last one (varint)  length (varint)
///   opened length (varint)  length of the recipe (varint)  recipe  regions inside
/// ```
public struct FileLayout: Hashable, Sendable {
  /// How deep regions may lie in one another.
  public static let deepest = 8
  /// The most regions, all depths together.
  public static let mostRegions = 1 << 20
  /// The longest recipe in bytes.
  public static let longestRecipe = 2 * DeflateRecipe.longestCorrections + 64
  /// The longest file, opened or not.
  public static let longest: UInt64 = 1 << 62

  /// The length of the file.
  public var length: UInt64
  /// In order, apart.
  public var regions: [Region]

  /// A layout.
  public init(length: UInt64, regions: [Region]) {
    self.length = length
    self.regions = regions
  }

  /// How many bytes there are when every region is opened.
  public var viewLength: UInt64 { Self.viewLength(length, regions) }

  static func viewLength(_ length: UInt64, _ regions: [Region]) -> UInt64 {
    regions.reduce(length) { $0 &- $1.length &+ $1.viewLength }
  }

  /// The layout as it travels.
  public var bytes: [UInt8] {
    encoded { recipe, bytes in
      let recipe = recipe.bytes
      bytes.append(varint: UInt64(recipe.count))
      bytes += recipe
    }
  }

  /// Writes a region's recipe.
  typealias RecipeWriter = (Recipe, inout [UInt8]) -> Void

  /// The layout with recipes as `recipe` writes them.
  func encoded(_ recipe: RecipeWriter) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(varint: length)
    Self.append(regions, to: &bytes, recipe)
    return bytes
  }

  private static func append(
    _ regions: [Region], to bytes: inout [UInt8], _ recipe: RecipeWriter
  ) {
    bytes.append(varint: UInt64(regions.count))
    var end: UInt64 = 0
    for region in regions {
      bytes.append(varint: region.offset &- end)
      bytes.append(varint: region.length)
      bytes.append(varint: region.openedLength)
      recipe(region.recipe, &bytes)
      append(region.inner, to: &bytes, recipe)
      end = region.end
    }
  }

  /// Reads a layout, which ends where the bytes do.
  ///
  /// - Throws: ``RecompressError/badRecipe(offset:)``, ``RecompressError/unknownRecipe(number:)``.
  public init(_ bytes: RawSpan, mostRegions: Int = mostRegions) throws(RecompressError) {
    try self.init(bytes, mostRegions: mostRegions) { (cursor) throws(RecompressError) in
      let at = cursor.offset
      guard let length = cursor.readVarint(), length <= UInt64(Self.longestRecipe),
        let recipe = cursor.take(Int(length))
      else { throw .badRecipe(offset: at) }
      return try Recipe(recipe)
    }
  }

  /// Reads a layout whose recipes `recipe` reads.
  init(
    _ bytes: RawSpan, mostRegions: Int, _ recipe: RecipeReader
  ) throws(RecompressError) {
    var cursor = ByteCursor(bytes)
    guard let length = cursor.readVarint(), length <= Self.longest else {
      throw .badRecipe(offset: cursor.offset)
    }
    self.length = length
    var left = min(mostRegions, Self.mostRegions)
    regions = try Self.regions(&cursor, in: length, depth: Self.deepest, &left, recipe)
    guard cursor.isAtEnd, viewLength <= Self.longest else {
      throw .badRecipe(offset: cursor.offset)
    }
  }

  /// Reads the recipe of a region.
  typealias RecipeReader = (inout ByteCursor) throws(RecompressError) -> Recipe

  private static func regions(
    _ cursor: inout ByteCursor, in length: UInt64, depth: Int, _ left: inout Int,
    _ recipe: RecipeReader
  ) throws(RecompressError) -> [Region] {
    guard let count = cursor.readVarint(), count <= UInt64(left), count == 0 || depth > 0 else {
      throw .badRecipe(offset: cursor.offset)
    }
    left -= Int(count)
    var regions: [Region] = []
    var end: UInt64 = 0
    for _ in 0..<count {
      let region = try Self.region(
        &cursor, behind: end, in: length, depth: depth, &left, recipe)
      end = region.end
      regions.append(region)
    }
    return regions
  }

  private static func region(
    _ cursor: inout ByteCursor, behind end: UInt64, in outer: UInt64, depth: Int,
    _ left: inout Int, _ readRecipe: RecipeReader
  ) throws(RecompressError) -> Region {
    let at = cursor.offset
    guard let gap = cursor.readVarint(), gap <= outer &- end,
      let length = cursor.readVarint(), length > 0, length <= outer &- end &- gap,
      let openedLength = cursor.readVarint(), openedLength <= longest >> 21
    else { throw .badRecipe(offset: at) }
    let recipe = try readRecipe(&cursor)
    let inner = try regions(&cursor, in: openedLength, depth: depth - 1, &left, readRecipe)
    return Region(
      offset: end &+ gap, length: length, openedLength: openedLength, recipe: recipe, inner: inner)
  }
}
