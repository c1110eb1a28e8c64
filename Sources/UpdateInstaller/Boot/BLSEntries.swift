internal import Bytes
internal import Linux

/// `loader/entries` of a boot partition.
struct BLSEntries: ~Copyable {
  let directory: Descriptor
  let token: String
  /// Our entries, first the one that boots: those with tries left before those without, and among
  /// them the highest.
  private(set) var own: [BLSEntryName] = []
  /// The names of all other entries.
  private(set) var others: [String] = []

  static let limit = 64 << 10

  /// Opens it.
  init(on partition: borrowing Descriptor, token: String) throws(BootError) {
    let directory = try Self.open(on: partition)
    let names = try Self.names(in: directory, token)
    self.init(directory, token, names)
  }

  private typealias Names = (own: [BLSEntryName], others: [String])

  private init(_ directory: consuming Descriptor, _ token: String, _ names: Names) {
    self.directory = directory
    self.token = token
    (own, others) = names
  }

  private static func open(on partition: borrowing Descriptor) throws(BootError) -> Descriptor {
    do throws(SystemError) {
      return try partition.open(
        beneath: "loader/entries", [.readOnly, .directory, .noFollow])
    } catch {
      guard error.errno == .noSuchFile else { throw .system(error) }
      throw .unusable(path: partition.path, "there is no \"loader/entries\" in it")
    }
  }

  private mutating func read() throws(BootError) {
    (own, others) = try Self.names(in: directory, token)
  }

  private static func names(
    in directory: borrowing Descriptor, _ token: String
  ) throws(BootError) -> Names {
    let entries: [DirectoryEntry]
    do throws(SystemError) { entries = try directory.entries() } catch { throw .system(error) }
    var names = Names([], [])
    for entry in entries {
      let text = String(decoding: entry.name, as: UTF8.self)
      if let name = BLSEntryName(text, token: token) {
        names.own.append(name)
      } else if text.hasSuffix(".conf") {
        names.others.append(text)
      }
    }
    names.own.sort {
      let (isBad, isOtherBad) = ($0.state == .bad, $1.state == .bad)
      return isBad != isOtherBad ? isOtherBad : $0.sequence > $1.sequence
    }
    return names
  }

  /// The entry of a system; of two, which only a broken directory has, the higher one.
  func entry(of uuid: SubvolumeUUID) -> BLSEntryName? {
    own.filter { $0.uuid == uuid }.max { $0.sequence < $1.sequence }
  }

  /// The highest number of any entry; 0 if there is none.
  var highest: UInt64 { own.map(\.sequence).max() ?? 0 }

  /// The text of an entry; `nil` if it is not there.
  func text(of name: String) throws(BootError) -> String? {
    try directory.bootContents(name, limit: Self.limit).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Gives an entry another name.
  mutating func rename(_ old: BLSEntryName, to new: BLSEntryName) throws(BootError) {
    if old == new { return }
    do throws(SystemError) {
      try directory.rename(old.text(token), to: new.text(token))
      try directory.sync()
    } catch { throw .system(error) }
    try read()
  }

  /// Takes over a file of another directory of the partition as an entry.
  mutating func take(
    _ file: String, in source: borrowing Descriptor, as name: BLSEntryName
  ) throws(BootError) {
    do throws(SystemError) {
      try source.rename(file, to: name.text(token), in: directory)
      try directory.sync()
      try source.sync()
    } catch { throw .system(error) }
    try read()
  }

  /// Removes our entries of all other systems, and what a broken directory has twice.
  mutating func clean(keeping systems: Set<SubvolumeUUID>) throws(BootError) {
    let kept = systems.compactMap { entry(of: $0) }
    let leftovers = own.filter { !kept.contains($0) }
    if leftovers.isEmpty { return }
    do throws(SystemError) {
      for name in leftovers { try directory.unlink(name.text(token)) }
      try directory.sync()
    } catch { throw .system(error) }
    try read()
  }
}
