internal import Foundation
public import Linux
public import Testing

/// A fresh btrfs file system on a loop device, for the test that is running.
///
/// `@Suite(.btrfs) struct Snapshots { let mount = BtrfsFixture.current ... }`
///
/// It needs root, loop devices and `mkfs.btrfs`. Where one of them is missing the tests fail: a test
/// that was skipped has proven nothing.
public struct BtrfsFixture: Sendable {
  /// Where the file system's top level is mounted.
  public let path: String

  /// The file that holds the file system: a copy of it is what a power cut leaves.
  public let image: String

  /// The file system of the test that is running.
  public static var current: BtrfsFixture { taskCurrent ?? BtrfsFixture(path: "", image: "") }

  @TaskLocal static var taskCurrent: BtrfsFixture?

  /// Opens the top level.
  public func open() throws(SystemError) -> Descriptor {
    try Descriptor.open(path, .directory)
  }

  /// Runs a closure with another file system, which is gone afterwards: a second machine's disk.
  public static func with<Result>(
    megabytes: Int = 512, options: [String] = [],
    _ body: (BtrfsFixture) async throws -> Result
  ) async throws -> Result {
    let directory = try TemporaryDirectory()
    let image = directory.path + "/disk.img"
    let mount = directory.path + "/mount"
    try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
    try run("truncate", "-s", "\(megabytes)M", image)
    try run("mkfs.btrfs", "-q", image)
    try run("mount", "-o", (["loop"] + options).joined(separator: ","), image, mount)
    let result: Result
    do {
      result = try await body(BtrfsFixture(path: mount, image: image))
    } catch {
      try run("umount", "--lazy", mount)
      throw error
    }
    // Not lazily: what is busy here is a descriptor that was never closed.
    do {
      try unmount(mount)
    } catch {
      try run("umount", "--lazy", mount)
      throw error
    }
    return result
  }

  /// Runs a closure with a file system that is ``current`` meanwhile.
  static func provide(
    megabytes: Int, options: [String], _ body: @Sendable () async throws -> Void
  ) async throws {
    try await with(megabytes: megabytes, options: options) { fixture in
      try await $taskCurrent.withValue(fixture, operation: body)
    }
  }
}

/// Gives every test of a suite its own file system.
public struct BtrfsTrait: TestTrait, SuiteTrait, TestScoping {
  let megabytes: Int
  let options: [String]

  /// Suites hand it on to their tests.
  public var isRecursive: Bool { true }

  /// Runs a test with its file system.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await function() }
    try await BtrfsFixture.provide(megabytes: megabytes, options: options, function)
  }
}

extension Trait where Self == BtrfsTrait {
  /// A fresh, loop-mounted btrfs of 512 MB, sparse.
  public static var btrfs: Self { .btrfs() }

  /// A fresh, loop-mounted btrfs of a size, with mount options.
  public static func btrfs(megabytes: Int = 512, options: [String] = []) -> Self {
    BtrfsTrait(megabytes: megabytes, options: options)
  }
}
