import Linux
import Testing

// More of what fstests' send group checks, by number; each is told anew, as short as it can be.
extension ReceiveRecipe {
  /// Shares a range within `work`, as `xfs_io -c reflink` does.
  private static func share(
    _ bench: ReceiveBench, _ from: String, _ at: UInt64, _ to: String, _ offset: UInt64,
    _ count: UInt64
  ) throws {
    let work = try bench.open("work")
    let source = try work.open(beneath: from)
    let target = try work.open(beneath: to, .readWrite)
    try target.cloneRange(from: source, at: at << 10, count: count << 10, to: offset << 10)
  }

  /// A file of some KiB of one byte, or a part of one.
  private static func fill(
    _ name: String, _ byte: Int, _ kib: Int, at offset: Int = 0
  ) -> String {
    let octal = String(byte, radix: 8)
    return """
      head -c \(kib << 10) /dev/zero | tr '\\0' '\\\(octal)' \
      | dd of=\(name) bs=1K seek=\(offset) conv=notrunc iflag=fullblock status=none

      """
  }

  static let sendGroupNames = [
    ReceiveRecipe(
      "everything is made anew, in another order (019)",
      "mkdir t; touch t/one t/two; mkdir t/d; touch t/d/three",
      change: "rm -r t; mkdir t; touch t/one; mkdir t/d; touch t/d/three t/two"),
    ReceiveRecipe(
      "a directory goes that is not empty yet when its turn comes (043)",
      """
      mkdir -p p/q; mkdir n0 n1; mkdir p/q/r; mv n0 n1 p/q/r; echo hello > p/q/r/text
      mkdir p/q/r/x p/q/r/x2 p/q/y p/q/z; mkdir -p p/q/d1/d2/d3; mkdir p/q/d4
      """,
      change: """
        rm p/q/r/text; mv p/q/y p/q/Y; mv p/q/z p; mv p/q/r/x p/q/Y; mv p/q/r/n0 p/q/Y/m0
        mv p/q/r/x2 p/z/X; mv p/q/r/n1 p/z/X; rmdir p/q/r; mv p/q/d4 p/d44; mv p/q/d1/d2 p/d44
        rmdir p/q/d1
        """),
    ReceiveRecipe(
      "moved into what was moved, over several levels (045)",
      """
      mkdir -p a/b a/c a/b/d; touch a/f1 a/b/f2; mv a/f1 a/b/d/f3; ln a/b/d/f3 a/b/f4; mkdir a/b/f
      mv a/b a/c/b2; touch a/c/b2/d/f5; mkdir -p a/x1/x2 a/Z a/x1/x2/x3/x4/x5
      mkdir -p k/l/m/n; mkdir k/l/m/n/o k/l/m/n/p; mv k/l/m/n/o k/l/m/n/p/O; mkdir k/l/m/q
      mv k/l/m/n k/l/N; mkdir -p za/zb/zc/zd za/zb/ze; mv za/zb/zc za/zb/ze/zC
      mkdir za/zb/ze/zC/zd/zf za/zg; mkdir -p w/b w/c/d w/b/e w/c/d/f; mv w/b w/c/d/B
      mkdir -p u/b u/c u/b/d u/c/e
      """,
      change: """
        ln a/c/b2/f4 a/c/b2/f/f6; mv a/c/b2/d/f5 a/c/f7; touch a/c/b2/d/f8 a/c/b2/f9
        ln a/c/b2/f9 a/c/b2/f10; mv a/c/b2/f a/F; mv a/c a/C; mv a/C/b2 a/F/b3; mv a/C a/F/b3/c3
        touch a/F/b3/c3/f11; mv a A; mv A/x1/x2/x3 A/Z/X; mv A/x1/x2 A/Z/X/x4/x5/X22
        mkdir k/o; mv k/l/m/q k/l/N/p/G; mv k/l/N k/l/dd; mv k/l/m k/M; mv k/l/dd/p k/o/P
        mv k/l k/o/P/O/L; mkdir za/zg/zh; mv za/zb/ze za/zg/zh/E; mv za/zg/zh/E/zC/zd za/zg/zh/E/D
        mv za/zg/zh/E/D/zf za/zg/zh/E/D/F; mv w/c/d/B/e w/c/d/B/e2; mkdir w/h; mv w/c/d w/h/D
        mv w/c w/h/D/B/C; echo x > u/foo; mkdir u/b/d/f u/b/g; mv u/c/e u/b/g/E; mv u/c u/b/d/f/C
        mv u/b/d/f u/b/g/E/F; mv u/foo u/b/g/E/F
        """),
    ReceiveRecipe(
      "two children leave a directory that goes, one later than the other (128, 129)",
      """
      mkdir a tmp del; mv tmp del; mkdir a/c del/x del/y
      mkdir e tmp2 del2; mv tmp2 del2; mkdir e/c2 del2/z
      """,
      change: """
        mv a/c .; mv del/x a; mv del/y a; mv del/tmp c; rmdir del
        mv e/c2 .; mv del2/z e; mv del2/tmp2 c2; rmdir del2
        """),
    ReceiveRecipe(
      "a file and its directory change places (221)",
      "touch a b; mkdir t; mv a t/a",
      change: "mv t/a a2; touch t/a; mv b b2; ln a2 b; mv t t2; mv a2 t"),
    ReceiveRecipe(
      "links take the names of directories, one within the other (222)",
      "touch f1 f2; mkdir d1 d1/d2",
      change: """
        ln f2 d1/l; mv f1 d1/d2/f1; mv d1 tmp; mv f2 d1; mv tmp f2; mv f2/d2 tmp; mv f2/l f2/d2
        mv tmp f2/l
        """),
    ReceiveRecipe(
      "thousands of links go, and half of them come back (272)",
      "touch f; for i in {1..2000}; do ln f $i; done",
      change: "rm {1..2000}; for i in {1001..2000}; do ln f $i; done"),
    ReceiveRecipe(
      "of thousands of links one is left, which the inode has no room for (050)",
      """
      mkdir -p h/j; cd h/j; touch f
      for i in {1001..3550}; do ln f a-name-of-some-length-$i; done; ln f last; rm f a-*
      """,
      change: "ln h/j/last again; rm h/j/last"),
    ReceiveRecipe(
      "the compression property, and what inherits it (048)",
      """
      mkdir -p d/s; btrfs property set d/s compression lzo; touch d/s/one
      btrfs property set d compression zlib
      """,
      change: "touch d/s/two; mkdir d/s/e; touch d/s/e/three; btrfs property set d/s compression ''"
    ),
  ]

  static let sendGroupData = [
    ReceiveRecipe(
      "a file is cloned into lower places of itself (097)",
      before: { try $0.shell(fill("f", 0xaa, 64, at: 128) + "sync") },
      change: {
        try share($0, "f", 144, "f", 0, 16)
        try share($0, "f", 176, "f", 16, 16)
      }),
    ReceiveRecipe(
      "extents shared within one file (200)",
      before: {
        try $0.shell(fill("f", 0xb1, 64) + fill("g", 0xc7, 64) + "sync")
        try share($0, "f", 0, "f", 64, 64)
      }, change: { try share($0, "g", 0, "g", 64, 64) }),
    ReceiveRecipe(
      "one extent a hundred times over (130)",
      before: {
        try $0.shell(fill("f", 0xcd, 128) + "sync")
        for at in 1..<100 { try share($0, "f", 0, "f", UInt64(at) * 128, 128) }
      }, change: { try $0.shell("cp --reflink=always f g; truncate -s 5M f") }),
    ReceiveRecipe(
      "the source of a clone ends amid it, and not at a block (189)",
      before: {
        try $0.shell(
          fill("foo", 0xb1, 2048) + fill("bar", 0xc7, 2048) + fill("baz", 0x4d, 2048)
            + fill("zoo", 0xe2, 2048) + "sync")
      },
      change: {
        try share($0, "bar", 1600, "bar", 640, 128)
        try share($0, "bar", 1600, "zoo", 0, 128)
        try $0.shell("truncate -s 710K bar")
      }),
    ReceiveRecipe(
      "some share all of an extent, some a part (283)",
      before: {
        try $0.shell(
          fill("f", 0xab, 128) + "sync; cp --reflink=always f g; cp --reflink=always f h; "
            + fill("f", 0xcd, 64, at: 64))
      }, change: { try share($0, "h", 64, "f", 0, 64) }),
    ReceiveRecipe(
      "clones of compressed extents, in part and at an end that is no block (038, 109, 281)",
      before: {
        try $0.shell("touch f g h; for n in f g h; do btrfs property set $n compression lzo; done")
        try $0.shell(
          fill("f", 0xaa, 100) + "sync; " + fill("f", 0xbb, 40) + fill("f", 0xcc, 100, at: 100)
            + "cp --reflink=always f bar; " + fill("g", 0xab, 65) + fill("h", 0xcd, 128) + "sync")
        try share($0, "h", 0, "g", 0, 64)
      },
      change: {
        try $0.shell(
          fill("f", 0x3e, 80, at: 200) + "sync; " + fill("f", 0xdc, 12, at: 248)
            + "cp --reflink=always f twice")
      }),
    ReceiveRecipe(
      "a block is shared further on in a small file (149)",
      before: { try $0.shell(fill("f", 0xab, 4) + "sync") },
      change: { try share($0, "f", 0, "f", 8, 4) }),
    ReceiveRecipe(
      "the last block is written again, in whole or in part, of files that end within one",
      """
      for size in 100 2048 2100 4095 5000 8292 70001; do
        for f in same longer shorter less more end; do head -c $size /dev/urandom > $f$size; done
      done
      sync
      """,
      change: """
        for size in 100 2048 2100 4095 5000 8292 70001; do
          new() { head -c $(($2)) /dev/urandom | dd of=$1$size bs=1M iflag=fullblock $3 status=none; }
          new same $size conv=notrunc; new longer $size+3000 conv=notrunc; new shorter $size-90 ''
          new less $size-90 conv=notrunc; new more 3000 "conv=notrunc oflag=append"
          head -c 7 /dev/urandom >> end$size
        done
        """),
    ReceiveRecipe(
      "data that is not on its way to the disk yet (186)", "touch f",
      change: fill("f", 0xea, 108)),
  ]

  static let sendGroup = sendGroupNames + sendGroupData
}
