internal import Synchronization

/// A suffix array that is made at the first use: most files change too little to need one.
final class LazySuffixArray: Sendable {
  private let made = Mutex<SuffixArray?>(nil)

  /// Whether it has been made.
  var isMade: Bool { made.withLock { $0 != nil } }

  /// The suffix array of `old`, which must be the same bytes every time. Others wait for the first.
  func get(_ old: RawSpan) throws(DiffError) -> SuffixArray {
    try made.withLock { made throws(DiffError) in
      if let made { return made }
      let sorted = try SuffixArray(old)
      made = sorted
      return sorted
    }
  }
}
