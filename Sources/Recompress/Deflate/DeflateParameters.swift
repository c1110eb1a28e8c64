/// How zlib and gzip(1) look for matches, level by level: the numbers are zlib's
/// `configuration_table`, which both share.
struct DeflateParameters: Hashable, Sendable {
  /// Which matches are taken.
  enum Strategy: UInt8, Sendable, CaseIterable {
    /// `Z_DEFAULT_STRATEGY`.
    case standard = 0
    /// `Z_FILTERED`: no match of five bytes or less in levels 4 to 9.
    case filtered = 1
  }

  static let levels: ClosedRange<UInt8> = 1...9
  static let hashBitRange: ClosedRange<UInt8> = 8...16
  /// What gzip(1) always has, and zlib with its default memLevel 8.
  static let usualHashBits: UInt8 = 15

  var level: UInt8
  /// The width of the hash: zlib's memLevel + 7.
  var hashBits: UInt8
  var strategy: Strategy

  init(level: UInt8, hashBits: UInt8 = usualHashBits, strategy: Strategy = .standard) {
    self.level = level
    self.hashBits = hashBits
    self.strategy = strategy
  }

  /// Levels 1 to 3 take the first match, the others look whether the next byte begins a longer one.
  var isLazy: Bool { level > 3 }

  /// A previous match at least this long shortens the search to a quarter.
  var goodLength: Int { [0, 4, 4, 4, 4, 8, 8, 8, 32, 32][Int(level)] }
  /// Lazy: no search behind a match at least this long. Else: matches up to here are hashed whole.
  var lazyLength: Int { [0, 4, 5, 6, 4, 16, 16, 32, 128, 258][Int(level)] }
  /// A match this long ends the search.
  var niceLength: Int { [0, 8, 16, 32, 16, 32, 128, 128, 258, 258][Int(level)] }
  /// How many earlier positions are looked at.
  var chainLength: Int { [0, 4, 8, 32, 16, 32, 128, 256, 1024, 4096][Int(level)] }
}
