internal import Linux
internal import Tree

/// The regular files of the parent, found by what a changed file may have been before.
///
/// Memory: some 100 bytes a file, and its path twice.
struct ParentIndex: Sendable {
  /// A regular file of the parent.
  struct File: Sendable {
    var path: [UInt8]
    var size: UInt64
  }

  private var files: [File] = []
  /// Of each file's name.
  private var namePatterns: [UInt64] = []
  private var byPath: [[UInt8]: Int32] = [:]
  private var bySize: [UInt64: [Int32]] = [:]
  private var byPathPattern: [UInt64: [Int32]] = [:]
  private var byNamePattern: [UInt64: [Int32]] = [:]

  /// How many files of one size are named, of how many that are looked at. The first are those
  /// that were added first, so the choice is the same each time.
  private static let maximumAlternatives = 32
  private static let maximumLookedAt = 1024

  init() {}

  /// The regular files of a tree.
  init(of catalog: TreeCatalog) {
    for entry in catalog.entries where catalog.inodes[entry.inode].type == .regular {
      add(path: entry.path, size: catalog.inodes[entry.inode].size)
    }
  }

  /// Adds a file. Empty ones have nothing to copy and are left out.
  mutating func add(path: [UInt8], size: UInt64) {
    guard size > 0, let index = Int32(exactly: files.count) else { return }
    let namePattern = NamePattern.hash(NamePattern.fileName(path))
    files.append(File(path: path, size: size))
    namePatterns.append(namePattern)
    byPath[path] = index
    bySize[size, default: []].append(index)
    byPathPattern[NamePattern.hash(path), default: []].append(index)
    byNamePattern[namePattern, default: []].append(index)
  }

  /// All files with their numbers.
  var numberedFiles: some Sequence<(Int32, File)> { zip(0..., files) }

  /// The file with a number of ``numberedFiles``.
  func file(number: Int32) -> File { files[Int(number)] }

  /// The file at a path.
  func file(at path: [UInt8]) -> File? { byPath[path].map { files[Int($0)] } }

  /// Files that are just as long, those with the same name pattern first.
  func files(ofSize size: UInt64, like path: [UInt8]) -> [File] {
    let pattern = NamePattern.hash(NamePattern.fileName(path))
    let all = bySize[size, default: []].prefix(Self.maximumLookedAt)
    let alike = all.filter { namePatterns[Int($0)] == pattern }
    let rest = all.filter { namePatterns[Int($0)] != pattern }
    return (alike + rest).prefix(Self.maximumAlternatives).map { files[Int($0)] }
  }

  /// The file whose path differs only in numbers and whose size is nearest.
  func fileWithPathPattern(of path: [UInt8], size: UInt64) -> File? {
    nearest(byPathPattern[NamePattern.hash(path)], size)
  }

  /// The file anywhere whose name differs only in numbers and whose size is nearest.
  func fileWithNamePattern(of path: [UInt8], size: UInt64) -> File? {
    nearest(byNamePattern[NamePattern.hash(NamePattern.fileName(path))], size)
  }

  private func nearest(_ indices: [Int32]?, _ size: UInt64) -> File? {
    // Of equally near ones the first.
    var best: File?
    for index in (indices ?? []).prefix(Self.maximumLookedAt) {
      let file = files[Int(index)]
      if let known = best, distance(known.size, size) <= distance(file.size, size) { continue }
      best = file
    }
    return best
  }

  private func distance(_ one: UInt64, _ other: UInt64) -> UInt64 {
    one > other ? one - other : other - one
  }
}
