internal import Crypto

extension Device {
  /// What the device has learned about keys. Changes nothing and takes no lock.
  ///
  /// - Throws: ``InstallError/recordCorrupt(name:_:)``, or that of a failed call.
  public func keys() throws(InstallError) -> DeviceKeys {
    try StateDirectory(ifIn: directory)?.keys() ?? DeviceKeys()
  }
}
