internal import CLZMA

/// A filter chain: LZMA2 with the settings of a preset, a branch filter before it if need be.
@safe struct LZMA2Filters {
  private var options: lzma_options_lzma
  private let branchFilter: lzma_vli?

  /// The settings of a preset with a dictionary of `dictionarySize` bytes, rounded up.
  ///
  /// - Throws: ``XZError/unsupportedOptions``.
  init(
    preset: UInt32, dictionarySize: UInt32?, branchFilter: lzma_vli? = nil
  ) throws(XZError) {
    self.branchFilter = branchFilter
    unsafe options = unsafe lzma_options_lzma()
    guard unsafe lzma_lzma_preset(&options, preset) == 0 else { throw .unsupportedOptions }
    guard let dictionarySize else { return }
    guard let rounded = Self.roundedUp(dictionarySize) else { throw .unsupportedOptions }
    unsafe options.dict_size = rounded
  }

  /// The size of the dictionary in bytes.
  var dictionarySize: UInt32 { unsafe options.dict_size }

  /// Sets `lc` and `pb`, each at most 4.
  mutating func setBits(literalContext: UInt32, position: UInt32) {
    unsafe options.lc = literalContext
    unsafe options.pb = position
  }

  /// Lends the chain to a C function.
  func withPointer<R>(_ body: (UnsafePointer<lzma_filter>) -> R) -> R {
    var options = unsafe self.options
    return unsafe withUnsafeMutablePointer(to: &options) { options in
      var chain: [lzma_filter] = unsafe [
        lzma_filter(id: clzma_filter_lzma2, options: options),
        lzma_filter(id: clzma_vli_unknown, options: nil),
      ]
      if let branchFilter {
        unsafe chain.insert(lzma_filter(id: branchFilter, options: nil), at: 0)
      }
      return unsafe chain.withUnsafeBufferPointer { chain in
        guard let base = chain.baseAddress else { preconditionFailure("a chain has filters") }
        return unsafe body(base)
      }
    }
  }

  /// The next size that an LZMA2 Block Header can say: 2^n or 2^n + 2^(n-1).
  private static func roundedUp(_ size: UInt32) -> UInt32? {
    guard XZEncoder.Options.dictionarySizes.contains(size) else { return nil }
    for exponent in 12..<31 as Range<UInt32> {
      let power: UInt32 = 1 << exponent
      if size <= power { return power }
      if size <= power + power / 2 { return power + power / 2 }
    }
    return nil
  }
}
