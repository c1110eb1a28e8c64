internal import Bytes

/// The offset of the first byte in which two arrays differ; `nil` if they are the same.
///
/// To compare what is large: a failed `#expect(one == other)` would look for the shortest edit
/// between them, and never end.
public func firstDifference(_ one: [UInt8], _ other: [UInt8]) -> Int? {
  let prefix = one.rawSpan.commonPrefixLength(with: other.rawSpan)
  return prefix == one.count && prefix == other.count ? nil : prefix
}
