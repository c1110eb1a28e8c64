internal import Bytes
public import Crypto
internal import Linux
public import Signing
public import UpdateFile

/// An update file that is there already, and gets more signatures.
///
/// What is signed is a short message, so the private key can be elsewhere: on another machine, or
/// in a hardware module.
///
/// ```swift
/// let update = try FinishedUpdate(path: "v41-v42.btrfs.xz")
/// let signature = /* somebody's Ed25519 signature of */ update.message
/// try update.write(adding: [update.signature(signature, by: publicKey)], to: update.path)
/// ```
///
/// A signature covers the manifest, and with it every byte of the payload. No other part of the
/// file changes.
public struct FinishedUpdate: ~Copyable, Sendable {
  /// Where the file is.
  public let path: String
  /// What it says, whoever signed it.
  public let manifest: Manifest
  /// The signatures that it has, and what they are of.
  public let head: UpdateHead
  private let file: Descriptor
  /// Where the payload starts.
  private let headLength: Int

  /// Opens an update file and reads its head, without trusting it.
  ///
  /// - Throws: ``FinishedUpdateError/system(_:)``, ``FinishedUpdateError/updateFile(_:)``.
  public init(path: String) throws(FinishedUpdateError) {
    let file = try Self.system { () throws(SystemError) in try Self.open(path) }
    let (head, headLength) = try Self.readHead(file)
    manifest = try Self.updateFile { () throws(UpdateFileError) in
      try head.unverifiedManifest()
    }
    self.path = path
    self.head = head
    self.headLength = headLength
    self.file = file
  }

  private static func readHead(
    _ file: borrowing Descriptor
  ) throws(FinishedUpdateError) -> (UpdateHead, length: Int) {
    var reader = HeadReader()
    while reader.wanted > 0 {
      let (offset, wanted) = (reader.length, reader.wanted)
      let bytes = try bytes(of: file, at: UInt64(offset), count: wanted)
      // Too short to be one, rather than cut off.
      if offset == 0, bytes.count < wanted { throw .updateFile(.notAnUpdateFile) }
      if bytes.isEmpty { break }
      try updateFile { () throws(UpdateFileError) in try reader.append(bytes.rawSpan) }
    }
    let head = try updateFile { () throws(UpdateFileError) in try reader.finish() }
    return (head, reader.length)
  }

  /// Opens a regular file; who names something else gets told so and does not wait for it.
  private static func open(_ path: String) throws(SystemError) -> Descriptor {
    let file = try Descriptor.open(path, [.readOnly, .nonBlocking])
    let type = try file.status().type
    guard type == .regular else {
      throw SystemError(
        operation: "open", path: path,
        errno: type == .directory ? .isDirectory : .invalidArgument)
    }
    return file
  }

  /// What to sign with Ed25519 (PureEdDSA): 96 bytes.
  public var message: [UInt8] { UpdateSignature.message(for: head.manifestBytes.rawSpan) }

  /// A signature by a private key.
  ///
  /// - Throws: ``FinishedUpdateError/key(_:)``.
  public func signature(by key: SigningKey) throws(FinishedUpdateError) -> UpdateSignature {
    let data: [UInt8]
    do throws(KeyError) { data = try key.signature(for: message.rawSpan) } catch {
      throw .key(error)
    }
    return try signature(data, by: key.verificationKey)
  }

  /// A signature that was made elsewhere, if it is one of this update.
  ///
  /// - Throws: ``FinishedUpdateError/wrongSignature(keyID:)``, or
  ///   ``FinishedUpdateError/updateFile(_:)`` for one that is too long or too short.
  public func signature(
    _ data: [UInt8], by key: VerificationKey
  ) throws(FinishedUpdateError) -> UpdateSignature {
    let signature = try Self.updateFile { () throws(UpdateFileError) in
      try UpdateSignature(keyID: key.keyID, data: data)
    }
    guard key.verifies(signature: data.rawSpan, message: message.rawSpan) else {
      throw .wrongSignature(keyID: key.keyID)
    }
    return signature
  }

  /// Writes the update with more signatures; the file appears whole, or not at all.
  ///
  /// The payload is compared with the manifest while it is copied, so that nobody's signature goes
  /// onto a damaged file.
  ///
  /// - Parameter output: where to; this may be ``path``, which is replaced then.
  /// - Throws: ``FinishedUpdateError``, and nothing was written.
  public func write(
    adding signatures: [UpdateSignature], to output: String
  ) throws(FinishedUpdateError) {
    let bytes = try headBytes(adding: signatures)
    let permissions = try Self.system { () throws(SystemError) in try file.status().permissions }
    var copy = try Self.system { () throws(SystemError) in
      try OutputFile.checkReplaceable(output)
      let copy = try OutputFile(output, permissions: permissions & 0o666)
      try copy.file.write(bytes.rawSpan)
      return copy
    }
    try copyPayload(to: copy.file)
    do throws(SystemError) { try copy.publish() } catch { throw .system(error) }
  }

  /// Where in the file the payload begins.
  var payloadOffset: UInt64 { UInt64(headLength) }

  /// Reads bytes of the file; fewer where it ends.
  func bytes(at offset: UInt64, count: Int) throws(FinishedUpdateError) -> [UInt8] {
    try Self.bytes(of: file, at: offset, count: count)
  }

  private func headBytes(
    adding signatures: [UpdateSignature]
  ) throws(FinishedUpdateError) -> [UInt8] {
    var signed = head
    for signature in signatures {
      let before = signed
      guard !before.signatures.contains(where: { $0.keyID == signature.keyID }) else {
        throw .alreadySigned(keyID: signature.keyID)
      }
      signed = try Self.updateFile { () throws(UpdateFileError) in try before.adding(signature) }
    }
    let whole = signed
    return try Self.updateFile { () throws(UpdateFileError) in try whole.encoded() }
  }

  private func copyPayload(to copy: borrowing Descriptor) throws(FinishedUpdateError) {
    var (offset, left) = (UInt64(headLength), manifest.payload.length)
    for (index, digest) in manifest.payload.pieces.enumerated() {
      // The manifest's parser has seen to it that the lengths agree, and are no larger than 2^62.
      let count = Int(min(left, UInt64(manifest.payload.pieceSize)))
      let piece = try Self.bytes(of: file, at: offset, count: count)
      guard piece.count == count else { throw .truncated }
      guard SHA256.hash(piece.rawSpan) == digest else {
        throw .updateFile(.pieceDigest(index: index))
      }
      do throws(SystemError) { try copy.write(piece.rawSpan) } catch { throw .system(error) }
      offset += UInt64(count)
      left -= UInt64(count)
    }
    guard try Self.bytes(of: file, at: offset, count: 1).isEmpty else { throw .trailingBytes }
  }

  private static func bytes(
    of file: borrowing Descriptor, at offset: UInt64, count: Int
  ) throws(FinishedUpdateError) -> [UInt8] {
    do throws(SystemError) { return try file.bytes(at: offset, count: count) } catch {
      throw .system(error)
    }
  }

  private static func system<Result: ~Copyable>(
    _ body: () throws(SystemError) -> Result
  ) throws(FinishedUpdateError) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }

  private static func updateFile<Result>(
    _ body: () throws(UpdateFileError) -> Result
  ) throws(FinishedUpdateError) -> Result {
    do throws(UpdateFileError) { return try body() } catch { throw .updateFile(error) }
  }
}
