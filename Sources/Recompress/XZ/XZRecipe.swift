internal import Bytes
internal import XZ

/// How an xz Stream comes back: what `xz` was told.
///
/// ```
/// check (1)  branch filter or 0 (1)  preset | extreme << 4 (1)
/// dictionary size (varint)  Block size, 0 for one Block without sizes (varint)
/// ```
struct XZRecipe: Hashable, Sendable {
  private static let extremeFlag: UInt8 = 16
  /// A Block lies in memory whole, once for every thread.
  static let longestBlock: UInt64 = 1 << 30

  var options: XZStreamEncoder.Options

  init(_ options: XZStreamEncoder.Options) { self.options = options }

  func append(to bytes: inout [UInt8]) {
    bytes.append(options.check.rawValue)
    bytes.append(options.branchFilter?.rawValue ?? 0)
    bytes.append(UInt8(options.preset) | (options.isExtreme ? Self.extremeFlag : 0))
    bytes.append(varint: UInt64(options.dictionarySize))
    switch options.blocks {
    case .one: bytes.append(varint: 0)
    case .sized(let size): bytes.append(varint: size)
    }
  }

  init(_ cursor: inout ByteCursor) throws(RecompressError) {
    guard let checkNumber = cursor.read(UInt8.self),
      let check = XZStreamEncoder.Check(rawValue: checkNumber),
      let filterNumber = cursor.read(UInt8.self),
      let preset = cursor.read(UInt8.self), preset & ~Self.extremeFlag <= 9,
      let dictionary = cursor.readVarint(),
      let dictionarySize = UInt32(exactly: dictionary),
      XZEncoder.Options.dictionarySizes.contains(dictionarySize),
      let blockSize = cursor.readVarint(), blockSize <= Self.longestBlock
    else { throw .badRecipe(offset: cursor.offset) }
    let filter = XZStreamEncoder.BranchFilter(rawValue: filterNumber)
    guard filterNumber == 0 || filter != nil else { throw .badRecipe(offset: cursor.offset) }
    options = XZStreamEncoder.Options(
      preset: UInt32(preset & ~Self.extremeFlag), isExtreme: preset & Self.extremeFlag != 0,
      dictionarySize: dictionarySize, branchFilter: filter, check: check,
      blocks: blockSize == 0 ? .one : .sized(blockSize))
  }

  func memory(threads: Int) throws(RecompressError) -> UInt64 {
    do {
      return try XZStreamEncoder.memoryUsage(options, threads: UInt32(clamping: max(threads, 1)))
    } catch {
      throw .xz(error)
    }
  }
}

/// Makes an xz Stream again.
final class XZRebuilder: Rebuilder {
  private let options: XZStreamEncoder.Options
  private let threads: UInt32
  private var encoder: XZStreamEncoder

  init(_ recipe: XZRecipe, threads: Int) throws(RecompressError) {
    options = recipe.options
    self.threads = UInt32(clamping: max(threads, 1))
    do {
      encoder = try XZStreamEncoder(options, threads: self.threads)
    } catch {
      throw .xz(error)
    }
  }

  func restart() throws(RecompressError) -> Bool {
    do throws(XZError) { try encoder.restart(options, threads: threads) } catch { throw .xz(error) }
    return true
  }

  func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError) {
    do throws(XZError) { try encoder.encode(bytes, into: &output) } catch { throw .xz(error) }
  }

  func finish(into output: inout [UInt8]) throws(RecompressError) {
    do throws(XZError) { try encoder.finish(into: &output) } catch { throw .xz(error) }
  }
}
