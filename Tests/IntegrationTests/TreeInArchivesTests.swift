import Archive
import Linux
import TestSupport
import Testing
import Tree

/// What only root can make, and only a real file system keeps.
@Suite("Trees in archives", .btrfs)
struct TreeInArchivesTests {
  /// Everything that a root file system holds, but for sockets, which no archive has, and devices
  /// with several names, of which GNU tar makes several devices.
  private static let everything = """
    mkdir -p etc dev var/empty home/user bin; echo root > etc/passwd; ln -s ../bin etc/bin
    echo '#!/bin/sh' > bin/ping; setcap cap_net_raw+ep bin/ping; cp bin/ping bin/su; chmod 4755 bin/su
    ln bin/su bin/sudo; ln etc/bin etc/bin2; mknod dev/null c 1 3; mknod dev/disk b 259 70000
    mkfifo dev/initctl; chmod 1777 var; chown 1000:1001 home/user
    chown -h 7:8 etc/bin; chown 3000000000:4000000000 var/empty; chmod 2750 home
    truncate -s 1M sparse; printf end | dd of=sparse bs=1 seek=500000 conv=notrunc status=none
    setfacl -m u:1000:rwx,g:5:r home/user; setfacl -d -m u:1001:rx home; chmod 000 etc/passwd
    setfattr -n security.selinux -v system_u:object_r:bin_t:s0 bin/ping || :
    setfattr -n trusted.secret -v x bin; setfattr -n user.odd%3D= -v 0x0a00ff etc
    printf x > "$(printf 'b\\377d\\n\\\\')"; : > "$(printf 'e\\314\\201')"; : > "$(printf '\\303\\251')"
    long=$(printf '%0200d' 1); mkdir -p $long/$long; echo deep > $long/$long/$long; ln -s $long/$long l
    : > a!; mkdir a; : > a/x; head -c 300000 /dev/urandom > var/random
    find . -exec touch -h -d @1600000000.123456789 {} +; touch -d @-100.25 var; touch -d @4000000000.9 a
    """

  private static let command = """
    tar --format=pax --xattrs --xattrs-include='*' --acls -C "$1" -cf "$2" .
    """

  @Test(
    "A root file system has one digest: on btrfs, on tmpfs, and in an archive, however compressed")
  func everywhere() throws {
    let mount = BtrfsFixture.current.path
    let tree = mount + "/tree"
    try run("sh", "-ec", "mkdir \"$1\"; cd \"$1\"\n" + Self.everything, "sh", tree)
    let expected = try TreeSummary(of: Descriptor.open(tree, .directory))
    let directory = try TemporaryDirectory()
    let copy = directory.path + "/copy"
    try run("cp", "-a", tree, copy)
    let copied = try TreeSummary(of: Descriptor.open(copy, .directory))
    #expect(copied.digest == expected.digest)
    for (name, source) in [("btrfs", tree), ("copy", copy)] {
      let file = directory.path + "/\(name).tar"
      try run("sh", "-ec", Self.command, "sh", source, file)
      try run("sh", "-ec", "gzip -k \"$1\"; xz -k \"$1\"; zstd -q \"$1\"", "sh", file)
      for suffix in ["", ".gz", ".xz", ".zst"] {
        let catalog = try TreeCatalog(archive: Descriptor.open(file + suffix, .readOnly))
        let found = try TreeSummary(of: catalog)
        #expect(found.digest == expected.digest, "\(name)\(suffix)")
        #expect(found.totals == expected.totals)
      }
    }
  }

  @Test("Any user has the same of an archive as root")
  func withoutRoot() throws {
    let mount = BtrfsFixture.current.path
    let tree = mount + "/tree"
    try run("sh", "-ec", "mkdir \"$1\"; cd \"$1\"\n" + Self.everything, "sh", tree)
    let file = mount + "/tree.tar"
    try run(
      "sh", "-ec", Self.command + "\nchmod 644 \"$2\"; mkdir -m 1777 \"$3\"", "sh", tree, file,
      mount + "/tmp")
    let program = try BuiltProgram.path("btrfs-delta")
    let mine = try run(program, "digest", file, "--json")
    let theirs = try run(
      "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env",
      "TMPDIR=\(mount)/tmp", program, "digest", file, "--json")
    #expect(mine == theirs)
    let walked = try run(program, "digest", tree, "--json")
    #expect(mine == walked)
    let left = try Descriptor.open(mount + "/tmp", .directory).entries()
    #expect(left.isEmpty)
  }
}
