/// Where a delta stream is cut into sections that are packed each on its own, so that an apply that
/// was interrupted can go on behind one.
///
/// A cut costs what packing cannot look back on; so there is none until there is something to save:
/// much of the plain stream, which is work on the device, and enough of the delta stream that the cost
/// does not show.
struct CutRule {
  /// How much of the plain stream a section stands for at least, in bytes.
  let plainLength: UInt64
  /// How much of the delta stream it then has at least, in bytes.
  let deltaLength: UInt64

  /// So many times ``plainLength``, and less of the delta stream will do.
  private static let longFactor: UInt64 = 8
  /// The limit on sections is twice as many as there are with this.
  private static let mostSections: UInt64 = 512

  /// A rule for a stream of a length.
  ///
  /// - Parameter least: how much of the plain stream a section stands for at least.
  init(least: UInt64, streamLength: UInt64) {
    plainLength = max(least, streamLength / Self.mostSections, 1)
    deltaLength = max(plainLength / 16, 1)
  }

  /// Whether a section ends that has come so far.
  func isDue(plainLength plain: UInt64, deltaLength delta: UInt64) -> Bool {
    guard plain >= plainLength else { return false }
    if delta >= deltaLength { return true }
    return plain / Self.longFactor >= plainLength && delta >= max(deltaLength / 4, 1)
  }
}
