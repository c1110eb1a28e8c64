import Foundation
import Linux
import TestSupport
import Testing
import Tree

/// A build server: a btrfs with snapshots on it, a key, and the two programs.
struct EndToEndBench {
  let mount = BtrfsFixture.current

  /// What the documentation says that exit statuses mean.
  enum Exit: Int32 {
    case success = 0
    case notRoot = 10
    case notBtrfs = 11
    case busy = 12
    case inputOutput = 13
    case notAnUpdate = 20
    case unsigned = 21
    case untrusted = 22
    case badSignature = 23
    case damaged = 24
    case truncated = 25
    case trailingBytes = 26
    case notAStream = 28
    case badKey = 29
    case wrongProduct = 30
    case olderVersion = 31
    case alreadyInstalled = 32
    case parentMissing = 33
    case parentModified = 34
    case noSpace = 35
    case noMemory = 36
    case noneFits = 37
    case resultDiffers = 40
    case noSuchVersion = 41
    case badTree = 50
    case usage = 64
  }

  /// A server with an empty subvolume `work`, and a pair of keys.
  init() throws {
    try run("btrfs", "-q", "subvolume", "create", path("work"))
    try run("mkdir", path("keys"), path("files"))
    try delta("keygen", "--private", path("private.pem"), "--public", path("keys/public.pem"))
  }

  func path(_ name: String) -> String { "\(mount.path)/\(name)" }

  /// The place of an update file.
  func file(_ name: String) -> String { path("files/\(name)") }

  /// Changes what is being worked on by a shell script, and freezes it as a version.
  func release(_ version: UInt64, _ script: String) throws {
    try run("bash", "-euc", "cd \"$0\"\n" + script, path("work"))
    try run("btrfs", "-q", "subvolume", "snapshot", "-r", path("work"), tree(version))
  }

  /// The place of a version.
  func tree(_ version: UInt64) -> String { path("sys_root_v\(version)") }

  /// Runs `btrfs-delta`, which must succeed, and gives what it prints.
  @discardableResult
  func delta(_ arguments: String...) throws -> String {
    try succeed("btrfs-delta", arguments)
  }

  /// Runs `btrfs-update`, which must succeed, and gives what it prints.
  @discardableResult
  func update(_ arguments: String...) throws -> String {
    try succeed("btrfs-update", arguments)
  }

  /// Builds an update for the product `oven`.
  @discardableResult
  func build(
    _ from: UInt64?, _ to: UInt64, _ name: String, _ more: [String] = [],
    environment: [String: String] = [:]
  ) throws -> String {
    var arguments = ["build", "--child", tree(to), "--key", path("private.pem")]
    if let from { arguments += ["--parent", tree(from)] }
    if !more.contains("--compatible") { arguments += ["--compatible", "oven"] }
    // Most tests are of what comes behind the kernel's plan.
    if !more.contains("--plan") { arguments += ["--plan", "send"] }
    arguments += ["--output", file(name)]
    return try succeed("btrfs-delta", arguments + more, environment: environment)
  }

  func result(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    input: String? = nil, through wrapper: [String] = []
  ) throws -> ProgramResult {
    let command = try wrapper + [BuiltProgram.path(program)] + arguments
    return try runProgram(command, environment: environment, input: input)
  }

  @discardableResult
  func succeed(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    input: String? = nil
  ) throws -> String {
    let result = try result(program, arguments, environment: environment, input: input)
    guard result.status == 0 else {
      throw ProgramFailure(
        description: "\(program) \(arguments): exit status \(result.status): \(result.errors)")
    }
    return String(decoding: result.output, as: UTF8.self)
  }

  /// Runs a program that must fail with a status and one line that holds a text.
  func refuse(
    _ program: String, _ arguments: [String], _ exit: Exit, _ text: String = "",
    environment: [String: String] = [:], input: String? = nil, through wrapper: [String] = [],
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try result(
      program, arguments, environment: environment, input: input, through: wrapper)
    #expect(result.status == exit.rawValue, "\(result.errors)", sourceLocation: location)
    // Of a wrong command line, the usage is shown as well.
    if exit != .usage {
      #expect(
        result.errors.hasPrefix("\(program): ") && result.errors.hasSuffix("\n")
          && result.errors.count { $0 == "\n" } == 1,
        "\(result.errors)", sourceLocation: location)
    }
    #expect(
      text.isEmpty || result.errors.contains(text), "\(result.errors)", sourceLocation: location)
  }

  /// Everything by which two trees differ, as rsync sees it; empty if nothing.
  ///
  /// Where a nested subvolume was, the kernel shows a directory that is no part of the tree.
  static func difference(_ one: String, _ other: String) throws -> String {
    let output = try run(
      "rsync", "-niaHAXc", "--delete", "--modify-window=-1", "--exclude=/var/nested", "\(one)/",
      "\(other)/")
    return String(decoding: output, as: UTF8.self)
  }

  /// The SHA-256 of a file, in hexadecimal.
  static func sha256(_ path: String) throws -> String {
    String(decoding: try run("sha256sum", path).prefix(64), as: UTF8.self)
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  static func write(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
  }

  /// A JSON object.
  static func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }
}
