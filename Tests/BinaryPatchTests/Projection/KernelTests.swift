import Bytes
import TestSupport
import Testing

@testable import BinaryPatch

@Suite("Kernels of Linux")
struct KernelTests {
  private func parse(_ kernel: SmallKernel) throws -> (image: ElfImage, fields: [Field]) {
    let bytes = kernel.bytes
    let image = try image(of: bytes)
    let fields = FieldParser.parse(bytes.rawSpan, image)
    return (image, try #require(fields))
  }

  private func fields(_ fields: [Field], _ image: ElfImage, in name: StaticString) throws -> [Field]
  {
    let range = image.sections[try #require(image.section(named: name))].range
    return fields.filter { range.contains($0.start) }
  }

  /// Where the code of a kernel starts, and its function of a number.
  private func function(_ number: Int, _ image: ElfImage) -> UInt64 {
    image.sections[1].address + 16 * UInt64(number)
  }

  @Test(
    "The table of symbols is found, with its offsets before or behind", arguments: [true, false])
  func symbols(offsetsAreFirst: Bool) throws {
    let kernel = SmallKernel(offsetsAreFirst: offsetsAreFirst)
    let (image, fields) = try parse(kernel)
    let symbols = try #require(image.kernelSymbols)
    #expect(symbols.count == 700)
    var names: [String] = []
    let bytes = kernel.bytes
    symbols.forEachName(bytes.rawSpan) { encoded in
      var name: [UInt8] = []
      symbols.tokens.append(encoded, to: &name)
      names.append(String(decoding: name, as: UTF8.self))
    }
    #expect(names == kernel.functions.map(\.name))
    let offsets = fields.filter { $0.kind == .symbolOffset }
    #expect(
      offsets.map(\.start)
        == Array(stride(from: symbols.offsets.lowerBound, to: symbols.offsets.upperBound, by: 4)))
    let areFunctions = offsets.enumerated().allSatisfy { $1.target == function($0, image) }
    #expect(areFunctions)
    let numbers = fields.filter { $0.kind == .symbolNumber }
    #expect(
      numbers.map(\.start)
        == Array(stride(from: symbols.numbers.lowerBound, to: symbols.numbers.upperBound, by: 3)))
    let sorted = names.indices.sorted { names[$0] < names[$1] }
    let areSorted = zip(numbers, sorted).allSatisfy {
      Int($0.target) == symbols.offsets.lowerBound + 4 * $1
    }
    #expect(areSorted)
  }

  @Test("Tables of places that are relative to themselves")
  func relativeTables() throws {
    let (image, all) = try parse(SmallKernel())
    for (name, perRecord) in [
      (".pci_fixup", 1), ("__ksymtab", 2), ("__ex_table", 2), ("__bug_table", 2),
      (".orc_unwind_ip", 1), (".altinstructions", 2), (".init.data", 1),
    ] as [(StaticString, Int)] {
      let found = try fields(all, image, in: name)
      #expect(found.count == 700 * perRecord, "\(name)")
      let areRelative = found.allSatisfy { $0.kind == .relative && $0.adjustment == 0 }
      #expect(areRelative, "\(name)")
      let first = function(0, image)
      let targets = found.map(\.target).filter { $0 >= first && $0 < first + 16 * 700 }
      let rest = UInt64(
        name.description.contains("table") || name.description.contains("alt") ? 5 : 0)
      let isSymbols = name.description == "__ksymtab"
      let expected = (0..<700).map { first + 16 * UInt64($0) + (isSymbols ? 0 : rest) }
      #expect(targets == expected, "\(name)")
    }
  }

  @Test("Entries of jumps in read-only data, and addresses of 32 bits with a sign")
  func places() throws {
    let (image, all) = try parse(SmallKernel())
    let data = try #require(image.section(named: ".data"))
    let entries = try fields(all, image, in: ".rodata").prefix(2100)
    let kinds: [FieldKind] = [.relative, .relative, .relative64]
    let areEntries = entries.enumerated().allSatisfy { $1.kind == kinds[$0 % 3] }
    #expect(areEntries)
    let targets = (0..<700).flatMap {
      [
        function($0, image), function($0, image) + 10,
        image.sections[data].address + 16 * UInt64($0),
      ]
    }
    let wrong = zip(entries, targets).first { $0.target != $1 }
    #expect(wrong == nil)
    let code = try fields(all, image, in: ".text").filter { $0.kind == .absolute32 }
    #expect(code.count == 700)
    #expect(code.last?.target == image.sections[data].address + 16 * 699)
    let table = image.sectionTable + 64 * image.sections.count
    let appended = all.filter { $0.start >= table }
    #expect(appended.map(\.target) == (0..<700).map { function($0, image) + 1 })
    let areAbsolute = appended.allSatisfy { $0.kind == .absolute32 }
    #expect(areAbsolute)
  }

  @Test("Fields of a kernel do not depend on windows", arguments: [true, false])
  func windows(offsetsAreFirst: Bool) throws {
    let bytes = SmallKernel(offsetsAreFirst: offsetsAreFirst).bytes
    let image = try image(of: bytes)
    let whole = FieldParser.parse(bytes.rawSpan, image, windowSize: (bytes.count + 64) / 64 * 64)
    let expected = try #require(whole).flatMap(\.self)
    for size in [64, 192, 1088, FieldWindow.size] {
      let parsed = FieldParser.parse(bytes.rawSpan, image, windowSize: size)
      let found = try #require(parsed).flatMap(\.self)
      #expect(found.count == expected.count)
      let difference = zip(found, expected).first { $0 != $1 }
      #expect(difference == nil)
    }
  }

  @Test(
    "A table of symbols with any wrong mark, length or index is none", arguments: [true, false])
  func damaged(offsetsAreFirst: Bool) throws {
    let bytes = SmallKernel(offsetsAreFirst: offsetsAreFirst).bytes
    let symbols = try #require(try image(of: bytes).kernelSymbols)
    let names = symbols.names
    func isFound(_ bytes: [UInt8]) throws -> Bool {
      try image(of: bytes).kernelSymbols == symbols
    }
    #expect(try isFound(bytes))
    // The count, the first length, and the marks, which follow the names.
    let marks = (names.upperBound + 7) / 8 * 8
    for at in [names.lowerBound - 8, names.lowerBound, marks, marks + 4, marks + 8] {
      for bit in 0..<8 {
        var wrong = bytes
        wrong[at] ^= 1 << bit
        #expect(try !isFound(wrong), "\(at) \(bit)")
      }
    }
    // The index of tokens: 512 bytes somewhere behind the marks.
    let table = offsetsAreFirst ? symbols.numbers.upperBound : marks + 12
    var changes = 0
    for at in stride(from: table, to: table + 900, by: 7) {
      var wrong = bytes
      wrong[at] ^= 0x80
      let found = try image(of: wrong).kernelSymbols
      if found != symbols { changes += 1 }
    }
    #expect(changes > 60)
  }

  @Test("Kernels with random bytes changed, and cut ones, have fields inside them")
  func hostile() throws {
    var random = SeededGenerator.ofTest("hostile kernels")
    let bytes = SmallKernel().bytes
    for round in 0..<60 {
      var wrong = bytes
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        wrong[Int.random(in: 0..<wrong.count, using: &random)] = random.bytes(1)[0]
      }
      if round % 3 == 0 {
        wrong.removeLast(Int.random(in: 0..<wrong.count, using: &random))
      }
      guard let image = ElfImage(wrong.rawSpan),
        let fields = FieldParser.parse(wrong.rawSpan, image)
      else { continue }
      let areInside = fields.allSatisfy { $0.end <= wrong.count }
      #expect(areInside)
      let areInOrder = zip(fields, fields.dropFirst()).allSatisfy { $0.end <= $1.start }
      #expect(areInOrder)
      let heads = TypeHeads.read(wrong.rawSpan, image)
      #expect(heads == nil)
    }
  }
}

@Suite("Names of symbols in tokens")
struct NamePairsTests {
  private func pairs(_ table: SmallKernel.SymbolTable) throws -> NamePairs {
    try #require(
      NamePairs(
        table.pairs.map { NamePairs.Pair(token: $0.token, first: $0.first, second: $0.second) }))
  }

  @Test("The first pair of all first is the same as one pair after the other")
  func coding() throws {
    let names = SmallKernel().functions.map(\.name)
    let table = SmallKernel.SymbolTable.of(names)
    let coder = NameCoder(try pairs(table))
    for (name, expected) in zip(names, table.coded) {
      var coded = Array(name.utf8)
      coder.encode(&coded)
      #expect(coded == expected)
    }
  }

  @Test("Names of one kernel with the tokens of another")
  func recoding() throws {
    let old = SmallKernel()
    let names = SmallKernel(count: 900).functions.map { "T__x64_\($0.name)" }
    let table = SmallKernel.SymbolTable.of(names)
    let coder = NameCoder(try pairs(table))
    let expected = old.functions.flatMap { function in
      var name = Array(function.name.utf8)
      coder.encode(&name)
      return [UInt8(name.count)] + name
    }
    let bytes = old.bytes
    let symbols = try #require(try image(of: bytes).kernelSymbols)
    let recoded = symbols.recodedNames(try pairs(table), bytes.rawSpan)
    #expect(recoded == expected)
  }

  @Test("Any pairs at all come to an end, and leave no pair")
  func anyPairs() throws {
    var random = SeededGenerator.ofTest("name pairs")
    for _ in 0..<200 {
      let tokens = (0...255).filter { _ in Bool.random(using: &random) }.reversed()
      let pairs = tokens.prefix(200).map {
        NamePairs.Pair(
          token: UInt8($0), first: .random(in: 0...7, using: &random),
          second: .random(in: 0...7, using: &random))
      }
      let coder = NameCoder(try #require(NamePairs(Array(pairs))))
      var name = random.bytes(300).map { $0 & 7 }
      coder.encode(&name)
      let left = zip(name, name.dropFirst()).first { one, other in
        pairs.contains { $0.first == one && $0.second == other }
      }
      #expect(left == nil)
    }
  }

  @Test("Tokens that do not fall are refused")
  func order() {
    let pair = NamePairs.Pair(token: 5, first: 1, second: 2)
    #expect(NamePairs([pair, pair]) == nil)
    #expect(NamePairs([pair, .init(token: 6, first: 1, second: 2)]) == nil)
    #expect(NamePairs([pair, .init(token: 4, first: 1, second: 2)]) != nil)
  }
}
