internal import Bytes

/// The fields of a file in memory, found as often as they are wanted: all take as much memory as some
/// 16 bytes for each of them, and one window's next to nothing.
package struct FieldScanner: Sendable {
  private let index: FieldIndex

  /// Goes over the file once.
  ///
  /// - Parameter bytes: Those of `image`, as later.
  package init?(_ bytes: RawSpan, _ image: ElfImage) {
    self.init(bytes, image, windowSize: FieldWindow.size)
  }

  /// - Parameter windowSize: A multiple of 64. The fields do not depend on it.
  init?(_ bytes: RawSpan, _ image: ElfImage, windowSize: Int) {
    let index: FieldIndex? = unsafe bytes.withUnsafeBytes { buffer in
      var old = unsafe BorrowedBytes(buffer)
      do throws(PatchApplyError<Never>) {
        return try FieldIndexer.index(image, windowSize: windowSize, of: &old)
      } catch { return nil }
    }
    guard let index else { return nil }
    self.index = index
  }

  /// How many windows the file has.
  package var windowCount: Int {
    (index.image.byteCount &+ index.windowSize &- 1) / index.windowSize
  }

  /// The fields of a window, in their order.
  ///
  /// - Parameter storage: An array whose memory is used again.
  package func fields(
    of window: Int, _ bytes: RawSpan, storage: consuming [Field] = []
  ) -> [Field] {
    let range = index.range(around: window)
    let view = WindowView(bytes.extracting(range), base: range.lowerBound)
    return FieldParser.parse(view, window: window, index, storage: storage)
  }

  /// All fields, in their order.
  package func all(_ bytes: RawSpan) -> [Field] {
    var all: [Field] = []
    var storage: [Field] = []
    for window in 0..<windowCount {
      storage = fields(of: window, bytes, storage: storage)
      all.append(contentsOf: storage)
    }
    return all
  }
}
