internal import BinaryPatch
internal import Bytes

/// What a patch asks of the device beside room for itself.
struct PatchDemand: Equatable {
  /// Memory, in bytes: nothing to speak of for a plain patch.
  var memory: UInt64 = 0
  /// The feature that the device must have, if it is not one that all have.
  var feature: UInt16?
  /// Whether what patches teach has to be kept between them.
  var sharesKnowledge = false

  /// Reads it off a patch.
  ///
  /// - Complexity: O(*n*) for a patch with predictions, else O(1).
  init(of patch: [UInt8]) {
    guard patch.first != PatchKind.plain.rawValue else { return }
    do throws(PatchError) {
      let statistics = try PatchStatistics(patch: patch.rawSpan)
      memory = statistics.applyMemory
      sharesKnowledge = statistics.sharesKnowledge
      feature = statistics.kind.feature.map { UInt16(truncatingIfNeeded: $0) }
    } catch {
      // One that nobody can apply is beyond every budget.
      memory = .max
    }
  }
}
