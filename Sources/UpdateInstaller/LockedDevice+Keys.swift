extension LockedDevice {
  /// Trusts the keys that a version brought, and revokes those that it revoked.
  ///
  /// Belongs wherever a version has proven to be good, beside raising the version floor, and may be
  /// repeated. One file is replaced by another: a power cut leaves all of it undone, or done.
  func adoptKeys(of version: SystemVersion) throws(InstallError) {
    try state.changeKeys { $0.adopting(version) }
  }
}
