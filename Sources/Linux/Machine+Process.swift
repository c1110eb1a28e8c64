internal import Glibc

extension Machine {
  /// This process's number (`getpid`).
  public static var processID: Int32 { getpid() }

  /// The user as whom this process acts (`geteuid`).
  public static var userID: UInt32 { geteuid() }

  /// The group as which this process acts (`getegid`).
  public static var groupID: UInt32 { getegid() }
}
