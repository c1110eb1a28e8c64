internal import CLZMA

/// Makes one xz Stream as others make them: with their check, filter, dictionary and Blocks.
///
/// ``XZEncoder`` writes this project's own files; this one writes what another program wrote, from
/// the same bytes with the same ``Options``.
public struct XZStreamEncoder: ~Copyable {
  /// What follows the bytes of each Block (`lzma_check`).
  public enum Check: UInt8, Sendable, CaseIterable {
    /// `LZMA_CHECK_NONE`.
    case none = 0
    /// `LZMA_CHECK_CRC32`.
    case crc32 = 1
    /// `LZMA_CHECK_CRC64`.
    case crc64 = 4
    /// `LZMA_CHECK_SHA256`.
    case sha256 = 10
  }

  /// What makes addresses in executables absolute before LZMA2 sees them.
  public enum BranchFilter: UInt8, Sendable, CaseIterable {
    /// `LZMA_FILTER_X86`.
    case x86 = 4
    /// `LZMA_FILTER_POWERPC`.
    case powerPC = 5
    /// `LZMA_FILTER_IA64`.
    case ia64 = 6
    /// `LZMA_FILTER_ARM`.
    case arm = 7
    /// `LZMA_FILTER_ARMTHUMB`.
    case armThumb = 8
    /// `LZMA_FILTER_SPARC`.
    case sparc = 9
    /// `LZMA_FILTER_ARM64`.
    case arm64 = 10
  }

  /// How the bytes are cut into Blocks.
  public enum Blocks: Hashable, Sendable {
    /// One, without sizes in its header (`lzma_stream_encoder`).
    case one
    /// Blocks of this many bytes, with sizes in their headers (`lzma_stream_encoder_mt`).
    case sized(UInt64)
  }

  /// Everything that the bytes depend on, but for the version of liblzma.
  public struct Options: Hashable, Sendable {
    /// The preset, 0 to 9.
    public var preset: UInt32
    /// `LZMA_PRESET_EXTREME`.
    public var isExtreme: Bool
    /// The dictionary in bytes.
    public var dictionarySize: UInt32
    /// The filter in front of LZMA2.
    public var branchFilter: BranchFilter?
    /// The integrity check.
    public var check: Check
    /// The Blocks.
    public var blocks: Blocks

    /// Options.
    public init(
      preset: UInt32, isExtreme: Bool = false, dictionarySize: UInt32,
      branchFilter: BranchFilter? = nil, check: Check, blocks: Blocks
    ) {
      self.preset = preset
      self.isExtreme = isExtreme
      self.dictionarySize = dictionarySize
      self.branchFilter = branchFilter
      self.check = check
      self.blocks = blocks
    }
  }

  private var coder: CoderStream

  /// An encoder at the head of a Stream.
  ///
  /// - Parameter threads: How many threads compress, if the Blocks have a size.
  /// - Throws: ``XZError/unsupportedOptions``, ``XZError/outOfMemory``.
  public init(_ options: Options, threads: UInt32 = 1) throws(XZError) {
    coder = CoderStream()
    try restart(options, threads: threads)
  }

  /// Begins another Stream; what it has of memory is used again where the options are the same.
  ///
  /// - Throws: ``XZError/unsupportedOptions``, ``XZError/outOfMemory``.
  public mutating func restart(_ options: Options, threads: UInt32 = 1) throws(XZError) {
    let filters = try options.filters()
    let threads = max(threads, 1)
    try unsafe coder.start { stream in
      unsafe options.start(stream, filters, threads)
    }
  }

  /// Compresses `input`, and appends to `output` what is ready.
  ///
  /// - Throws: ``XZError``.
  public mutating func encode(_ input: RawSpan, into output: inout [UInt8]) throws(XZError) {
    if input.byteCount > 0 { try coder.append(LZMA_RUN, input, into: &output) }
  }

  /// Appends the rest of the Stream.
  ///
  /// - Throws: ``XZError``.
  public mutating func finish(into output: inout [UInt8]) throws(XZError) {
    try coder.append(LZMA_FINISH, RawSpan(), into: &output)
  }

  /// How many bytes of memory an encoder takes.
  ///
  /// - Throws: ``XZError/unsupportedOptions``.
  public static func memoryUsage(
    _ options: Options, threads: UInt32 = 1
  ) throws(XZError) -> UInt64 {
    let filters = try options.filters()
    let usage: UInt64
    switch options.blocks {
    case .one: usage = unsafe filters.withPointer { unsafe lzma_raw_encoder_memusage($0) }
    case .sized(let size):
      usage = unsafe filters.withPointer { filters in
        var multithread = unsafe options.multithreadOptions(filters, size, threads)
        return unsafe lzma_stream_encoder_mt_memusage(&multithread)
      }
    }
    guard usage != .max else { throw .unsupportedOptions }
    return usage
  }
}

extension XZStreamEncoder.Options {
  fileprivate func filters() throws(XZError) -> LZMA2Filters {
    guard preset <= 9 else { throw .unsupportedOptions }
    if case .sized(0) = blocks { throw .unsupportedOptions }
    return try LZMA2Filters(
      preset: preset | (isExtreme ? clzma_preset_extreme : 0), dictionarySize: dictionarySize,
      branchFilter: branchFilter.map { lzma_vli($0.rawValue) })
  }

  private var lzmaCheck: lzma_check { lzma_check(UInt32(check.rawValue)) }

  fileprivate func start(
    _ stream: UnsafeMutablePointer<lzma_stream>, _ filters: LZMA2Filters, _ threads: UInt32
  ) -> lzma_ret {
    unsafe filters.withPointer { filters in
      switch blocks {
      case .one: return unsafe lzma_stream_encoder(stream, filters, lzmaCheck)
      case .sized(let size):
        var multithread = unsafe multithreadOptions(filters, size, threads)
        return unsafe lzma_stream_encoder_mt(stream, &multithread)
      }
    }
  }

  fileprivate func multithreadOptions(
    _ filters: UnsafePointer<lzma_filter>, _ size: UInt64, _ threads: UInt32
  ) -> lzma_mt {
    var multithread = unsafe lzma_mt()
    unsafe multithread.threads = threads
    unsafe multithread.block_size = size
    unsafe multithread.filters = unsafe filters
    unsafe multithread.check = lzmaCheck
    return unsafe multithread
  }
}
