internal import CLZMA

/// Compresses to one xz Stream, a piece at a time, without any input or output of its own.
///
/// It is always liblzma's multithreaded encoder (`lzma_stream_encoder_mt`), also for one thread:
/// so the bytes depend on the input and on the options but for ``Options/threads``, and on neither
/// the number of threads nor the pieces in which the input came. They do depend on the version of
/// liblzma, ``libraryVersion``.
public struct XZEncoder: ~Copyable {
  /// How to compress.
  public struct Options: Hashable, Sendable {
    /// The dictionary sizes that liblzma can encode with, in bytes.
    public static let dictionarySizes: ClosedRange<UInt32> = 4096...(1536 << 20)

    /// The preset, 0 to 9, which sets all but the dictionary and the Blocks.
    public var preset: UInt32
    /// Whether to spend more time for a little less size (`LZMA_PRESET_EXTREME`).
    public var isExtreme: Bool
    /// The dictionary in bytes, rounded up to 2^n or 2^n + 2^(n-1); `nil` for the preset's.
    public var dictionarySize: UInt32?
    /// How many bits of the byte before a literal tell how likely it is (`lc`), 0 to 4.
    public var literalContextBits: UInt32
    /// How many bits of a byte's place tell how likely it is (`pb`), 0 to 4: as data is aligned.
    public var positionBits: UInt32
    /// How many bytes of input each Block holds; every thread keeps one in memory.
    public var blockSize: UInt64
    /// How many threads compress, at least one.
    public var threads: UInt32

    /// Options; the integrity check is always CRC-64.
    public init(
      preset: UInt32 = 6, isExtreme: Bool = false, dictionarySize: UInt32? = nil,
      literalContextBits: UInt32 = 3, positionBits: UInt32 = 2, blockSize: UInt64,
      threads: UInt32 = 1
    ) {
      self.literalContextBits = literalContextBits
      self.positionBits = positionBits
      self.preset = preset
      self.isExtreme = isExtreme
      self.dictionarySize = dictionarySize
      self.blockSize = blockSize
      self.threads = threads
    }
  }

  private var coder: CoderStream
  private let options: Options
  private var isFinished = false

  /// An encoder at the head of a Stream.
  ///
  /// - Throws: ``XZError/unsupportedOptions``, ``XZError/outOfMemory``.
  public init(_ options: Options) throws(XZError) {
    self.options = options
    self.coder = CoderStream()
    try restart()
  }

  /// Drops what was not written and starts another Stream, using memory and threads again.
  ///
  /// - Throws: ``XZError/outOfMemory``.
  public mutating func restart() throws(XZError) {
    let filters = try options.filters()
    let options = options
    try unsafe coder.start { stream in
      unsafe options.withMultithreadOptions(filters) { unsafe lzma_stream_encoder_mt(stream, $0) }
    }
    isFinished = false
  }

  /// Compresses `input`, and appends to `output` what is ready.
  ///
  /// - Throws: ``XZError``.
  public mutating func encode(_ input: RawSpan, into output: inout [UInt8]) throws(XZError) {
    guard !isFinished else { throw .alreadyFinished }
    guard input.byteCount > 0 else { return }
    try coder.append(LZMA_RUN, input, into: &output)
  }

  /// Appends the rest of the Stream to `output`.
  ///
  /// - Throws: ``XZError``.
  public mutating func finish(into output: inout [UInt8]) throws(XZError) {
    guard !isFinished else { throw .alreadyFinished }
    isFinished = true
    try coder.append(LZMA_FINISH, RawSpan(), into: &output)
  }

  /// How many bytes of memory an encoder takes (`lzma_stream_encoder_mt_memusage`).
  ///
  /// - Throws: ``XZError/unsupportedOptions``.
  public static func memoryUsage(_ options: Options) throws(XZError) -> UInt64 {
    let filters = try options.filters()
    let usage = unsafe options.withMultithreadOptions(filters) {
      unsafe lzma_stream_encoder_mt_memusage($0)
    }
    guard usage != .max else { throw .unsupportedOptions }
    return usage
  }

  /// The version of liblzma that compresses, e.g. `5.4.1` (`lzma_version_string`).
  public static var libraryVersion: String {
    unsafe String(cString: lzma_version_string())
  }
}

extension XZEncoder.Options {
  fileprivate func filters() throws(XZError) -> LZMA2Filters {
    guard preset <= 9, literalContextBits <= 4, positionBits <= 4, blockSize > 0, threads > 0
    else { throw .unsupportedOptions }
    var filters = try LZMA2Filters(
      preset: preset | (isExtreme ? clzma_preset_extreme : 0), dictionarySize: dictionarySize)
    filters.setBits(literalContext: literalContextBits, position: positionBits)
    return filters
  }

  fileprivate func withMultithreadOptions<R>(
    _ filters: LZMA2Filters, _ body: (UnsafePointer<lzma_mt>) -> R
  ) -> R {
    unsafe filters.withPointer { filters in
      var multithread = unsafe lzma_mt()
      unsafe multithread.threads = threads
      unsafe multithread.block_size = blockSize
      unsafe multithread.filters = unsafe filters
      unsafe multithread.check = LZMA_CHECK_CRC64
      return unsafe body(&multithread)
    }
  }
}
