internal import Bytes
public import Linux

/// A program of the device's maker, with the verbs that RAUC's custom backends have, and some more.
///
///     get-primary               says the UUID of the system that boots next, or nothing
///     set-primary UUID          makes it the one; BTRFS_UPDATE_TRIES is set if it is on trial
///     get-state UUID            says good, bad, or trial N
///     set-state UUID good|bad
///     get-current               says the UUID of the system that was booted, or nothing
///     prepare UUID ROOT         puts what the loader needs of the tree where it reads it
///     retain UUID…              removes what it has of all other systems
///
/// Each ends with 0 when it is done, and must be what ``BootBackend`` says: whole or not at all, and
/// on disk. The system is also in the environment: `BTRFS_UPDATE_SUBVOLUME_ID`,
/// `BTRFS_UPDATE_NAME`, `BTRFS_UPDATE_VERSION`.
public struct CustomBackend: BootBackend {
  private let program: BootProgram
  private let trustedTop: String
  /// Whether the loader counts: else `boot-check` does.
  public let countsTries: Bool

  /// How long the program may take if nothing else is said.
  public static let defaultTimeLimit = Duration.seconds(60)

  /// The backend.
  ///
  /// - Parameters:
  ///   - path: the program's absolute path, without symbolic links. It and all directories on the
  ///     way belong to root, and nobody else may write to them.
  ///   - timeLimit: how long it may take.
  ///   - countsTries: whether the loader counts.
  public init(
    _ path: String, timeLimit: Duration = defaultTimeLimit, countsTries: Bool = true
  ) {
    self.init(path, timeLimit: timeLimit, countsTries: countsTries, trustedTop: "")
  }

  init(_ path: String, timeLimit: Duration, countsTries: Bool, trustedTop: String) {
    program = BootProgram(path: path, timeLimit: timeLimit)
    (self.countsTries, self.trustedTop) = (countsTries, trustedTop)
  }

  /// `custom`
  public var name: String { "custom" }

  private func run(
    _ arguments: [String], _ system: BootSystem? = nil, _ more: [String] = []
  ) throws(BootError) -> String {
    try program.requireTrusted(below: trustedTop)
    var environment = more
    if let system {
      environment.append("BTRFS_UPDATE_SUBVOLUME_ID=\(system.subvolumeID)")
      environment.append("BTRFS_UPDATE_NAME=\(system.name)")
      if let version = system.version { environment.append("BTRFS_UPDATE_VERSION=\(version)") }
    }
    let lines = try program.run(arguments, environment: environment)
    guard let line = lines.first else { return "" }
    let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
    return words.joined(separator: " ")
  }

  private func system(
    _ verb: String, _ disk: borrowing BootDisk
  ) throws(BootError) -> BootSystem? {
    let answer = try run([verb])
    if answer.isEmpty { return nil }
    guard let uuid = SubvolumeUUID(text: answer) else {
      throw .malformed(path: program.path, "\(verb) does not say a UUID")
    }
    return disk.system(uuid)
  }

  /// `get-primary`
  public func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    try system("get-primary", disk)
  }

  /// `set-primary`
  public func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError) {
    let more = tries.map { ["BTRFS_UPDATE_TRIES=\($0)"] } ?? []
    _ = try run(["set-primary", "\(system.uuid)"], system, more)
  }

  /// `get-state`; what the records say, where the loader does not count.
  public func state(
    of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) -> BootState {
    guard countsTries else { return disk.state(of: system) }
    let answer = try run(["get-state", "\(system.uuid)"], system)
    if answer == "good" { return .good }
    if answer == "bad" { return .bad }
    let words = answer.split(separator: " ")
    guard words.count == 2, words[0] == "trial", let left = Int(words[1]),
      (1...99).contains(left)
    else { throw .malformed(path: program.path, "get-state says neither good, bad nor trial N") }
    return .trial(triesLeft: left)
  }

  /// `set-state`
  public func setState(
    _ verdict: BootVerdict, of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) {
    _ = try run(["set-state", "\(system.uuid)", verdict.rawValue], system)
  }

  /// `get-current`
  public func current(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    try system("get-current", disk)
  }

  /// `prepare`
  public func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ disk: borrowing BootDisk
  ) throws(BootError) {
    // The file system may be mounted where no other process sees it.
    let path = "/proc/\(Machine.processID)/fd/\(root.rawValue)"
    _ = try run(["prepare", "\(system.uuid)", path], system)
  }

  /// `retain`
  public func retain(_ systems: [BootSystem], _ disk: borrowing BootDisk) throws(BootError) {
    _ = try run(["retain"] + systems.map { "\($0.uuid)" })
  }
}
