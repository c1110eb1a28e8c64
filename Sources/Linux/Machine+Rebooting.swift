internal import CLinux
internal import Glibc

extension Machine {
  /// Where systemd says that it runs (`sd_booted`).
  private static let systemdDirectory = "/run/systemd/system"

  /// Puts everything on disk and asks for a reboot: systemd where that runs, which stops everything
  /// in order (its signal `SIGRTMIN+5`), else the kernel (`reboot`).
  ///
  /// With systemd it returns before the machine is down.
  public static func reboot() throws(SystemError) {
    Glibc.sync()
    if isSystemdRunning() {
      _ = try systemCall("kill", .changes, path: "process 1") {
        Glibc.kill(1, clinux_systemd_reboot_signal())
      }
      return
    }
    _ = try systemCall("reboot", .changes, path: "the machine") { clinux_reboot() }
  }

  private static func isSystemdRunning() -> Bool {
    do throws(SystemError) {
      return try Descriptor.open(systemdDirectory, [.readOnly, .directory]).status().type
        == .directory
    } catch { return false }
  }
}
