internal import Bytes

/// How names become tokens: pairs of tokens that become one, in the order in which they do.
///
/// A kernel's build chooses them anew each time, by what is frequent (`scripts/kallsyms.c`).
package struct NamePairs: Equatable, Sendable {
  package struct Pair: Equatable, Sendable {
    package let token: UInt8
    package let first: UInt8
    package let second: UInt8

    package init(token: UInt8, first: UInt8, second: UInt8) {
      self.token = token
      self.first = first
      self.second = second
    }
  }

  /// Bytes that stand for themselves are not among the tokens.
  package static let maxCount = 255

  package let pairs: [Pair]

  /// Pairs, of which no two have one token, in falling order of that; `nil`: others.
  package init?(_ pairs: [Pair]) {
    guard pairs.count <= Self.maxCount,
      zip(pairs, pairs.dropFirst()).allSatisfy({ $0.token > $1.token })
    else { return nil }
    self.pairs = pairs
  }
}

/// Puts pairs for bytes of names.
package struct NameCoder {
  /// By pair, the place of it among all, and one; 0: none.
  private var ranks = [UInt8](repeating: 0, count: 1 << 16)
  private var tokens: [UInt8] = [0]

  /// How many bytes of memory it takes.
  static let memory: UInt64 = 65 << 10

  package init(_ pairs: NamePairs) {
    for pair in pairs.pairs {
      let index = Int(pair.first) | Int(pair.second) &<< 8
      // Of equal ones, the first counts.
      if ranks[index] == 0 { ranks[index] = UInt8(truncatingIfNeeded: tokens.count) }
      tokens.append(pair.token)
    }
  }

  /// Replaces a name by its tokens: as long as two that are neighbours are a pair, the first pair of
  /// all becomes its token, everywhere in the name, from left to right.
  package func encode(_ name: inout [UInt8]) {
    let ranks = ranks.span
    var count = name.count
    var bytes = name.mutableSpan
    while count > 1 {
      var best: UInt8 = 0
      for at in 1..<count {
        // None becomes the highest.
        let rank = ranks[Int(bytes[at &- 1]) | Int(bytes[at]) &<< 8]
        if rank &- 1 < best &- 1 { best = rank }
      }
      guard best > 0 else { break }
      let token = tokens[Int(best)]
      var to = 0
      var from = 0
      while from < count {
        if from &+ 1 < count, ranks[Int(bytes[from]) | Int(bytes[from &+ 1]) &<< 8] == best {
          bytes[to] = token
          from &+= 2
        } else {
          bytes[to] = bytes[from]
          from &+= 1
        }
        to &+= 1
      }
      count = to
    }
    name.removeLast(name.count &- count)
  }
}

extension KernelSymbols {
  /// The names as other pairs make them: of each its length, and its tokens.
  ///
  /// - Parameter limit: So many bytes they may have.
  /// - Returns: `nil` when they have more, or old is not as it was.
  func recodedNames<Old: OldBytes & ~Copyable>(
    _ pairs: NamePairs, limit: Int, of old: inout Old
  ) throws(PatchApplyError<Old.Failure>) -> [UInt8]? {
    let coder = NameCoder(pairs)
    var recoded: [UInt8] = []
    recoded.reserveCapacity(limit)
    var name: [UInt8] = []
    name.reserveCapacity(Self.longestName)
    var names = KernelNames(at: self.names.lowerBound, to: self.names.upperBound, count: count)
    while !names.isAtEnd {
      let isWhole = try names.next(of: &old) { _, encoded in
        name.removeAll(keepingCapacity: true)
        tokens.append(encoded, to: &name)
        coder.encode(&name)
        guard recoded.count &+ name.count &+ 2 <= limit &+ 1 else { return false }
        if name.count < 0x80 {
          recoded.append(UInt8(truncatingIfNeeded: name.count))
        } else {
          recoded.append(UInt8(truncatingIfNeeded: name.count | 0x80))
          recoded.append(UInt8(truncatingIfNeeded: name.count &>> 7))
        }
        recoded.append(contentsOf: name)
        return recoded.count <= limit
      }
      guard isWhole else { return nil }
    }
    return recoded
  }

  /// The same of a file in memory.
  package func recodedNames(_ pairs: NamePairs, _ bytes: RawSpan) -> [UInt8]? {
    unsafe bytes.withUnsafeBytes { buffer in
      var old = unsafe BorrowedBytes(buffer)
      do throws(PatchApplyError<Never>) {
        return try recodedNames(pairs, limit: Self.mostRecodedBytes, of: &old)
      } catch { return nil }
    }
  }
}
