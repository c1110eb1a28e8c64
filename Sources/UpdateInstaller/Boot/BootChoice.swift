internal import Bytes

/// What a loader with variables goes by: three of them, which it and this program write.
///
/// - `btrfs_update_first`: the UUID of the system that boots
/// - `btrfs_update_left`: `good`, or how many times more; the loader takes one away before it boots.
///   Anything else is none.
/// - `btrfs_update_second`: the UUID of the system that boots when none is left: the last good one
struct BootChoice: Hashable {
  var first: SubvolumeUUID?
  /// `nil` if the first is good.
  var left: Int?
  var second: SubvolumeUUID?

  /// Loaders' languages can hardly count: one digit.
  static let maximumTries = 9
  static let prefix = "btrfs_update_"
  private static let good = "good"

  init() {}

  /// From the variables.
  init(_ variables: [String: String]) {
    first = variables[Self.prefix + "first"].flatMap { SubvolumeUUID(text: $0) }
    second = variables[Self.prefix + "second"].flatMap { SubvolumeUUID(text: $0) }
    guard first != nil, let text = variables[Self.prefix + "left"], text != Self.good else {
      left = first == nil || variables[Self.prefix + "left"] != nil ? nil : 0
      return
    }
    left = Int(text).flatMap { (0...Self.maximumTries).contains($0) ? $0 : nil } ?? 0
  }

  /// The variables, in the order in which they are written; empty is none.
  var variables: [(name: String, value: String)] {
    [
      (Self.prefix + "first", first.map { "\($0)" } ?? ""),
      (Self.prefix + "left", first == nil ? "" : left.map { "\($0)" } ?? Self.good),
      (Self.prefix + "second", second.map { "\($0)" } ?? ""),
    ]
  }

  /// What the loader starts next.
  var next: SubvolumeUUID? { left == 0 ? second ?? first : first }

  /// Makes a system the first one. What was first is what comes back, if it is good; else what came
  /// back before.
  mutating func setFirst(_ uuid: SubvolumeUUID, tries: Int?) {
    let tries = tries.map { min(max($0, 0), Self.maximumTries) }
    if first == uuid {
      // Done before, and interrupted then: what was counted since stays.
      if tries == nil || left == nil { left = tries }
      return
    }
    if left == nil { second = first }
    if second == uuid { second = nil }
    (first, left) = (uuid, tries)
  }

  /// What is known of a system; `nil` if nothing is.
  func state(of uuid: SubvolumeUUID) -> BootState? {
    if uuid == second { return .good }
    guard uuid == first else { return nil }
    guard let left else { return .good }
    return left > 0 ? .trial(triesLeft: left) : .bad
  }

  /// Takes over a verdict.
  mutating func set(_ verdict: BootVerdict, of uuid: SubvolumeUUID) {
    switch verdict {
    case .good: if uuid == first { left = nil }
    case .bad:
      if uuid == first { left = 0 }
      if uuid == second { second = nil }
    }
  }

  /// Forgets systems that are not there any more.
  mutating func retain(_ uuids: Set<SubvolumeUUID>) {
    if let uuid = second, !uuids.contains(uuid) { second = nil }
  }
}
