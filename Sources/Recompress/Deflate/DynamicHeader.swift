/// The head of a dynamic block: the code lengths of both codes, run-length coded.
struct DynamicHeader {
  /// The bits behind the three that every block begins with.
  let bits: RecordedBits
  let literalLengths: [UInt8]
  let distanceLengths: [UInt8]

  /// As zlib writes it (`build_bl_tree`, `send_all_trees`).
  init(literals: CodeLengths, distances: CodeLengths) {
    literalLengths = literals.lengths
    distanceLengths = distances.lengths
    let runs =
      Self.runs(literals.lengths[...max(literals.lastSymbol, 0)])
      + Self.runs(distances.lengths[...max(distances.lastSymbol, 0)])
    var frequencies = [UInt32](repeating: 0, count: DeflateSymbols.codeLengths)
    for run in runs { frequencies[run.symbol] += 1 }
    let code = CodeLengths(frequencies: frequencies, longest: 7)
    let order = DeflateSymbols.codeLengthOrder
    let written = max((order.lastIndex { code.lengths[$0] != 0 } ?? 0) + 1, 4)
    var writer = BitWriter()
    writer.write(UInt32(max(literals.lastSymbol + 1, 257) - 257), 5)
    writer.write(UInt32(max(distances.lastSymbol + 1, 1) - 1), 5)
    writer.write(UInt32(written - 4), 4)
    for symbol in order[..<written] { writer.write(UInt32(code.lengths[symbol]), 3) }
    let codes = CodeLengths.codes(code.lengths)
    for run in runs {
      writer.write(codes[run.symbol] >> 5, Int(codes[run.symbol] & 31))
      if run.extraBits > 0 { writer.write(run.extra, run.extraBits) }
    }
    bits = writer.recorded()
  }

  /// As it was read.
  init(bits: RecordedBits, literalLengths: [UInt8], distanceLengths: [UInt8]) {
    self.bits = bits
    self.literalLengths = literalLengths
    self.distanceLengths = distanceLengths
  }

  private struct Run {
    var symbol: Int
    var extra: UInt32 = 0
    var extraBits = 0
  }

  /// `scan_tree`: lengths, or 16 to 18 for repetitions.
  private static func runs(_ lengths: ArraySlice<UInt8>) -> [Run] {
    var runs: [Run] = []
    var former = -1
    var count = 0
    var (most, least) = lengths.first == 0 ? (138, 3) : (7, 4)
    for index in lengths.indices {
      let length = Int(lengths[index])
      let next = index + 1 < lengths.endIndex ? Int(lengths[index + 1]) : -1
      count += 1
      if count < most, length == next { continue }
      if count < least {
        runs += (0..<count).map { _ in Run(symbol: length) }
      } else if length != 0 {
        if length != former {
          runs.append(Run(symbol: length))
          count -= 1
        }
        runs.append(Run(symbol: 16, extra: UInt32(count - 3), extraBits: 2))
      } else if count <= 10 {
        runs.append(Run(symbol: 17, extra: UInt32(count - 3), extraBits: 3))
      } else {
        runs.append(Run(symbol: 18, extra: UInt32(count - 11), extraBits: 7))
      }
      count = 0
      former = length
      (most, least) = next == 0 ? (138, 3) : length == next ? (6, 3) : (7, 4)
    }
    return runs
  }
}
