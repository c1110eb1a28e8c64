internal import Linux

extension StateDirectory {
  /// The backend that the boot loader was last told by; `nil` if none was yet.
  ///
  /// An initramfs has no configuration: only this says whether it may count there.
  func backend() throws(InstallError) -> String? {
    try read(DeviceNames.backend) { record throws(RecordFlaw) in try record.text("name") }
  }

  /// Notes the backend, if it is another one than before, or what is noted cannot be read.
  func note(_ backend: any BootBackend) throws(InstallError) {
    let before = try Self.unlessDamaged { () throws(InstallError) in try self.backend() }
    guard before != backend.name else { return }
    var record = Record(DeviceNames.backend)
    record.append("name", text: backend.name)
    try replace(record)
  }
}

extension Device {
  /// The backend that a boot is checked by: the one that the loader was told by, which in an
  /// initramfs is not the one that is configured.
  ///
  /// - Throws: ``BootError`` in ``InstallError/boot(_:)`` where that needs what is not here.
  func backendOfBoot() throws(InstallError) -> any BootBackend {
    guard let name = try StateDirectory(ifIn: directory)?.backend(), name != boot.name else {
      return boot
    }
    switch name {
    case NamesBackend().name: return NamesBackend()
    case DefaultSubvolumeBackend().name: return DefaultSubvolumeBackend()
    default: throw .boot(.otherBackend(name))
    }
  }
}
