extension StateDirectory {
  /// The oldest version that may still be installed; `nil` if that was never set.
  ///
  /// - Throws: ``InstallError/recordCorrupt(name:_:)``: a floor that cannot be read lets nothing in.
  func floor() throws(InstallError) -> SystemVersion? {
    try read(DeviceNames.floor) { record throws(RecordFlaw) in try record.version() }
  }

  /// Raises the floor to a version; it never gets lower.
  func raiseFloor(to version: SystemVersion) throws(InstallError) {
    if let floor = try floor(), floor >= version { return }
    var record = Record(DeviceNames.floor)
    record.append("version", version)
    try replace(record)
  }
}
