/// What a device node stands for: a driver, and which of its devices.
public struct DeviceNumber: Hashable, Sendable {
  /// The driver's number.
  public var major: UInt32
  /// Which of the driver's devices.
  public var minor: UInt32

  /// A device.
  public init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// The device that an `st_rdev` stands for (`gnu_dev_major`, `gnu_dev_minor`).
  public init(_ specialDevice: UInt64) {
    major = UInt32(truncatingIfNeeded: specialDevice >> 8 & 0xFFF | specialDevice >> 32 & ~0xFFF)
    minor = UInt32(truncatingIfNeeded: specialDevice & 0xFF | specialDevice >> 12 & ~0xFF)
  }

  /// The same as `st_rdev` has it (`gnu_dev_makedev`).
  public var specialDevice: UInt64 {
    let (high, low) = (UInt64(major), UInt64(minor))
    return low & 0xFF | (high & 0xFFF) << 8 | (low & ~0xFF) << 12 | (high & ~0xFFF) << 32
  }
}

extension DeviceNumber: CustomStringConvertible {
  /// `8:1`
  public var description: String { "\(major):\(minor)" }
}
