internal import Glibc

extension Machine {
  /// This process's number (`getpid`).
  public static var processID: Int32 { getpid() }
}
