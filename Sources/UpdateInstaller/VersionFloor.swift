extension StateDirectory {
  /// The oldest version that may still be installed; `nil` if that was never set.
  ///
  /// - Throws: ``InstallError/recordCorrupt(name:_:)``: a floor that cannot be read lets nothing in.
  func floor() throws(InstallError) -> SystemVersion? {
    guard let record = try record(DeviceNames.floor) else { return nil }
    do throws(RecordFlaw) { return try record.version() } catch {
      throw .recordCorrupt(name: DeviceNames.floor, error)
    }
  }

  /// Raises the floor to a version; it never gets lower.
  func raiseFloor(to version: SystemVersion) throws(InstallError) {
    if let floor = try floor(), floor >= version { return }
    var record = Record(DeviceNames.floor)
    record.append("version", version)
    try replace(record)
  }
}
