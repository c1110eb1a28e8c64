internal import Configuration
internal import UpdateInstaller

/// What becomes of a system that its health checks have judged: the one place that knows of trials.
struct SystemVerdict {
  /// What a system that is not on trial comes to.
  let action: DeviceConfiguration.Health.Action

  /// Carries out that the running system is bad.
  ///
  /// - Returns: whether another system runs after the next boot.
  func bad(_ device: borrowing Device, reason: String) throws -> Bool {
    do throws(InstallError) {
      Changes.print(try device.markBad(reason: reason))
      return true
    } catch {
      switch error {
      case .notOnTrial: break
      // What is bad is what runs, and that is left with the next boot.
      case .notBooted: return false
      default: throw error
      }
    }
    guard action == .rollback else { return false }
    let status = try device.status()
    // Back once, and never to what failed itself: the fault may be neither system's.
    guard let last = status.last, status.boot.failure?.system != last.uuid else { return false }
    Changes.print(try device.rollBack(reason: reason, failed: true))
    return true
  }
}
