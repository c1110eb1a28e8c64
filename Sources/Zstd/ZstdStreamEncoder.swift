internal import CZstd

/// Compresses to one zstd frame, a piece at a time (`ZSTD_compressStream2`).
///
/// The bytes depend on the options and on ``libraryVersion``; also on whether there are workers, but
/// not on how many.
@safe public struct ZstdStreamEncoder: ~Copyable {
  /// What the bytes depend on.
  public struct Options: Hashable, Sendable {
    /// `ZSTD_c_compressionLevel`.
    public var level: Int32
    /// `ZSTD_c_checksumFlag`.
    public var hasChecksum: Bool
    /// The length of the frame, if its header says it (`ZSTD_CCtx_setPledgedSrcSize`).
    public var contentSize: UInt64?
    /// Whether it is made by worker threads (`ZSTD_c_nbWorkers` of 1 or more).
    public var isMultithreaded: Bool
    /// `ZSTD_c_enableLongDistanceMatching` with this window, as a power of two.
    public var longWindowLog: Int32?

    /// Options.
    public init(
      level: Int32, hasChecksum: Bool, contentSize: UInt64?, isMultithreaded: Bool,
      longWindowLog: Int32? = nil
    ) {
      self.level = level
      self.hasChecksum = hasChecksum
      self.contentSize = contentSize
      self.isMultithreaded = isMultithreaded
      self.longWindowLog = longWindowLog
    }
  }

  private static let outputStep = 128 << 10

  private let context: OpaquePointer

  /// An encoder at the head of a frame.
  ///
  /// - Parameter threads: How many threads compress, if it is multithreaded.
  /// - Throws: ``ZstdError``.
  public init(_ options: Options, threads: Int32 = 1) throws(ZstdError) {
    unsafe context = try unsafe Self.makeContext(options, threads)
  }

  private static func makeContext(
    _ options: Options, _ threads: Int32
  ) throws(ZstdError) -> OpaquePointer {
    guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory }
    do {
      unsafe try configure(context, options, threads)
    } catch {
      unsafe ZSTD_freeCCtx(context)
      throw error
    }
    return unsafe context
  }

  private static func configure(
    _ context: OpaquePointer, _ options: Options, _ threads: Int32
  ) throws(ZstdError) {
    func set(_ parameter: ZSTD_cParameter, _ value: Int32) throws(ZstdError) {
      try check(unsafe ZSTD_CCtx_setParameter(context, parameter, value))
    }
    try set(ZSTD_c_compressionLevel, options.level)
    try set(ZSTD_c_checksumFlag, options.hasChecksum ? 1 : 0)
    if options.isMultithreaded { try set(ZSTD_c_nbWorkers, max(threads, 1)) }
    if let windowLog = options.longWindowLog {
      try set(ZSTD_c_enableLongDistanceMatching, 1)
      try set(ZSTD_c_windowLog, windowLog)
    }
    if let size = options.contentSize {
      try check(unsafe ZSTD_CCtx_setPledgedSrcSize(context, size))
    }
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// About how many bytes of memory an encoder takes, at most: tables in proportion to the level's
  /// window, and for each thread's job its input.
  public static func memoryUsage(_ options: Options, threads: Int) -> UInt64 {
    let windowLog: Int32 =
      switch options.level {
      case ...2: 20
      case 3...9: 22
      case 10...16: 22
      case 17...19: 23
      default: options.level + 5
      }
    let window: UInt64 = 1 << UInt64(max(windowLog, options.longWindowLog ?? 0))
    guard options.isMultithreaded else { return window * 12 }
    return window * 12 * UInt64(max(threads, 1)) + window * 5
  }

  /// The version of libzstd, e.g. `1.5.4` (`ZSTD_versionString`).
  public static var libraryVersion: String { unsafe String(cString: ZSTD_versionString()) }

  /// Compresses `input`, and appends to `output` what is ready.
  ///
  /// - Throws: ``ZstdError``.
  public mutating func encode(_ input: RawSpan, into output: inout [UInt8]) throws(ZstdError) {
    try run(ZSTD_e_continue, input, into: &output)
  }

  /// Appends the rest of the frame.
  ///
  /// - Throws: ``ZstdError``.
  public mutating func finish(into output: inout [UInt8]) throws(ZstdError) {
    try run(ZSTD_e_end, RawSpan(), into: &output)
  }

  private mutating func run(
    _ directive: ZSTD_EndDirective, _ input: RawSpan, into output: inout [UInt8]
  ) throws(ZstdError) {
    var consumed = 0
    while true {
      var result = 0
      unsafe input.withUnsafeBytes { input in
        output.append(addingCapacity: Self.outputStep) { room in
          unsafe room.withUnsafeMutableBufferPointer { buffer, initialized in
            var source = unsafe ZSTD_inBuffer(
              src: input.baseAddress, size: input.count, pos: consumed)
            var target = unsafe ZSTD_outBuffer(
              dst: buffer.baseAddress, size: Self.outputStep, pos: 0)
            result = unsafe ZSTD_compressStream2(context, &target, &source, directive)
            initialized = unsafe target.pos
            consumed = unsafe source.pos
          }
        }
      }
      try check(result)
      // At the end the result says how much is left to be flushed.
      if directive == ZSTD_e_end ? result == 0 : consumed == input.byteCount { return }
    }
  }
}
