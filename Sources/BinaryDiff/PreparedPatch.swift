public import BinaryPatch
internal import Bytes

/// A patch of which all is decided but what other patches teach: made in any order, and finished in
/// that in which patches are applied.
public struct PreparedPatch: Sendable {
  private enum Form: Sendable {
    case finished([UInt8])
    case shared(SharedPatch)
  }

  private let form: Form
  /// About the patch: where it depends on what others teach, as if all of that were known.
  public let estimate: [UInt8]

  init(_ patch: [UInt8]) {
    form = .finished(patch)
    estimate = patch
  }

  init(_ patch: SharedPatch) {
    form = .shared(patch)
    estimate = patch.makeEstimate()
  }

  /// Whether it needs and adds to what other patches teach.
  public var sharesKnowledge: Bool {
    if case .shared = form { return true }
    return false
  }

  /// At most so many bytes has the patch.
  public var maximumLength: Int {
    switch form {
    case .finished(let patch): patch.count
    case .shared(let patch): estimate.count &+ patch.mostFurtherBytes
    }
  }

  /// The patch.
  ///
  /// - Parameter knowledge: What the patches before have left; then what this one leaves.
  public func finish(_ knowledge: inout ProjectionKnowledge) -> [UInt8] {
    switch form {
    case .finished(let patch): patch
    case .shared(let patch): patch.finish(&knowledge)
    }
  }
}
