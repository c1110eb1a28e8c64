internal import Bytes
internal import Zstd

/// How a zstd frame comes back. The bytes differ from release to release of libzstd, so the recipe
/// names one.
///
/// ```
/// version: major (1) minor (1) release (1)   level (zigzag varint)
/// flags (1): 1 checksum, 2 content size, 4 multithreaded   window of long mode as a power of 2, or 0 (1)
/// opened length (varint), if the content size is in the header
/// ```
struct ZstdRecipe: Hashable, Sendable {
  private static let levels: ClosedRange<Int64> = -131_072...22
  private static let windowLogs: ClosedRange<UInt8> = 10...31

  /// E.g. `1.5.4`.
  var version: String
  var options: ZstdStreamEncoder.Options

  init(_ options: ZstdStreamEncoder.Options) {
    version = ZstdStreamEncoder.libraryVersion
    self.options = options
  }

  func append(to bytes: inout [UInt8]) {
    var numbers = version.split(separator: ".").map { UInt8($0) ?? 0 }
    while numbers.count < 3 { numbers.append(0) }
    bytes += numbers[..<3]
    bytes.append(varint: Int64(options.level).zigZagEncoded)
    var flags: UInt8 = options.hasChecksum ? 1 : 0
    if options.contentSize != nil { flags |= 2 }
    if options.isMultithreaded { flags |= 4 }
    bytes.append(flags)
    bytes.append(UInt8(clamping: options.longWindowLog ?? 0))
    if let size = options.contentSize { bytes.append(varint: size) }
  }

  init(_ cursor: inout ByteCursor) throws(RecompressError) {
    guard let major = cursor.read(UInt8.self), let minor = cursor.read(UInt8.self),
      let release = cursor.read(UInt8.self), let number = cursor.readVarint(),
      Self.levels.contains(Int64(zigZag: number)), let flags = cursor.read(UInt8.self), flags < 8,
      let windowLog = cursor.read(UInt8.self),
      windowLog == 0 || Self.windowLogs.contains(windowLog)
    else { throw .badRecipe(offset: cursor.offset) }
    var size: UInt64?
    if flags & 2 != 0 {
      guard let said = cursor.readVarint(), said < 1 << 62 else {
        throw .badRecipe(offset: cursor.offset)
      }
      size = said
    }
    version = "\(major).\(minor).\(release)"
    options = ZstdStreamEncoder.Options(
      level: Int32(Int64(zigZag: number)), hasChecksum: flags & 1 != 0, contentSize: size,
      isMultithreaded: flags & 4 != 0, longWindowLog: windowLog == 0 ? nil : Int32(windowLog))
  }

  /// The memory of the tables that libzstd makes for a level, with jobs of multithreading on top.
  func memory(threads: Int) -> UInt64 {
    ZstdStreamEncoder.memoryUsage(options, threads: threads)
  }

  /// A guess; not measured.
  var bytesPerSecond: Double {
    switch options.level {
    case 20...: 1.5e6
    case 16...19: 2.5e6
    case 10...15: 12e6
    case 4...9: 60e6
    default: 200e6
    }
  }
}

/// Makes a zstd frame again.
final class ZstdRebuilder: Rebuilder {
  private var encoder: ZstdStreamEncoder

  init(_ recipe: ZstdRecipe, threads: Int) throws(RecompressError) {
    let found = ZstdStreamEncoder.libraryVersion
    guard recipe.version == found else {
      throw .wrongLibrary(needed: "libzstd \(recipe.version)", found: found)
    }
    do {
      encoder = try ZstdStreamEncoder(recipe.options, threads: Int32(clamping: max(threads, 1)))
    } catch {
      throw .zstd(error.reason)
    }
  }

  func push(_ bytes: RawSpan, into output: inout [UInt8]) throws(RecompressError) {
    do throws(ZstdError) { try encoder.encode(bytes, into: &output) } catch {
      throw .zstd(error.reason)
    }
  }

  func finish(into output: inout [UInt8]) throws(RecompressError) {
    do throws(ZstdError) { try encoder.finish(into: &output) } catch {
      throw .zstd(error.reason)
    }
  }
}
