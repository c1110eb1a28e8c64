import Glibc

/// Why a measurement has no result.
public struct Failure: Error {
  /// What failed.
  public let what: String

  /// A failure of something.
  public init(what: String) { self.what = what }
}

/// All of a file.
public func read(_ path: String) throws -> [UInt8] {
  guard let file = unsafe fopen(path, "r") else { throw Failure(what: path) }
  defer { unsafe fclose(file) }
  unsafe fseek(file, 0, SEEK_END)
  let size = unsafe ftell(file)
  unsafe rewind(file)
  return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    count = unsafe fread(buffer.baseAddress, 1, size, file)
  }
}

/// Makes a file, or replaces what it holds.
public func write(_ bytes: [UInt8], to path: String) throws {
  guard let file = unsafe fopen(path, "w") else { throw Failure(what: path) }
  defer { unsafe fclose(file) }
  unsafe bytes.withUnsafeBytes { _ = unsafe fwrite($0.baseAddress, 1, $0.count, file) }
}
