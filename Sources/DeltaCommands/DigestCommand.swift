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
    abstract: "Give the short message that is signed for an update file, or a tree's digests.",
    discussion: """
      Of an update file, 96 bytes: hexadecimal digits on standard output, or raw with --output. Sign \
      them with Ed25519 on another machine, for example with openssl pkeyutl -sign -rawin, and give the signature to \
      attach-signature.

      Of a tree, which is a directory or a tar archive (plain, gzip, xz or zstd), two SHA-256 values, \
      as the manifests of updates have them: of all that it holds, and of that and the modification \
      times. They are the same on any file system, and in an archive. So is update:FILE,FILE, which is \
      what updates make of --parent.
      """)

  @Argument(help: "The update file, a directory, or a tar archive.") var file: String
  @Option(name: .shortAndLong, help: "The file for the message as it is, or - to print it so.")
  var output: String?
  @Flag(help: "Of a tree, print JSON.") var json = false
  @OptionGroup var ownership: OwnershipArguments
  @Option(help: "Of update:FILE, the tree that the first update was built against.")
  var parent: String?
  @OptionGroup var chain: ChainArguments
  @Option(help: "Of a tree, how to show progress: auto, bar, json or none.")
  var progress = ProgressReporter.Style.auto

  func run() async throws {
    if try TreeSource(text: file).isTree() { return try printTree() }
    guard !json, ownership.files.isEmpty, parent == nil, chain.isEmpty else {
      throw CommandFailure(
        .usage,
        "--json, --owner-map, --fakeroot, --parent, --public-key and --unverified are for trees")
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
