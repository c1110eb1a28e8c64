internal import Glibc

extension Machine {
  /// This process's number (`getpid`).
  public static var processID: Int32 { getpid() }

  /// The user as whom this process acts (`geteuid`).
  public static var userID: UInt32 { geteuid() }

  /// The group as which this process acts (`getegid`).
  public static var groupID: UInt32 { getegid() }

  /// How many descriptors this process may have open (`RLIMIT_NOFILE`).
  public static var descriptorLimit: Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return 1024
    }
    return Int(clamping: limit.rlim_cur)
  }
}
