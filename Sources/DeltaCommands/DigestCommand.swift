internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Crypto
internal import Linux
internal import UpdateBuilder

/// `btrfs-delta digest`
struct DigestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "digest",
    abstract: "Give the short message that is signed for an update file.",
    discussion: """
      96 bytes: hexadecimal digits on standard output, or raw with --output. Sign them with Ed25519 \
      on another machine, for example with openssl pkeyutl -sign -rawin, and give the signature to \
      attach-signature.
      """)

  @Argument(help: "The update file.") var file: String
  @Option(name: .shortAndLong, help: "The file for the message as it is, or - to print it so.")
  var output: String?

  func run() async throws {
    guard try Descriptor.open(file, [.readOnly, .nonBlocking]).status().type != .directory else {
      throw CommandFailure(
        .usage, "\"\(file)\" is a directory: digest takes an update file, not yet a tree")
    }
    let message = try FinishedUpdate(path: file).message
    switch output {
    case nil: try StandardOutput.write(message.map { Self.hex($0) }.joined())
    case "-": try Descriptor.standardOutput().write(message.rawSpan)
    case let output?:
      try OutputFile.checkReplaceable(output)
      var file = try OutputFile(output)
      try file.file.write(message.rawSpan)
      try file.publish()
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
