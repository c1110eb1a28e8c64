import Testing

/// A change of a tree: what is there before, and what is done to it.
///
/// Most replay in short what a test of fstests' send group checks, whose number they carry.
struct ReceiveRecipe: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var before: @Sendable (ReceiveBench) throws -> Void
  var change: @Sendable (ReceiveBench) throws -> Void

  init(
    _ name: String, before: @escaping @Sendable (ReceiveBench) throws -> Void,
    change: @escaping @Sendable (ReceiveBench) throws -> Void
  ) {
    (testDescription, self.before, self.change) = (name, before, change)
  }

  init(_ name: String, _ before: String, change: String) {
    self.init(name, before: { try $0.shell(before) }, change: { try $0.shell(change) })
  }

  /// An access ACL or a default ACL that lets user 1234 read: `struct posix_acl_xattr`.
  static let acl: [UInt8] = [
    2, 0, 0, 0,
    1, 0, 7, 0, 255, 255, 255, 255,
    2, 0, 4, 0, 0xD2, 4, 0, 0,
    4, 0, 5, 0, 255, 255, 255, 255,
    16, 0, 5, 0, 255, 255, 255, 255,
    32, 0, 0, 0, 255, 255, 255, 255,
  ]

  /// `cap_net_raw=ep`: `struct vfs_cap_data` of revision 2.
  static let capability: [UInt8] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]
}

extension ReceiveRecipe {
  static let kinds = ReceiveRecipe(
    "every kind of inode",
    before: {
      try $0.shell(
        """
        mkdir -p dir/deep/er; head -c 300000 /dev/urandom > dir/file; : > empty
        ln dir/file dir/deep/hard; ln -s ../nowhere dir/link; ln -s "$(printf 'x%.0s' {1..4000})" long
        mknod null c 1 3; mknod disk b 8 300000; mknod pipe p; mknod whiteout c 0 0
        truncate -s 10M sparse; printf data | dd of=sparse bs=1 seek=5000000 conv=notrunc 2>/dev/null
        touch "$(printf 'n%.0s' {1..255})" "$(printf 'bad\\xff\\xfe')" $'line\\nbreak' ' ' -- -x
        chmod 6755 dir/file; chmod 1777 dir; chown 12:34 dir/file pipe; chown -h 5:6 dir/link
        touch -d '1969-12-31 23:59:58.123456789Z' empty; touch -d '2200-01-01 00:00:00.5Z' null
        touch -h -d '2001-02-03 04:05:06.000000007Z' dir/link; chmod 0 disk
        """)
      try $0.setAttribute("dir/file", "user.one", Array("value".utf8))
      try $0.setAttribute("dir/link", "trusted.link", [1, 2, 0, 3])
      try $0.setAttribute("pipe", "trusted.pipe", [])
      try $0.setAttribute("", "user.root", [0])
      try $0.setAttribute("dir/file", "system.posix_acl_access", acl)
      try $0.setAttribute("dir/deep", "system.posix_acl_default", acl)
    },
    change: {
      try $0.shell(
        """
        mv dir moved; mv moved/file moved/deep/er/file; rm null; mknod null p; rm empty; mkdir empty
        ln long long2; rmdir empty; ln -s . empty; chmod 700 moved; rm moved/deep/hard
        chown -h 7:8 long; touch -d '2010-01-01 00:00:00.1Z' pipe; mv disk disk2
        printf more >> sparse; dd if=/dev/urandom of=moved/deep/er/file bs=1000 seek=7 count=9 \
          conv=notrunc 2>/dev/null
        truncate -s 20 moved/deep/er/file; chmod 711 .; chown 3:4 .
        """)
      try $0.setAttribute("disk2", "trusted.disk", [9])
      try $0.removeAttribute("moved/deep/er/file", "user.one")
      try $0.removeAttribute("", "user.root")
      try $0.removeAttribute("moved/deep", "system.posix_acl_default")
    })

  static let renames = [
    ReceiveRecipe(
      "directories swap places (030, 039)",
      "mkdir -p a/b/c d; echo 1 > a/b/c/f; echo 2 > d/g; mkdir -p x/y; echo 3 > x/y/z",
      change: """
        mv a/b/c d/c2; mv d a/b/d2; mv a/b/d2/c2 .; echo 4 >> c2/f; mv c2 a/b/d2/c3
        mv x/y x2; mv x x2/x; mv x2/z x2/x/w
        """),
    ReceiveRecipe(
      "an ancestor becomes a descendant (044, 054)",
      "mkdir -p a/b/c/d e; touch a/b/c/d/f; mkdir -p m/n/o",
      change: """
        mv a/b/c e/c; mv a e/c/d/a; mv e/c/d top; mv e top/a/b/e
        mv m/n/o o; mv m/n o/n; mv m o/n/m
        """),
    ReceiveRecipe(
      "names are exchanged (092, 127, 241)",
      "mkdir a b; touch a/1 b/2; echo x > x; echo y > y; mkdir -p s/t u/v; touch s/t/f u/v/g",
      change: """
        mv a t; mv b a; mv t b; mv x z; mv y x; mv z y
        mv s/t w; mv u/v s/t; mv w u/v; mv s q; mv u s; mv q u
        """),
    ReceiveRecipe(
      "a new file takes an old one's name, an old one a new one's (077, 083, 135, 144)",
      "mkdir d; echo old > d/f; echo k > keep; mkdir p; touch p/q; for i in {1..40}; do echo $i > n$i; done",
      change: """
        mv d/f moved; echo new > d/f; rm keep; mkdir keep; mv p keep/p; echo p > p
        echo n > tmp; mv tmp n1; mv n2 n3; mv n4 tmp; mv n5 n4; mv tmp n5; mv n6 d/n6; ln d/n6 n6
        for i in {7..40}; do mv n$i m$i; done; for i in {7..40}; do mv m$i n$((47 - i)); done
        """),
    ReceiveRecipe(
      "directories with deleted and moved children go (084, 087, 145, 147, 155)",
      "mkdir -p a/b/c a/d e; touch a/b/c/{1..9} a/d/x; ln a/d/x e/x",
      change: "mv a/b/c e; rm -r a; mkdir a; mv e/c a/c2; rm a/c2/1; mv e/x a/x; rmdir e"),
    ReceiveRecipe(
      "hard links move about (040, 178, 338)",
      """
      mkdir -p a/b c; echo 1 > a/f1; ln a/f1 a/b/f2; ln a/f1 c/f3; ln a/f1 f4; mkdir many
      for i in {1..300}; do ln f4 many/link$i; done
      """,
      change: """
        mv a/b c/b; rm a/f1; mv c/f3 a/f1; ln f4 c/b/f5; mv c a/c; echo 2 >> f4; mkdir f6; mv f4 f6/f4
        rm many/link{1..150}; for i in {151..200}; do mv many/link$i many/l$i; done; mv many f6/many
        """),
    ReceiveRecipe(
      "long paths (051)",
      """
      n="$(printf 'd%.0s' {1..200})"
      for i in {1..15}; do mkdir $n; cd $n; done; echo 1 > file; touch -d '2001-01-01Z' .
      """,
      change: """
        n="$(printf 'd%.0s' {1..200})"
        mv $n/$n up; cd up; for i in {3..15}; do cd $n; done; echo 2 >> file; ln file other
        """),
  ]

  static let data = [
    ReceiveRecipe(
      "holes (016, 034, 046, 137)",
      """
      for f in a b c d e; do head -c 1000000 /dev/urandom > $f; done; truncate -s 3M f
      dd if=/dev/urandom of=f bs=64K seek=20 count=1 conv=notrunc 2>/dev/null
      """,
      change: """
        fallocate -p -o 100000 -l 500000 a; fallocate -p -o 0 -l 4096 b; truncate -s 500001 c
        truncate -s 5M d; fallocate -p -o 900000 -l 200000 e; fallocate -p -o 1000000 -l 3000000 f
        dd if=/dev/urandom of=f bs=64K seek=60 count=1 conv=notrunc 2>/dev/null
        """),
    ReceiveRecipe(
      "preallocated extents and overwritten ends (169, 188, 303)",
      "touch a; fallocate -n -l 1M a; fallocate -l 1M b; head -c 5000 /dev/urandom > c",
      change: """
        dd if=/dev/urandom of=a bs=4K seek=3 count=2 conv=notrunc 2>/dev/null; fallocate -n -l 2M b
        truncate -s 0 c; truncate -s 5000 c; truncate -s 3M b; fallocate -z -o 4096 -l 8192 b
        """),
    ReceiveRecipe(
      "clones within a file and between files (025, 108, 117, 203, 319, 322)",
      """
      head -c 4194304 /dev/urandom > a; cp --reflink=always a b; head -c 100001 /dev/urandom > c; sync
      """,
      change: """
        cp --reflink=always a new; cp --reflink=always c c2; rm b; truncate -s 50000 c2
        dd if=/dev/urandom of=new bs=4K seek=5 count=3 conv=notrunc 2>/dev/null
        cp --reflink=always new new2; truncate -s 100 c; cp --reflink=always c c3; mv a z
        cp --reflink=always z a
        """),
    ReceiveRecipe(
      "capabilities outlive a change of owner (214, 235)",
      before: {
        try $0.shell("echo 1 > a; echo 2 > b; echo 3 > c; chmod 4755 c")
        try $0.setAttribute("a", "security.capability", capability)
        try $0.setAttribute("b", "security.capability", capability)
      },
      change: {
        try $0.shell("chown 1:1 a; echo more >> b; chown 9:9 c; chmod 2755 c; cp b d")
        try $0.setAttribute("a", "security.capability", capability)
        try $0.setAttribute("d", "security.capability", capability)
      }),
    ReceiveRecipe(
      "extended attributes (053)",
      before: {
        try $0.shell("mkdir d; touch f")
        for (name, size) in [("user.a", 0), ("user.b", 1), ("trusted.big", 3800)] {
          try $0.setAttribute("f", name, [UInt8](repeating: 7, count: size))
          try $0.setAttribute("d", name, [UInt8](repeating: 8, count: size))
        }
      },
      change: {
        try $0.removeAttribute("f", "user.a")
        try $0.setAttribute("f", "user.b", [])
        try $0.setAttribute("f", "user." + String(repeating: "n", count: 250), [1])
        try $0.removeAttribute("d", "trusted.big")
      }),
  ]

  static let all = [kinds] + renames + data
}
