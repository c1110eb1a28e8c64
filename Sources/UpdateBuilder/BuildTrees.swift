internal import Btrfs
internal import Bytes
internal import DeltaStream
internal import Linux
internal import Tree

/// The trees of a build, open.
struct BuildTrees: ~Copyable {
  let child: OpenSubvolume
  let parent: OpenSubvolume?
}
