internal import Bytes
internal import Synchronization

/// A small kernel of Linux for x86-64, put together by hand: code, its table of symbols, tables
/// relative to themselves, and the places of addresses behind it.
public struct SmallKernel: Sendable {
  /// A function of 16 bytes.
  public struct Function: Sendable {
    /// Its type and name, as `kallsyms` has them.
    public var name: String
    /// What it calls.
    public var callee: String

    /// A function that calls another.
    public init(_ name: String, calling callee: String) {
      self.name = name
      self.callee = callee
    }
  }

  /// In the order of their addresses.
  public var functions: [Function]
  /// Whether the offsets of symbols are before the names, as Linux had it up to 6.1.
  public var offsetsAreFirst: Bool

  /// Many functions.
  public init(count: Int = 700, offsetsAreFirst: Bool = true) {
    let stems = ["get_page", "put_inode", "do_sys_open", "btrfs_tree_lock", "vfs_read", "tcp_ack"]
    let names = (0..<count).map { "t\(stems[$0 % stems.count])_\($0 * 7919 % 10_007)" }
    functions = names.indices.map { Function(names[$0], calling: names[$0 * 31 % count]) }
    self.offsetsAreFirst = offsetsAreFirst
  }

  /// The lowest address.
  public static let base: UInt64 = 0xffff_ffff_8100_0000
  /// The names of sections, in their order.
  public static let sectionNames = [
    ".text", ".rodata", ".pci_fixup", "__ksymtab", "__ex_table", ".data", "__bug_table",
    ".orc_unwind_ip", ".init.data", ".altinstructions",
  ]
  private static let code = 0
  private static let readOnly = 1
  private static let data = 5

  /// Where each section starts in the file.
  public var offsets: [Int] { elf(places(of: nil)).offsets }

  /// The file.
  public var bytes: [UInt8] {
    // Once for where sections come to be, and once more with that known.
    let elf = elf(places(of: elf(places(of: nil))))
    var bytes = elf.bytes
    // vmlinux.relocs: of 64 bits, of the memory of each processor, and of 32 bits.
    bytes += words(0, 0)
    let start = Self.base + UInt64(elf.offsets[Self.code])
    for index in functions.indices {
      bytes.append(littleEndian: UInt32(truncatingIfNeeded: start + 16 * UInt64(index) + 1))
    }
    return bytes
  }

  private func places(of elf: SmallElf?) -> [UInt64] {
    elf?.offsets.map { Self.base + UInt64($0) }
      ?? Array(repeating: Self.base, count: Self.sectionNames.count)
  }

  private func elf(_ places: [UInt64]) -> SmallElf {
    let contents = [
      code(places), readOnly(places), records(places, 2), records(places, 3), records(places, 4),
      [UInt8](repeating: 0x11, count: 16 * functions.count), records(places, 6),
      records(places, 7), records(places, 8), records(places, 9),
    ]
    return SmallElf(
      type: 2, base: Self.base,
      zip(Self.sectionNames, contents).map {
        .init($0, flags: $0 == ".text" ? 6 : 3, $1)
      })
  }

  private func code(_ places: [UInt64]) -> [UInt8] {
    let numbers = Dictionary(
      uniqueKeysWithValues: functions.enumerated().map { ($1.name, $0) })
    var code: [UInt8] = []
    for (index, function) in functions.enumerated() {
      let object = places[Self.data] + 16 * UInt64(index)
      code.append(0xbf)
      code.append(littleEndian: UInt32(truncatingIfNeeded: object))
      code.append(0xe8)
      let distance = 16 * ((numbers[function.callee] ?? 0) - index) - 10
      code.append(littleEndian: UInt32(truncatingIfNeeded: distance))
      // Something of its own.
      code += [
        0x6a, UInt8(truncatingIfNeeded: function.name.utf8.reduce(7) { $0 &* 31 &+ Int($1) }),
      ]
      code += [
        0x6a, UInt8(truncatingIfNeeded: function.name.utf8.reduce(3) { $0 &* 37 &+ Int($1) }),
      ]
      code += [0xc3, 0xcc]
    }
    return code
  }

  /// The records of a section, one for each function.
  private func records(_ places: [UInt64], _ section: Int) -> [UInt8] {
    var out: [UInt8] = []
    func appendRelative(_ target: UInt64) {
      let place = places[section] &+ UInt64(out.count)
      out.append(littleEndian: UInt32(truncatingIfNeeded: target &- place))
    }
    for index in functions.indices {
      let function = places[Self.code] &+ 16 * UInt64(index)
      switch Self.sectionNames[section] {
      case ".pci_fixup":
        out += words(UInt32(index), 0xffff_ffff, 0)
        appendRelative(function)
      case "__ksymtab":
        appendRelative(function)
        appendRelative(places[Self.readOnly])
        out += words(0)
      case "__ex_table", "__bug_table", ".altinstructions":
        appendRelative(function &+ 5)
        appendRelative(places[Self.readOnly])
        out += words(UInt32(index) & 0xff)
      default:
        appendRelative(function)
      }
    }
    return out
  }

  /// Jump entries, and the table of symbols.
  private func readOnly(_ places: [UInt64]) -> [UInt8] {
    var out: [UInt8] = []
    for index in functions.indices {
      let place = places[Self.readOnly] &+ UInt64(out.count)
      let function = places[Self.code] &+ 16 * UInt64(index)
      out.append(littleEndian: UInt32(truncatingIfNeeded: function &- place))
      out.append(littleEndian: UInt32(truncatingIfNeeded: function &+ 10 &- place &- 4))
      out.append(littleEndian: places[Self.data] &+ 16 * UInt64(index) &- place &- 8)
    }
    let offsets = functions.indices.flatMap {
      words(
        UInt32(truncatingIfNeeded: Self.base &- 1 &- places[Self.code] &- 16 * UInt64($0)))
    }
    return out + SymbolTable.of(functions.map(\.name)).bytes(offsets, offsetsAreFirst)
  }

  /// The names of `kallsyms`, as `scripts/kallsyms.c` writes it, in the plainest way.
  public struct SymbolTable: Sendable {
    /// Pairs of tokens that became one, in their order: the token and the pair.
    public private(set) var pairs: [(token: UInt8, first: UInt8, second: UInt8)] = []
    /// The tokens of each name.
    public private(set) var coded: [[UInt8]]
    private let names: [String]

    /// Finding pairs takes seconds without optimization.
    private static let made = Mutex<[[String]: SymbolTable]>([:])

    /// The table of some names.
    public static func of(_ names: [String]) -> SymbolTable {
      if let table = made.withLock({ $0[names] }) { return table }
      let table = SymbolTable(names)
      made.withLock { $0[names] = table }
      return table
    }

    private init(_ names: [String]) {
      self.names = names
      coded = names.map { Array($0.utf8) }
      let used = Set(coded.joined())
      for token in (0...255).reversed().map({ UInt8($0) }) where !used.contains(token) {
        var counts: [Int: Int] = [:]
        for name in coded {
          for (one, other) in zip(name, name.dropFirst()) {
            counts[Int(one) + Int(other) * 256, default: 0] += 1
          }
        }
        guard let best = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key else {
          break
        }
        pairs.append((token, UInt8(best % 256), UInt8(best / 256)))
        coded = coded.map { Self.replace($0, UInt8(best % 256), UInt8(best / 256), token) }
      }
    }

    private static func replace(
      _ name: [UInt8], _ first: UInt8, _ second: UInt8, _ token: UInt8
    ) -> [UInt8] {
      var out: [UInt8] = []
      var at = 0
      while at < name.count {
        let isPair = at + 1 < name.count && name[at] == first && name[at + 1] == second
        out.append(isPair ? token : name[at])
        at += isPair ? 2 : 1
      }
      return out
    }

    /// What each token stands for.
    private var meanings: [[UInt8]] {
      var meanings = (0...255).map { [UInt8($0)] }
      let used = Set(names.flatMap { Array($0.utf8) })
      for token in 0...255 where !used.contains(UInt8(token)) { meanings[token] = [] }
      for pair in pairs {
        meanings[Int(pair.token)] = meanings[Int(pair.first)] + meanings[Int(pair.second)]
      }
      return meanings
    }

    /// The parts, with 8 bytes between that are no zeros.
    func bytes(_ offsets: [UInt8], _ offsetsAreFirst: Bool) -> [UInt8] {
      func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8)
      }
      var text: [UInt8] = []
      var markers: [UInt8] = []
      for (number, name) in coded.enumerated() {
        if number % 256 == 0 { markers.append(littleEndian: UInt32(text.count)) }
        text += [UInt8(name.count)] + name
      }
      var table: [UInt8] = []
      var index: [UInt8] = []
      for meaning in meanings {
        index.append(littleEndian: UInt16(table.count))
        table += meaning + [0]
      }
      let order = names.indices.sorted { (names[$0], $0) < (names[$1], $1) }
      let numbers = order.flatMap { [UInt8($0 >> 16), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
      let addresses = padded(offsets) + quads(SmallKernel.base)
      let head = quads(UInt64(names.count)) + padded(text) + padded(markers)
      let tokens = padded(table) + index
      return offsetsAreFirst
        ? addresses + head + padded(numbers) + tokens : head + tokens + addresses + padded(numbers)
    }
  }
}
