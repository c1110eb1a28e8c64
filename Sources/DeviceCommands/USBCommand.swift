internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Configuration
internal import Linux
internal import UpdateInstaller

/// `btrfs-update usb`
struct USBCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usb",
    abstract: "Install what a stick has for this device, and leave a log on it.",
    discussion: """
      Mounts the stick read-only, where nobody else sees it, reads the heads of the *.btrfs.xz in \
      its top directory, and applies those that lead to the newest version with the fewest bytes. \
      Every check of `apply` is made, and none can be turned off.
      """)

  @Argument(help: "The block device of the stick's file system.") var device: String
  @OptionGroup var root: RootOptions
  @OptionGroup var trust: TrustOptions

  func run() async throws {
    let loaded = try root.configuration.load()
    let disk = try root.open(loaded)
    let configuration = loaded.configuration
    var options = try trust.options(configuration, root.configuration.trustedFiles)
    options.makeRoom(as: configuration.update)
    let list = try PersistOptions.list(configuration.update.persist, option: "Persist=")
    let stick = try UpdateStick(device, fileSystems: configuration.usb.fileSystems)
    let session = StickSession(
      stick: stick, options: options, settings: configuration.usb,
      tries: configuration.boot.tries, persist: list)
    try session.run(disk)
  }
}

/// `btrfs-update usb-wanted`: what the udev rule asks.
struct USBWantedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usb-wanted",
    abstract: "Say by the exit status whether sticks of a label are looked at.",
    shouldDisplay: false)

  @Argument(help: "The file system's label.") var label: String
  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    guard try options.load().configuration.usb.labels.contains(label) else {
      throw CommandFailure(.noneFits, "sticks of this label are not looked at")
    }
  }
}
