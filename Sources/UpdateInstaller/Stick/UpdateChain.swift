internal import Bytes
public import Crypto

/// A tree by what it is, and not by where it lies.
public struct TreeIdentity: Hashable, Sendable {
  /// N of `sys_root_vN`.
  public var version: SystemVersion
  /// The digest of its contents.
  public var content: SHA256Digest

  /// A tree.
  public init(version: SystemVersion, content: SHA256Digest) {
    self.version = version
    self.content = content
  }
}

/// An update whose head is verified.
public struct UpdateCandidate: Hashable, Sendable {
  /// The file's name.
  public var name: String
  /// The file's length in bytes.
  public var size: UInt64
  /// What it starts from; `nil` if it is a full one.
  public var parent: TreeIdentity?
  /// What comes out.
  public var target: TreeIdentity
  /// Whether it can be applied now; else only after one that makes its parent.
  public var fitsNow: Bool

  /// A candidate.
  public init(
    name: String, size: UInt64, parent: TreeIdentity?, target: TreeIdentity, fitsNow: Bool
  ) {
    self.name = name
    self.size = size
    self.parent = parent
    self.target = target
    self.fitsNow = fitsNow
  }
}

/// Which updates lead to the newest version that can be reached, with the fewest bytes to read.
public enum UpdateChain {
  /// The updates one after the other; none if nothing newer can be reached.
  ///
  /// Versions only rise within a chain, and none is made that is installed already. Of chains with
  /// as many bytes the one with fewer steps is taken, then the one whose names come first, so that
  /// the answer does not depend on the order of the candidates.
  ///
  /// - Parameters:
  ///   - candidates: what there is.
  ///   - installed: the versions that the device has.
  public static func shortest(
    _ candidates: [UpdateCandidate], installed: Set<SystemVersion>
  ) -> [UpdateCandidate] {
    let newest = installed.max()
    var best: [TreeIdentity: Route] = [:]
    // What a route goes over is always older than where it leads, so it is known by then.
    for candidate in candidates.sorted(by: { $0.target.version < $1.target.version }) {
      guard !installed.contains(candidate.target.version),
        let route = route(over: candidate, best)
      else { continue }
      if let known = best[candidate.target], !route.precedes(known) { continue }
      best[candidate.target] = route
    }
    let reachable = best.values.filter { route in
      newest.map { route.version > $0 } ?? true
    }
    return reachable.min { $0.isBetter(than: $1) }?.steps ?? []
  }

  private static func route(
    over candidate: UpdateCandidate, _ best: [TreeIdentity: Route]
  ) -> Route? {
    let version = candidate.target.version
    if candidate.fitsNow {
      return Route(steps: [candidate], size: candidate.size, version: version)
    }
    guard let parent = candidate.parent, parent.version < version, let before = best[parent]
    else { return nil }
    let (size, overflow) = before.size.addingReportingOverflow(candidate.size)
    if overflow { return nil }
    return Route(steps: before.steps + [candidate], size: size, version: version)
  }
}

private struct Route {
  var steps: [UpdateCandidate]
  var size: UInt64
  var version: SystemVersion

  /// Of routes to the same tree.
  func precedes(_ other: Route) -> Bool {
    if size != other.size { return size < other.size }
    if steps.count != other.steps.count { return steps.count < other.steps.count }
    return steps.map(\.name).lexicographicallyPrecedes(other.steps.map(\.name))
  }

  func isBetter(than other: Route) -> Bool {
    version != other.version ? version > other.version : precedes(other)
  }
}
