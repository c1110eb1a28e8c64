import Foundation

/// A directory for what hostile input may fill, and beside it what it must not touch; gone with this value.
final class Surroundings {
  private let directory: String
  private let expected: [String]

  /// Where everything may change.
  var target: String { directory + "/target" }
  /// Where nothing may: `file`, and `link` to it.
  var outside: String { directory + "/outside" }

  /// Makes a directory for a target of that name; `target` is not in it yet.
  init(_ name: String) throws {
    directory = NSTemporaryDirectory() + "fuzz-\(name)-\(getpid())"
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: directory + "/outside", withIntermediateDirectories: true)
    try Data("secret".utf8).write(to: URL(filePath: directory + "/outside/file"))
    try manager.createSymbolicLink(
      atPath: directory + "/outside/link", withDestinationPath: "file")
    expected = try Self.listing(directory)
  }

  deinit { try? Self.remove(directory) }

  /// Removes whatever is there: also directories that nobody may enter, and files that nobody may change.
  static func remove(_ path: String) throws {
    let manager = FileManager.default
    guard manager.fileExists(atPath: path), (try? manager.removeItem(atPath: path)) == nil else {
      return
    }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [
      "-c", "chattr -R -f -i -a \"$0\" 2>/dev/null; chmod -R u+rwx \"$0\"; rm -rf \"$0\"", path,
    ]
    try process.run()
    process.waitUntilExit()
  }

  /// Nothing beside the target may have changed.
  func check() throws {
    let found = try Self.listing(directory)
    guard found == expected else { throw Finding("beside the directory: \(found)") }
  }

  /// All that is beside the target, with contents and modes.
  private static func listing(_ directory: String) throws -> [String] {
    let manager = FileManager.default
    var lines: [String] = []
    for name in try manager.contentsOfDirectory(atPath: directory).sorted() where name != "target" {
      lines.append(name)
    }
    let outside = directory + "/outside"
    for name in try manager.contentsOfDirectory(atPath: outside).sorted() {
      let attributes = try manager.attributesOfItem(atPath: outside + "/" + name)
      let contents = manager.contents(atPath: outside + "/" + name) ?? Data()
      lines.append(
        "\(name) \(attributes[.posixPermissions] ?? 0) \(attributes[.ownerAccountID] ?? 0) "
          + "\(attributes[.modificationDate] ?? 0) \(attributes[.referenceCount] ?? 0) "
          + "\(Array(contents))")
    }
    return lines
  }
}
