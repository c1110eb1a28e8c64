internal import Linux

/// Finds directories that are elsewhere with all they held, by the files that moved.
///
/// Where an entry would be can be only one place: a file is where its pair is; a directory is where the
/// first of its files says; all else is where the directory that it is in says. So one pass
/// tells all places, and another one, from the innermost directories outwards, what is the same.
struct DirectoryMoves {
  /// The outermost of them, each with all that is below: entries of both trees, itself first.
  let found: [[(old: Int, new: Int)]]

  /// - Parameters:
  ///   - gone: what only the old tree has.
  ///   - came: what only the new tree has.
  ///   - files: entries of the old tree, and which of the new tree have their contents.
  init(
    _ gone: EntryNesting, _ came: EntryNesting, files: [Int: Int], _ comparison: InodeComparison
  ) {
    var places = DirectoryPlaces(gone, came, files)
    let isTold = places.places.map { $0 != .unknown }
    places.follow()
    let isSame = places.compare(files, comparison)
    var found: [[(old: Int, new: Int)]] = []
    var index = 0
    while index < gone.entries.count {
      guard isTold[index], isSame[index], gone.inode(at: index).type == .directory else {
        index += 1
        continue
      }
      found.append(places.pairs(of: index..<gone.ends[index]))
      index = gone.ends[index]
    }
    self.found = found
  }
}

/// Where in the new tree the entries would be that only the old one has.
private struct DirectoryPlaces {
  enum Place: Equatable {
    /// No file tells.
    case unknown
    /// Its files tell of a place that cannot be.
    case nowhere
    /// That one of what came.
    case at(Int)
  }

  private struct Child: Hashable {
    var parent: Int
    var name: ArraySlice<UInt8>
  }

  private let gone: EntryNesting
  private let came: EntryNesting
  private(set) var places: [Place]

  /// What files tell of themselves and of the directories above.
  init(_ gone: EntryNesting, _ came: EntryNesting, _ files: [Int: Int]) {
    self.gone = gone
    self.came = came
    let indices = Dictionary(
      came.entries.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    places = gone.entries.map { entry in
      files[entry].flatMap { indices[$0] }.map { .at($0) } ?? .unknown
    }
    // From the last to the first, so that the first of a directory's files has the last word.
    for index in places.indices.reversed() where places[index] != .unknown {
      guard let parent = gone.parents[index] else { continue }
      places[parent] = .nowhere
      if case .at(let place) = places[index], let above = came.parents[place],
        came.name(at: place) == gone.name(at: index)
      {
        places[parent] = .at(above)
      }
    }
  }

  /// Lets what no file tells of follow the directory that it is in.
  mutating func follow() {
    var children: [Child: Int] = [:]
    for (index, parent) in came.parents.enumerated() {
      if let parent { children[Child(parent: parent, name: came.name(at: index))] = index }
    }
    for index in places.indices where places[index] == .unknown {
      guard let parent = gone.parents[index], case .at(let above) = places[parent],
        let place = children[Child(parent: above, name: gone.name(at: index))]
      else { continue }
      places[index] = .at(place)
    }
  }

  /// For each entry, whether its place has the same type and contents, and, in a directory, just the same
  /// entries, with the same metadata but for times.
  func compare(_ files: [Int: Int], _ comparison: InodeComparison) -> [Bool] {
    var isSame = [Bool](repeating: true, count: places.count)
    for index in places.indices.reversed() {
      guard isSame[index], case .at(let place) = places[index],
        hasSameContents(index, place, files)
      else {
        isSame[index] = false
        if let parent = gone.parents[index] { isSame[parent] = false }
        continue
      }
      guard let parent = gone.parents[index] else { continue }
      // Of the same name as the directory says, whatever its files say of it.
      let follows =
        came.parents[place].map { .at($0) == places[parent] } ?? false
        && came.name(at: place) == gone.name(at: index)
      if !follows || !hasSameMetadata(index, place, comparison) { isSame[parent] = false }
    }
    return isSame
  }

  private func hasSameContents(_ index: Int, _ place: Int, _ files: [Int: Int]) -> Bool {
    let (mine, theirs) = (gone.inode(at: index), came.inode(at: place))
    return mine.type == theirs.type && mine.size == theirs.size
      && gone.childCounts[index] == came.childCounts[place]
      && (mine.size == 0 || files[gone.entries[index]] != nil)
  }

  private func hasSameMetadata(
    _ index: Int, _ place: Int, _ comparison: InodeComparison
  ) -> Bool {
    comparison.metadata(gone.entries[index], came.entries[place]).isSubset(of: [.time])
  }

  /// The entries of both trees, of those that have a place.
  func pairs(of range: Range<Int>) -> [(old: Int, new: Int)] {
    range.compactMap { index in
      guard case .at(let place) = places[index] else { return nil }
      return (gone.entries[index], came.entries[place])
    }
  }
}
