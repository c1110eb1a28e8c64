internal import Bytes
internal import CommandSupport
internal import Crypto
internal import Linux
internal import UpdateFile

/// An update file that is read from start to end.
struct UpdateInput: ~Copyable {
  let path: String
  private let file: Descriptor

  /// Opens a file, or standard input for `-`.
  init(_ path: String) throws(SystemError) {
    self.path = path
    file = path == "-" ? try Descriptor.standardInput() : try Descriptor.open(path)
  }

  /// Reads as many bytes; fewer where the file ends.
  func read(_ count: Int) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    try bytes.append(upTo: count) { (out) throws(SystemError) in try file.fill(&out) }
    return bytes
  }

  /// Reads the head.
  func head() throws -> (head: UpdateHead, length: Int) {
    var reader = HeadReader()
    while reader.wanted > 0 {
      let wanted = reader.wanted
      let bytes = try read(wanted)
      // Too short to be one, rather than cut off.
      if reader.length == 0, bytes.count < wanted { throw UpdateFileError.notAnUpdateFile }
      if bytes.isEmpty { break }
      try reader.append(bytes.rawSpan)
    }
    return (try reader.finish(), reader.length)
  }

  /// Reads the head, and its manifest as far as the keys say that it can be believed.
  func manifest(
    trusting keys: [VerificationKey], threshold: Int = 1
  ) throws -> (Manifest, Trust) {
    try Trust.manifest(of: head().head, keys: keys, threshold: threshold)
  }

  /// Reads a piece of the payload, whole.
  func piece(_ count: Int) throws -> [UInt8] {
    let bytes = try read(count)
    guard bytes.count == count else {
      throw CommandFailure(.truncated, "\"\(path)\" ends too early: copy it again")
    }
    return bytes
  }

  /// Checks that nothing follows.
  func expectEnd() throws {
    guard try read(1).isEmpty else {
      throw CommandFailure(
        .trailingBytes, "\"\(path)\" goes on behind the update's end: it is not as it was made")
    }
  }
}

/// What is known of an update's signatures.
enum Trust {
  /// Nobody said which keys to trust.
  case notVerified
  /// Trusted keys signed it.
  case verified(signers: [SHA256Digest])

  /// The manifest, and whether it can be believed.
  static func manifest(
    of head: UpdateHead, keys: [VerificationKey], threshold: Int = 1
  ) throws(UpdateFileError) -> (Manifest, Trust) {
    guard !keys.isEmpty else { return (try head.unverifiedManifest(), .notVerified) }
    let verified = try head.verified(by: keys, threshold: threshold)
    return (verified.manifest, .verified(signers: verified.signers))
  }

  /// One line for people.
  var text: String {
    switch self {
    case .notVerified: "not verified (no --public-key was given)"
    case .verified(let signers):
      "good, by key " + signers.map { "\($0)" }.joined(separator: ", ")
    }
  }

  /// Says on standard error that nothing was verified.
  func warn(_ path: String) {
    if case .notVerified = self {
      StandardError.write("btrfs-delta: note: \"\(path)\" is not verified: give --public-key\n")
    }
  }
}
