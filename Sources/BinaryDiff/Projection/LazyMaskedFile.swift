internal import Bytes
internal import Synchronization

/// The masked old file, and its suffixes, made at the first use.
final class LazyMaskedFile: Sendable {
  private enum State {
    case unknown, none
    case made(MaskedFile)
  }

  private let state = Mutex(State.unknown)
  let suffixes = LazySuffixArray()

  /// The masked form of `old`, which must be the same bytes every time; `nil`: it has none.
  func get(_ old: RawSpan) -> MaskedFile? {
    state.withLock { state in
      switch state {
      case .made(let file): return file
      case .none: return nil
      case .unknown:
        let file = MaskedFile(old)
        state = file.map(State.made) ?? .none
        return file
      }
    }
  }
}
