import Bytes
import Linux
import TestSupport
import Testing
import Tree

@testable import Archive

@Suite("Archives of the programs that make them")
struct ArchiveToolTests {
  @Test(
    "A directory and its archive have one digest",
    arguments: [
      "tar --format=pax --xattrs --xattrs-include=* --acls -cf",
      "tar --format=pax --sparse --xattrs --xattrs-include=* --acls -cf",
      "tar --format=pax --sparse --sparse-version=0.1 --xattrs --xattrs-include=* -cf",
      "tar --format=pax --sparse --sparse-version=0.0 --xattrs --xattrs-include=* -cf",
      "bsdtar --format=pax --xattrs --acls --no-read-sparse -cf", "bsdtar --format=pax -cf",
    ])
  func full(_ command: String) throws {
    let sample = try ToolTree(isPlain: false)
    // libarchive writes -101 s and 0.5 s as -101.5.
    if command.contains("bsdtar") { try run("touch", "-d", "@-100", sample.path + "/sub/deep") }
    try compare(sample, command, content: false)
  }

  @Test(
    "Formats that lose parts of a second keep all else",
    arguments: [
      "tar --format=gnu --sparse -cf", "tar --format=ustar -cf", "tar --format=v7 -cf",
      "bsdtar --format=ustar -cf", "bsdtar --format=gnutar -cf", "busybox tar -cf",
    ])
  func content(_ command: String) throws {
    let sample = try ToolTree(isPlain: true)
    // It has no member for a FIFO.
    if command.contains("v7") { try sample.root.unlink("pipe") }
    try run("touch", "-d", "@1600000000", sample.path)
    try compare(sample, command, content: true)
  }

  @Test(
    "A compressed archive is the same tree, also in several parts",
    arguments: ["gzip", "xz", "zstd", "xz --block-size=4096", "gzip -1"])
  func compressed(_ compressor: String) throws {
    let sample = try ToolTree(isPlain: false)
    let plain = sample.path + ".tar"
    let script = """
      cd "$1" && tar --format=pax --xattrs --xattrs-include='*' -cf "$2" . &&
      $3 -c < "$2" > "$2.z" &&
      { head -c 3000 "$2" | $3 -c; tail -c +3001 "$2" | $3 -c; } > "$2.zz"
      """
    try run("sh", "-c", script, "sh", sample.path, plain, compressor)
    let expected = try TreeSummary(of: sample.root).digest
    for name in [plain, plain + ".z", plain + ".zz"] {
      let tree = try TreeCatalog(archive: Descriptor.open(name, .readOnly))
      #expect(try TreeSummary(of: tree).digest == expected, "\(name)")
    }
    // Damage is noticed also behind the end of the archive itself.
    let packed = try Descriptor.open(plain + ".z", .readOnly).readToEnd(limit: 1 << 24)
    for length in [packed.count / 2, packed.count - 1] {
      #expect(try refusal(of: Array(packed[..<length])) != nil)
    }
    #expect(try refusal(of: packed + Array("more".utf8)) != nil)
    // In the file's checksum, as the archive has zeros at its end.
    var changed = packed
    changed[packed.count - 6] ^= 4
    #expect(try refusal(of: changed) != nil)
  }

  private func compare(_ sample: ToolTree, _ command: String, content: Bool) throws {
    let file = sample.path + ".tar"
    // Without a shell, so that no pattern is expanded.
    let words = command.split(separator: " ").map { String($0) }
    let result = try runProgram(words + [file, "-C", sample.path, "."])
    #expect(result.status == 0, "\(result.errors)")
    let expected = try TreeSummary(of: sample.root)
    let tree = try TreeCatalog(archive: Descriptor.open(file, .readOnly))
    let found = try TreeSummary(of: tree)
    #expect(found.totals == expected.totals)
    if content {
      #expect(found.digest.content == expected.digest.content)
    } else if found.digest != expected.digest {
      Issue.record(
        "\(command): \(Self.differences(tree, try TreeCatalog(of: TreeRoot(sample.root.duplicate()))))"
      )
    }
  }

  private static func differences(_ one: TreeCatalog, _ other: TreeCatalog) -> String {
    zip(one.entries, other.entries).compactMap { mine, theirs in
      let (my, their) = (one.inodes[mine.inode], other.inodes[theirs.inode])
      var same = their
      same.accessTime = my.accessTime
      return mine.path == theirs.path && my == same ? nil : "\(my)\n\(their)"
    }.joined(separator: "\n")
  }
}

/// A tree that any user can make, with odd names, links, holes and attributes.
final class ToolTree {
  private let directory: TemporaryDirectory
  let path: String
  let root: Descriptor

  /// - Parameter isPlain: whether it has only what the oldest formats can say.
  init(isPlain: Bool) throws {
    directory = try TemporaryDirectory()
    path = directory.path + "/tree"
    let script = """
      mkdir -p "$1/sub/deep" && cd "$1" &&
      printf one > a && printf two > sub/b && ln a sub/hard && ln -s ../x sub/link &&
      : > empty && mkfifo pipe && chmod 4751 a && chmod 2750 sub &&
      truncate -s 300000 holes && printf x | dd of=holes bs=1 seek=100000 conv=notrunc 2>&1 &&
      head -c 100000 /dev/zero | tr '\\0' x > sub/deep/data
      """
    try run("sh", "-c", script, "sh", path)
    if !isPlain {
      let odd = """
        cd "$1" && printf o > "$(printf 'b\\377d\\n')" && : > "$(printf 'e\\314\\201')" &&
        : > "$(printf '\\303\\251')" && mkdir -p "$2" && : > "$2/$2" && ln -s "$2/$2" longlink &&
        setfattr -n user.plain -v value a && setfattr -n user.odd=% -v 0x000aff sub &&
        setfacl -m u:0:r,g:12345:rx sub/b && setfacl -d -m u:7:rwx sub/deep
        """
      try run("sh", "-c", odd, "sh", path, String(repeating: "l", count: 200))
    }
    try run("sh", "-c", "find \"$1\" -exec touch -h -d @1600000000.123456789 {} +", "sh", path)
    try run("touch", "-d", "@-100.5", path + "/sub/deep")
    if isPlain { try run("touch", "-d", "@100", path + "/sub/deep") }
    root = try Descriptor.open(path, .directory)
  }
}
