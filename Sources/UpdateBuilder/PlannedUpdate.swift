internal import Bytes
internal import Tree

/// A plan with what is known of the trees that it is of.
struct PlannedUpdate: Sendable {
  var plan: Plan
  let child: TreeSummary
  let parent: TreeSummary?
  /// Finds old files; `nil` in a full build.
  let matcher: OldFileMatcher?
  /// The parent's own UUID; none where only what it holds was looked at.
  let parentUUID: SubvolumeUUID
  /// When the child was made, in seconds since 1970.
  let date: Int64
}
