internal import ArgumentParser
internal import UpdateInstaller

/// `btrfs-update activate`
struct ActivateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "activate",
    abstract: "Make a version the one that boots next.",
    discussion: """
      A writable snapshot of the version becomes sys_root_current, in one step that a power cut \
      cannot halve; what was current becomes sys_root_last.
      """)

  @Argument(help: "The version. [default: the newest]") var version: SystemVersion?
  @OptionGroup var root: RootOptions
  @OptionGroup var persist: PersistOptions

  func run() async throws {
    let device = try root.open()
    Changes.print(try device.activate(version, carryingOver: persist.list()))
    let current = try device.status().current?.version
    print("version \(current.map { "\($0)" } ?? "?") is current: it runs after the next boot")
  }
}

/// `btrfs-update rollback`
struct RollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Exchange current and last: what ran before boots next.")

  @OptionGroup var root: RootOptions

  func run() async throws {
    let device = try root.open()
    Changes.print(try device.rollBack())
    let current = try device.status().current?.version
    print("version \(current.map { "\($0)" } ?? "?") is current: it runs after the next boot")
  }
}

/// `btrfs-update recover`
struct RecoverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Bring what was interrupted to its end, or take it back.",
    discussion: "Every command that changes something does this first. Without work it just ends.")

  @OptionGroup var root: RootOptions

  func run() async throws {
    let changes = try root.open().recover()
    for change in changes { print(change) }
  }
}
