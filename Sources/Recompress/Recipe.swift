internal import Bytes
internal import XZ
internal import Zstd

/// The kinds of recipes. A number, once released, keeps its meaning; another behaviour gets another
/// number.
public enum RecipeKind: UInt8, Hashable, Sendable, CaseIterable {
  /// Raw deflate data, as gzip, zip, PNG and others hold it. Needs no library.
  case deflate = 1
  /// An xz Stream, by liblzma.
  case xz = 2
  /// A zstd frame, by exactly one version of libzstd.
  case zstd = 3
  /// LLVM bitcode, which is not compressed: its numbers have any number of bits. Needs no library.
  case bitstream = 4
  /// A message catalog of GNU gettext, which is not compressed: its tables follow from its strings. Needs
  /// no library.
  case messages = 5
}

extension RecipeKind: CustomStringConvertible {
  /// The name of the format.
  public var description: String {
    switch self {
    case .deflate: "deflate"
    case .xz: "xz"
    case .zstd: "zstd"
    case .bitstream: "bitstream"
    case .messages: "messages"
    }
  }
}

/// How a region's compressed bytes are made again from its opened ones.
public struct Recipe: Hashable, Comparable, Sendable {
  enum Form: Hashable, Sendable {
    case deflate(DeflateRecipe)
    case xz(XZRecipe)
    case zstd(ZstdRecipe)
    case bitstream
    case messages(hasHashTable: Bool)
  }

  let form: Form

  init(_ form: Form) { self.form = form }

  /// In the order of their bytes.
  public static func < (one: Recipe, other: Recipe) -> Bool {
    one.bytes.lexicographicallyPrecedes(other.bytes)
  }

  /// Which kind it is.
  public var kind: RecipeKind {
    switch form {
    case .deflate: .deflate
    case .xz: .xz
    case .zstd: .zstd
    case .bitstream: .bitstream
    case .messages: .messages
    }
  }

  /// The recipe as it travels: the kind's number, then what that kind has.
  public var bytes: [UInt8] {
    var bytes = [kind.rawValue]
    switch form {
    case .deflate(let recipe): recipe.append(to: &bytes)
    case .xz(let recipe): recipe.append(to: &bytes)
    case .zstd(let recipe): recipe.append(to: &bytes)
    case .bitstream: break
    case .messages(let hasHashTable): bytes.append(hasHashTable ? 1 : 0)
    }
    return bytes
  }

  /// Reads a recipe, which ends where the bytes do.
  ///
  /// - Throws: ``RecompressError/badRecipe(offset:)``, ``RecompressError/unknownRecipe(number:)``.
  public init(_ bytes: RawSpan) throws(RecompressError) {
    var cursor = ByteCursor(bytes)
    try self.init(&cursor)
    guard cursor.isAtEnd else { throw .badRecipe(offset: cursor.offset) }
  }

  init(_ cursor: inout ByteCursor) throws(RecompressError) {
    guard let number = cursor.read(UInt8.self) else { throw .badRecipe(offset: cursor.offset) }
    guard let kind = RecipeKind(rawValue: number) else { throw .unknownRecipe(number: number) }
    switch kind {
    case .deflate: form = .deflate(try DeflateRecipe(&cursor))
    case .xz: form = .xz(try XZRecipe(&cursor))
    case .zstd: form = .zstd(try ZstdRecipe(&cursor))
    case .bitstream: form = .bitstream
    case .messages:
      guard let flag = cursor.read(UInt8.self), flag <= 1 else {
        throw .badRecipe(offset: cursor.offset)
      }
      form = .messages(hasHashTable: flag == 1)
    }
  }

  /// The library that the recipe runs in, as `name version`; the version only where no other will
  /// do. `nil` if it needs none.
  public var library: String? {
    switch form {
    case .deflate, .bitstream, .messages: nil
    case .xz: "liblzma"
    case .zstd(let recipe): "libzstd \(recipe.version)"
    }
  }

  /// The settings in a few words, e.g. `xz -6, dictionary 1048576, blocks of 3145728`.
  public var summary: String {
    switch form {
    case .deflate(let recipe):
      return "deflate -\(recipe.parameters.level), hash of \(recipe.parameters.hashBits) bits, "
        + (recipe.policy == .gzip ? "blocks as gzip" : "blocks as zlib")
        + (recipe.parameters.strategy == .standard ? "" : ", \(recipe.parameters.strategy)")
    case .xz(let recipe):
      let options = recipe.options
      var text = "xz -\(options.preset)\(options.isExtreme ? "e" : "")"
      text += ", dictionary \(options.dictionarySize)"
      if let filter = options.branchFilter { text += ", \(filter) filter" }
      if case .sized(let size) = options.blocks { text += ", blocks of \(size)" }
      return text
    case .zstd(let recipe):
      let options = recipe.options
      return "zstd \(recipe.version) -\(options.level)"
        + (options.isMultithreaded ? " with workers" : "")
        + (options.longWindowLog.map { ", --long=\($0)" } ?? "")
    case .bitstream: return "bitstream of LLVM"
    case .messages(let hasHashTable):
      return "messages of gettext" + (hasHashTable ? "" : ", without a hash table")
    }
  }

  /// The version of libzstd that this program has, e.g. `1.5.7`: the only one whose recipes it can
  /// prove and run.
  public static var zstdVersion: String { ZstdStreamEncoder.libraryVersion }

  /// The most memory, in bytes, that rebuilding takes with `threads` threads.
  ///
  /// - Throws: ``RecompressError/xz(_:)`` if this machine's library does not know the options.
  public func memory(threads: Int = 1) throws(RecompressError) -> UInt64 {
    switch form {
    case .deflate(let recipe):
      DeflateRebuilder.memory &+ UInt64(recipe.tokenCorrections.count)
        &+ UInt64(recipe.blockCorrections.count)
    case .xz(let recipe): try recipe.memory(threads: threads)
    case .zstd(let recipe): recipe.memory(threads: threads)
    case .bitstream: BitstreamRebuilder.memory
    case .messages: MessagesRebuilder.memory
    }
  }

  /// About how long rebuilding `openedLength` bytes takes on one core of a common machine, in
  /// seconds.
  public func seconds(openedLength: UInt64) -> Double {
    let rate: Double =
      switch form {
      case .deflate(let recipe): recipe.parameters.bytesPerSecond
      case .xz: 3.4e6
      case .zstd(let recipe): recipe.bytesPerSecond
      case .bitstream: 60e6
      case .messages: 100e6
      }
    return Double(openedLength) / rate
  }
}

extension DeflateParameters {
  /// Levels 6 and 9 as measured on a busy virtual machine; the others are guesses between.
  fileprivate var bytesPerSecond: Double {
    switch level {
    case 1...3: 40e6
    case 4...6: 25e6
    case 7...8: 20e6
    default: 18e6
    }
  }
}
