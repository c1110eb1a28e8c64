internal import ArgumentParser
internal import Crypto
internal import UpdateBuilder

/// Whose updates may be used in the place of trees.
struct ChainArguments: ParsableArguments {
  @Option(help: "A key to trust, of updates in the place of trees; may be given several times.")
  var publicKey: [String] = []
  @Flag(help: "Take updates in the place of trees whoever signed them.") var unverified = false

  func validate() throws {
    guard publicKey.isEmpty || !unverified else {
      throw ValidationError("--public-key and --unverified exclude each other")
    }
  }

  /// Whether nothing is said.
  var isEmpty: Bool { publicKey.isEmpty && !unverified }

  /// The same for the library.
  func trust() throws -> ChainTrust {
    unverified ? .anybody : .keys(try KeyFiles.verificationKeys(publicKey))
  }
}
