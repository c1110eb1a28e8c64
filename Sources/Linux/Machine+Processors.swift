internal import Glibc

extension Machine {
  /// How many processors are online, at least one (`sysconf _SC_NPROCESSORS_ONLN`).
  public static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
