public import Bytes
public import Linux

/// Why a boot loader could not be told, or asked, something.
public enum BootError: Error, Hashable, Sendable {
  /// What the loader needs does not fit where it reads it; both in bytes.
  case full(path: String, needed: UInt64, available: UInt64)
  /// What the loader needs is not in the system's tree, for example its kernel.
  case missing(path: String)
  /// The loader has never been told of a system.
  case unknownSystem(SubvolumeUUID)
  /// What the loader keeps is not what its manual says.
  case malformed(path: String, String)
  /// What the loader reads cannot be used as it is set up, for example because it is on btrfs.
  case unusable(path: String, String)
  /// The loader is told another way, which is not configured here: in an initramfs, for example.
  case otherBackend(String)
  /// A program that has to be asked did not succeed; with the last line that it said.
  case programFailed(path: String, ProcessEnd, output: String)
  /// A system call failed.
  case system(SystemError)
}

extension BootError: CustomStringConvertible {
  /// What failed, and why: one line.
  public var description: String {
    switch self {
    case .full(let path, let needed, let available):
      "\"\(path)\" is full: \(needed) bytes are needed, \(available) are free"
    case .missing(let path): "the system has no \"\(path)\" to boot"
    case .unknownSystem(let uuid): "the boot loader does not know system \(uuid)"
    case .malformed(let path, let reason): "\"\(path)\" cannot be understood: \(reason)"
    case .unusable(let path, let reason): "\"\(path)\" cannot be used: \(reason)"
    case .otherBackend(let name): "the boot loader is told by \"\(name)\", not by what is set here"
    case .programFailed(let path, let end, let output):
      "\"\(path)\" failed: \(end)\(output.isEmpty ? "" : ": \(output)")"
    case .system(let error): error.description
    }
  }
}

/// Makes system calls whose errors are a boot backend's.
func attemptBoot<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(BootError) -> Result {
  do throws(SystemError) { return try body() } catch { throw .system(error) }
}
