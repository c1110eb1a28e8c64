internal import Linux

/// Something that a trial boot relies on, and that is not there.
public enum BootWarning: Hashable, Sendable, CaseIterable {
  /// `panic=` is not on the kernel's command line: a kernel that panics stays there.
  case noPanicTimeout
  /// There is no watchdog: a system that hangs stays there.
  case noWatchdog
  /// `rootflags=subvolid=` is on the kernel's command line, and the backend exchanges names: the same
  /// subvolume is root whatever is current.
  case rootNamedByID
  /// The loader does not count tries.
  case loaderDoesNotCount
}

extension BootWarning: CustomStringConvertible {
  /// What is missing, and what for.
  public var description: String {
    switch self {
    case .noPanicTimeout:
      "\"panic=\" is not on the kernel's command line: a system that panics does not reboot"
    case .noWatchdog:
      "there is no /dev/watchdog: a system that hangs does not reboot"
    case .rootNamedByID:
      "\"rootflags=subvolid=\" is on the kernel's command line: it starts that subvolume, whatever "
        + "is current"
    case .loaderDoesNotCount:
      "a kernel that dies before its own initramfs is caught only by a backend in the boot loader"
    }
  }
}

extension BootWarning {
  /// What is missing here.
  ///
  /// - Parameter startsByName: whether nobody but the names, or the default subvolume, says what is
  ///   root.
  static func ofThisMachine(startsByName: Bool = false) -> [BootWarning] {
    ofMachine(
      commandLine: text(of: "/proc/cmdline"), hasWatchdog: hasWatchdog(),
      startsByName: startsByName)
  }

  /// What is missing on a machine with this `/proc/cmdline`.
  static func ofMachine(
    commandLine: String, hasWatchdog: Bool, startsByName: Bool = false
  ) -> [BootWarning] {
    var warnings: [BootWarning] = []
    if !reboots(after: commandLine) { warnings.append(.noPanicTimeout) }
    if !hasWatchdog { warnings.append(.noWatchdog) }
    if startsByName, KernelCommandLine.subvolumeID(in: commandLine) != nil {
      warnings.append(.rootNamedByID)
    }
    return warnings + [.loaderDoesNotCount]
  }

  /// The last `panic=` counts; 0 waits forever, and a negative number reboots at once.
  private static func reboots(after commandLine: String) -> Bool {
    let words = commandLine.split { $0 == " " || $0 == "\n" || $0 == "\t" }
    guard let word = words.last(where: { $0.hasPrefix("panic=") }) else { return false }
    return Int(word.dropFirst("panic=".count)).map { $0 != 0 } ?? false
  }

  private static func hasWatchdog() -> Bool {
    do throws(SystemError) {
      // Not opened: that would start it.
      let devices = try Descriptor.open("/dev", [.readOnly, .directory])
      if try devices.hasEntry("watchdog") { return true }
      return try devices.hasEntry("watchdog0")
    } catch { return false }
  }

  private static func text(of path: String) -> String {
    do throws(SystemError) {
      return String(decoding: try Descriptor.open(path).readToEnd(limit: 1 << 16), as: UTF8.self)
    } catch { return "" }
  }
}
