internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import UpdateInstaller

/// `btrfs-update boot-check`
struct BootCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boot-check",
    abstract: "Early in every boot: count a try of the system on trial, or go back.",
    discussion: """
      Belongs into the initramfs, before root is mounted. Ends what a power cut interrupted, counts \
      this boot as one try of the system on trial, and brings the system before it back when none is \
      left. Says what boots on one line. Its exit status is 0 whatever happens: the boot goes on.

      With --device alone, the kernel's command line says in which directory the systems are: \
      btrfs_update.directory=DIR, or rootflags=subvol=DIR/sys_root_current.
      """)

  @OptionGroup var root: RootOptions
  @Flag(
    help: "Reboot after going back, if what runs is not what is current now, but what failed.")
  var reboot = false

  func run() async throws {
    let check: BootCheck
    do { check = try located().open().checkBoot() } catch {
      return Self.log("\(error)")
    }
    Changes.print(check.changes)
    if let problem = check.problem, check.otherBackend == nil { Self.log("\(problem)") }
    print(QuotedText.oneLine(DeviceReport.line(check)))
    guard case .fellBack(_, _, let changes)? = check.outcome else { return }
    Changes.print(changes)
    // A loader that counts has started the system that is current again.
    guard reboot, check.current?.isRunning != true else { return }
    do { try Rebooting.request() } catch { Self.log("\(error)") }
  }

  /// In an initramfs, only the command line can say which directory it is.
  private func located() -> RootOptions {
    var root = root
    if root.device != nil, root.directory == nil {
      root.directory = DeviceLocation.directoryOfThisBoot()
    }
    return root
  }

  private static func log(_ text: String) {
    StandardError.write("btrfs-update: boot-check: \(QuotedText.oneLine(text))\n")
  }
}
