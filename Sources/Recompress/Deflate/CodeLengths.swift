/// The code lengths that zlib gives to symbols of given frequencies (`build_tree`, `gen_bitlen`).
///
/// Many sets of lengths are as short as these: among them, zlib's order of a heap decides.
struct CodeLengths {
  /// The length of each symbol's code, 0 for none.
  private(set) var lengths: [UInt8]
  /// The last symbol with a code.
  private(set) var lastSymbol: Int

  private var weights: [UInt32]
  private var depths: [UInt8]
  private var parents: [Int32]
  private var heap: [Int32]
  private var heapCount = 0

  /// Lengths of at most `longest` bits.
  init(frequencies: [UInt32], longest: Int) {
    let count = frequencies.count
    lengths = [UInt8](repeating: 0, count: count)
    weights = frequencies + [UInt32](repeating: 0, count: count + 1)
    depths = [UInt8](repeating: 0, count: 2 * count + 1)
    parents = [Int32](repeating: 0, count: 2 * count + 1)
    heap = [Int32](repeating: 0, count: 2 * count + 2)
    lastSymbol = -1
    addSymbols(count)
    let order = merge(count)
    assignLengths(order, count, longest)
  }

  /// Puts the symbols that occur into the heap, and makes two of them at least.
  private mutating func addSymbols(_ count: Int) {
    for symbol in 0..<count where weights[symbol] != 0 {
      heapCount += 1
      heap[heapCount] = Int32(symbol)
      lastSymbol = symbol
    }
    while heapCount < 2 {
      let symbol = lastSymbol < 2 ? lastSymbol + 1 : 0
      if lastSymbol < 2 { lastSymbol = symbol }
      weights[symbol] = 1
      heapCount += 1
      heap[heapCount] = Int32(symbol)
    }
    for place in stride(from: heapCount / 2, through: 1, by: -1) { sink(place) }
  }

  /// `pqdownheap`.
  private mutating func sink(_ start: Int) {
    var place = start
    let node = heap[place]
    var child = place * 2
    while child <= heapCount {
      if child < heapCount, isSmaller(heap[child + 1], heap[child]) { child += 1 }
      if isSmaller(node, heap[child]) { break }
      heap[place] = heap[child]
      place = child
      child *= 2
    }
    heap[place] = node
  }

  /// `smaller`: among equal frequencies, the less deep one.
  private func isSmaller(_ one: Int32, _ other: Int32) -> Bool {
    let (one, other) = (Int(one), Int(other))
    return weights[one] < weights[other]
      || weights[one] == weights[other] && depths[one] <= depths[other]
  }

  /// Joins the two rarest nodes until one is left.
  ///
  /// - Returns: All nodes, by frequency, the root first.
  private mutating func merge(_ count: Int) -> [Int32] {
    var order: [Int32] = []
    var node = count
    repeat {
      let rarest = heap[1]
      heap[1] = heap[heapCount]
      heapCount -= 1
      sink(1)
      let next = heap[1]
      order.append(rarest)
      order.append(next)
      weights[node] = weights[Int(rarest)] &+ weights[Int(next)]
      depths[node] = max(depths[Int(rarest)], depths[Int(next)]) &+ 1
      parents[Int(rarest)] = Int32(node)
      parents[Int(next)] = Int32(node)
      heap[1] = Int32(node)
      node += 1
      sink(1)
    } while heapCount >= 2
    order.append(heap[1])
    return order.reversed()
  }

  /// `gen_bitlen`: the depths of the leaves, those too deep moved up.
  private mutating func assignLengths(_ order: [Int32], _ count: Int, _ longest: Int) {
    var nodeLengths = [Int](repeating: 0, count: 2 * count + 1)
    var counts = [Int](repeating: 0, count: longest + 1)
    var overflow = 0
    for node in order.dropFirst() {
      let node = Int(node)
      var length = nodeLengths[Int(parents[node])] + 1
      if length > longest {
        length = longest
        overflow += 1
      }
      nodeLengths[node] = length
      if node < count { counts[length] += 1 }
    }
    if overflow > 0 { Self.balance(&counts, overflow, longest) }
    guard overflow > 0 else {
      for symbol in 0..<count { lengths[symbol] = UInt8(truncatingIfNeeded: nodeLengths[symbol]) }
      return
    }
    // The rarest symbols get the longest codes.
    var place = order.count
    for length in stride(from: longest, through: 1, by: -1) {
      var left = counts[length]
      while left > 0, place > 1 {
        place -= 1
        let node = Int(order[place])
        guard node < count else { continue }
        lengths[node] = UInt8(truncatingIfNeeded: length)
        left -= 1
      }
    }
  }

  /// Makes room for codes that would be too long, below shorter ones.
  private static func balance(_ counts: inout [Int], _ overflow: Int, _ longest: Int) {
    var overflow = overflow
    while overflow > 0 {
      var length = longest - 1
      while length > 0, counts[length] == 0 { length -= 1 }
      counts[length] -= 1
      counts[length + 1] += 2
      counts[longest] -= 1
      overflow -= 2
    }
  }

  /// The codes of lengths (RFC 1951, 3.2.2): the bits, the highest first reversed to the lowest,
  /// above five bits of length.
  static func codes(_ lengths: [UInt8]) -> [UInt32] {
    var counts = [UInt32](repeating: 0, count: 17)
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    var next = [UInt32](repeating: 0, count: 17)
    for length in 1..<16 { next[length + 1] = (next[length] &+ counts[length]) &<< 1 }
    return lengths.map { length in
      guard length > 0 else { return 0 }
      let code = next[Int(length)]
      next[Int(length)] &+= 1
      var reversed: UInt32 = 0
      for bit in 0..<UInt32(length) {
        reversed |= (code &>> bit & 1) &<< (UInt32(length) &- 1 &- bit)
      }
      return reversed &<< 5 | UInt32(length)
    }
  }
}
