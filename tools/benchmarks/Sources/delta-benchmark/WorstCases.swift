import BinaryDiff
import Bytes
import Glibc

/// Times making patches of bytes that make suffix sorting or matching slow, against an ordinary
/// change, and of ever longer files.
enum WorstCases {
  /// How many times longer than an ordinary one a bad one may take, for each byte.
  static let mostTimes = 4.0
  /// How many times longer a byte of the longest file may take than one of a short file.
  static let mostGrowth = 2.0
  private static let count = 2 << 20
  private static let lengths = [2, 16, 128]

  /// xorshift64*: the same bytes every time.
  private struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state ^= state &>> 12
      state ^= state &<< 25
      state ^= state &>> 27
      return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in UInt8(truncatingIfNeeded: next() &>> 56) }
    }

    /// Words of a small vocabulary, as text or code has them.
    mutating func words(_ count: Int) -> [UInt8] {
      let vocabulary = (0..<4096).map { _ in bytes(3 + Int(next() % 9)) }
      var text: [UInt8] = []
      text.reserveCapacity(count + 16)
      while text.count < count {
        // The product of two: small numbers are frequent.
        text += vocabulary[Int((next() % 64) * (next() % 64))]
      }
      return text
    }
  }

  /// Pieces of old in another order, with a byte wrong here and there and some new bytes.
  private static func changed(_ old: [UInt8], _ random: inout Generator) -> [UInt8] {
    var new: [UInt8] = []
    new.reserveCapacity(old.count + old.count / 64)
    var at = 0
    while at < old.count {
      let length = min(200 + Int(random.next() % 4000), old.count - at)
      let from = random.next() % 8 == 0 ? Int(random.next() % UInt64(old.count - length + 1)) : at
      new += old[from..<(from + length)]
      new[new.count - 1 - Int(random.next() % UInt64(length))] ^= 0x55
      if random.next() % 4 == 0 { new += random.bytes(20) }
      at += length
    }
    return new
  }

  /// Nanoseconds for each byte of new and old together.
  private static func time(_ old: [UInt8], _ new: [UInt8]) throws -> Double {
    var best = Double.infinity
    for _ in 0..<(old.count > count ? 1 : 2) {
      let elapsed = try cpuSeconds {
        _ = try SourceIndex(sources: [old]).patch(to: new.rawSpan)
      }
      best = min(best, elapsed)
    }
    return best * 1e9 / Double(old.count + new.count)
  }

  /// Whether all are fast enough; prints a line for each.
  static func run() throws -> Bool {
    var random = Generator(state: 7)
    let words = random.words(count)
    let typical = try time(words, changed(words, &random))
    var isFast = true
    func report(_ name: String, _ time: Double, _ base: Double, _ most: Double) {
      let isGood = time <= base * most
      if !isGood { isFast = false }
      print(
        "\(name)\t\(text(time)) ns a byte\t\(text(time / base)) times\t\(isGood ? "" : "SLOW")")
      fflush(nil)
    }
    report("words, changed", typical, typical, mostTimes)
    for (name, old, new) in cases(&random) {
      report(name, try time(old, new), typical, mostTimes)
    }
    var first: Double?
    for length in lengths {
      let old = random.words(length << 20)
      let time = try time(old, changed(old, &random))
      report("\(length) MiB of words", time, first ?? time, mostGrowth)
      first = first ?? time
    }
    return isFast
  }

  private static func cases(
    _ random: inout Generator
  ) -> [(name: String, old: [UInt8], new: [UInt8])] {
    let zeros = [UInt8](repeating: 0, count: count)
    var spotted = zeros
    for at in stride(from: 500, to: count, by: 1009) { spotted[at] = 1 }
    let page = random.bytes(4096)
    let pages = (0..<(count / 4096)).flatMap { _ in page }
    let periods = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 3) }
    let otherPeriods = (0..<count).map {
      UInt8(truncatingIfNeeded: $0 % 100 < 50 ? $0 % 3 : $0 % 5)
    }
    // Fibonacci's word: the most repetitions.
    var fibonacci: (last: [UInt8], word: [UInt8]) = ([0], [0, 1])
    while fibonacci.word.count < count {
      fibonacci = (fibonacci.word, fibonacci.word + fibonacci.last)
    }
    return [
      ("zeros, one other", zeros, changed(zeros, &random)),
      ("zeros with ones", spotted, changed(spotted, &random)),
      ("a page again and again", pages, changed(pages, &random)),
      ("pages, shifted", pages, Array(pages[1000...]) + random.bytes(5000)),
      ("periods of three and five", periods, otherPeriods),
      ("Fibonacci's word", fibonacci.word, changed(fibonacci.word, &random)),
      ("noise, changed", random.bytes(count), changed(random.bytes(count), &random)),
      (
        "noise of two letters", random.bytes(count).map { $0 & 1 },
        random.bytes(count).map { $0 & 1 }
      ),
    ]
  }
}
