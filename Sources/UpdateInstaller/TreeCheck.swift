internal import Crypto
internal import Linux
internal import Tree

/// Goes through a tree for its digests.
struct TreeCheck {
  let phase: InstallProgress.Phase
  /// How many bytes its files are expected to have; 0 if that is not known.
  let size: UInt64

  init(_ phase: InstallProgress.Phase, size: UInt64 = 0) {
    self.phase = phase
    self.size = size
  }

  func digest(
    of root: borrowing Descriptor, _ observer: InstallObserver
  ) throws(InstallError) -> TreeDigest {
    do throws(SystemError) {
      let summary = try TreeSummary(of: root) { totals in
        observer(
          InstallProgress(phase: phase, completed: totals.dataBytes, total: size))
      }
      return summary.digest
    } catch {
      if error.errno == .canceled { throw .cancelled }
      throw InstallError(error)
    }
  }
}
