internal import BinaryPatch

/// The names of an old kernel's symbols with the tokens of the new one.
struct RecodedNames: Sendable {
  let pairs: NamePairs
  let bytes: [UInt8]

  /// - Returns: `nil` when one of the files has no such names, or its own cannot be made again.
  init?(_ old: RawSpan, _ oldImage: ElfImage, _ new: RawSpan, _ newImage: ElfImage) {
    guard let before = oldImage.kernelSymbols, let after = newImage.kernelSymbols,
      let pairs = NamePairFinder.find(new, after),
      let bytes = before.recodedNames(pairs, old), !bytes.isEmpty
    else { return nil }
    self.pairs = pairs
    self.bytes = bytes
  }
}
