internal import Foundation
public import Linux

/// A fresh directory, removed with all it holds when the value ends.
public struct TemporaryDirectory: ~Copyable, Sendable {
  /// Its absolute path.
  public let path: String

  /// Makes one.
  public init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "test-\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Opens it.
  public func open() throws(SystemError) -> Descriptor {
    try Descriptor.open(path, .directory)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
