internal import CLinux
internal import Glibc

/// Whether a system call may change what a later one sees.
package enum SystemCallEffect: Sendable {
  /// It only looks.
  case reads
  /// It changes a file, a directory, or the file system.
  case changes
}

/// Makes a system call: the one place through which every call of the project goes.
///
/// A negative result is thrown with `errno`. A call that a signal interrupted before it did
/// anything is made again, unless `retries` is false.
///
/// In debug builds, ``FaultInjection`` counts the calls here, and makes the chosen one fail.
package func systemCall<Result: SignedInteger & FixedWidthInteger>(
  _ operation: StaticString, _ effect: SystemCallEffect, path: @autoclosure () -> String,
  retries: Bool = true, _ call: () -> Result
) throws(SystemError) -> Result {
  #if FAULT_INJECTION
    let injection = FaultInjection.active
    if let errno = injection?.willCall(effect) {
      throw SystemError(operation: operation.description, path: path(), errno: errno)
    }
    defer { injection?.didCall(effect) }
  #endif
  while true {
    let result = call()
    if result >= 0 { return result }
    let errno = Errno.current
    if errno == .interrupted, retries { continue }
    throw SystemError(operation: operation.description, path: path(), errno: errno)
  }
}
