internal import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Crypto
internal import Linux
internal import Signing
internal import UpdateBuilder

/// `btrfs-delta keygen`
struct KeygenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen",
    abstract: "Make a pair of Ed25519 keys, in PEM as openssl reads and writes it.",
    discussion: "Neither file may exist yet. Keep the private one off every device.")

  @Option(name: .customLong("private"), help: "Where to write the private key.")
  var privatePath: String

  @Option(name: .customLong("public"), help: "Where to write the public key.")
  var publicPath: String

  func run() async throws {
    let key = try SigningKey.generate()
    try write(try key.privateKeyPEM(), to: privatePath, permissions: 0o600)
    do { try write(try key.publicKeyPEM(), to: publicPath, permissions: 0o644) } catch {
      // One half is of no use to anybody.
      try? OutputFile.remove(privatePath)
      throw error
    }
    print("key id \(key.verificationKey.keyID)")
  }

  private func write(_ bytes: [UInt8], to path: String, permissions: UInt32) throws {
    do throws(SystemError) {
      var output = try OutputFile(path, permissions: permissions)
      try output.file.write(bytes.rawSpan)
      try output.publish(.notReplacing)
    } catch {
      guard error.errno == .fileExists else { throw error }
      throw CommandFailure(
        .inputOutput, "\"\(path)\" exists: a key is never overwritten, name another file")
    }
  }
}
