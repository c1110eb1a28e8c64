/// A loader that always starts `rootflags=subvol=sys_root_current`, and knows nothing else.
///
/// Which system has that name is all there is to decide, so nothing is written here: the names are
/// exchanged already, and the tries are in the records, where `boot-check` counts them.
public struct NamesBackend: RecordedTrialsBackend {
  /// The backend.
  public init() {}

  /// `names`
  public var name: String { "names" }

  /// What has the name of current.
  public func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    disk.system(named: DeviceNames.current)
  }

  /// The exchange has done it.
  public func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError) {}
}
