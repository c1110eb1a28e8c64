extension SmallElf {
  /// A file that has something for every part of the parser.
  public static func full(machine: UInt16, type: UInt16, seed: UInt64 = 0) -> SmallElf {
    var random = SeededGenerator(seed: seed ^ UInt64(machine) << 16 | UInt64(type))
    let names = [
      (".dynsym", 11, 2), (".dynstr", 3, 0), (".rela.dyn", 4, 1), (".rela.plt", 4, 1),
      (".plt", 1, 0), (".text", 1, 0), (".rodata", 1, 0), (".eh_frame_hdr", 1, 0),
      (".eh_frame", 1, 0), (".got", 1, 0), (".dynamic", 6, 2), (".hash", 5, 1),
      (".gnu.hash", 1, 1), (".relr.dyn", 19, 0), (".init_array", 1, 0), (".data", 1, 0),
      (".BTF", 1, 0), (".symtab", 2, 2), (".bss", 8, 0),
      ("__versions", 1, 0), ("__kcrctab_gpl", 1, 0),
    ]
    return SmallElf(
      machine: machine, type: type, base: type == 2 ? 0x40_0000 : 0,
      names.map { name, type, link in
        let isCode = name == ".text" || name == ".plt"
        return .init(
          name, type: UInt32(type), flags: isCode ? 6 : 2,
          name == ".dynstr" ? Self.counters(&random) : random.bytes(600), link: UInt32(link),
          info: 6)
      })
  }

  /// Names with counters, some of them too long.
  private static func counters(_ random: inout SeededGenerator) -> [UInt8] {
    (0..<16).flatMap { _ in
      let letters = String(repeating: "n", count: Int.random(in: 0...110, using: &random))
      let number = Int.random(in: 0...20_000, using: &random)
      return Array(
        "__UNIQUE_ID_\(letters)\(number)\(Bool.random(using: &random) ? ".1" : "")\0".utf8)
    }
  }
}
