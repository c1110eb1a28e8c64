public import Foundation

/// Files that tests read: `TestImages` at the top of the package, which says how each was made.
public enum TestImages {
  /// The directory itself.
  public static let directory = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "TestImages", directoryHint: .isDirectory)

  /// The place of a file, from its path in the directory.
  public static func url(_ path: String) -> URL { directory.appending(path: path) }

  /// The bytes of a file.
  public static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: url(path)))
  }

  /// The names of the streams that there are, without their ending.
  public static func streamNames() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url("streams").path)
      .filter { $0.hasSuffix(".stream") }.map { String($0.dropLast(".stream".count)) }.sorted()
  }
}
