internal import CommandSupport
internal import Crypto
internal import UpdateFile

/// A manifest as people and scripts read it.
struct ManifestReport {
  let manifest: Manifest
  let head: UpdateHead
  let headLength: Int
  let trust: Trust

  /// One line for each fact.
  var text: String {
    var lines: [(String, String)] = [
      ("signatures", "\(head.signatures.count), \(trust.text)"),
      ("version", version),
      ("product", manifest.product ?? "none"),
      ("built", "\(UTCTime(manifest.buildDate)) by \(manifest.builder)"),
      (
        "needs",
        "tool \(manifest.minimumToolVersion), \(ByteCount(manifest.needs.memory)) of memory, "
          + "\(ByteCount(manifest.needs.diskData)) of data and "
          + "\(ByteCount(manifest.needs.diskMetadata)) of metadata on the disk"
      ),
    ]
    if let parent = manifest.parent {
      lines += [
        ("parent", "\(parent.uuid), ctransid \(parent.ctransid), own uuid \(parent.ownUUID)"),
        ("parent content", "\(parent.contentDigest)"), ("parent full", "\(parent.fullDigest)"),
      ]
    }
    lines += recompressionLines
    lines += manifest.keyChanges.added.map { ("brings key", "\($0.keyID)") }
    lines += manifest.keyChanges.revoked.map { ("revokes key", "\($0)") }
    let target = manifest.target
    lines += [
      ("target", "\(target.uuid), ctransid \(target.ctransid)"),
      ("target content", "\(target.contentDigest)"), ("target full", "\(target.fullDigest)"),
      ("target size", "\(target.entryCount) entries, \(ByteCount(target.dataSize))"),
      ("plain stream", "version \(manifest.baseVersion), \(manifest.plain.length) bytes"),
      ("plain sha256", "\(manifest.plain.sha256)"),
      ("delta stream", "\(manifest.payload.deltaLength) bytes"),
      (
        "file",
        "\(UInt64(headLength) + manifest.payload.length) bytes: head \(headLength), "
          + "payload \(manifest.payload.length) in \(manifest.payload.pieces.count) pieces, "
          + "\(manifest.payload.cuts.count) sections, "
          + "dictionary \(ByteCount(UInt64(manifest.payload.dictionarySize)))"
      ),
    ]
    return lines.map { name, value in
      name + ":" + String(repeating: " ", count: max(1, 16 - name.count)) + value
    }.joined(separator: "\n")
  }

  /// The same as an object.
  var json: JSONValue {
    .object([
      ("formatRevision", .unsigned(UInt64(Manifest.formatRevision))),
      ("verified", .bool(isVerified)),
      ("signatures", .array(head.signatures.map { .string("\($0.keyID)") })),
      ("product", manifest.product.map { .string($0) } ?? .null),
      ("fromVersion", manifest.parent.map { .unsigned($0.version) } ?? .null),
      ("toVersion", .unsigned(manifest.toVersion)), ("buildDate", .number(manifest.buildDate)),
      ("builder", .string(manifest.builder)),
      ("minimumToolVersion", .string("\(manifest.minimumToolVersion)")),
      ("requiredFeatures", .array(manifest.requiredFeatures.map { .unsigned(UInt64($0)) })),
      ("parent", parentJSON), ("target", targetJSON),
      (
        "plain",
        .object([
          ("version", .unsigned(UInt64(manifest.baseVersion))),
          ("length", .unsigned(manifest.plain.length)),
          ("sha256", .string("\(manifest.plain.sha256)")),
        ])
      ),
      (
        "needs",
        .object([
          ("memory", .unsigned(manifest.needs.memory)),
          ("diskData", .unsigned(manifest.needs.diskData)),
          ("diskMetadata", .unsigned(manifest.needs.diskMetadata)),
        ])
      ),
      ("recompression", recompressionJSON),
      ("addedKeys", .array(manifest.keyChanges.added.map { .string("\($0.keyID)") })),
      ("revokedKeys", .array(manifest.keyChanges.revoked.map { .string("\($0)") })),
      ("payload", payloadJSON),
      ("fileLength", .unsigned(UInt64(headLength) + manifest.payload.length)),
    ])
  }

  private var isVerified: Bool {
    if case .verified = trust { return true }
    return false
  }

  private var version: String {
    manifest.parent.map { "\($0.version) -> \(manifest.toVersion)" }
      ?? "\(manifest.toVersion), a full update"
  }

  private var parentJSON: JSONValue {
    guard let parent = manifest.parent else { return .null }
    return .object([
      ("version", .unsigned(parent.version)), ("uuid", .string("\(parent.uuid)")),
      ("ownUUID", .string("\(parent.ownUUID)")), ("ctransid", .unsigned(parent.ctransid)),
      ("contentDigest", .string("\(parent.contentDigest)")),
      ("fullDigest", .string("\(parent.fullDigest)")),
    ])
  }

  private var targetJSON: JSONValue {
    let target = manifest.target
    return .object([
      ("uuid", .string("\(target.uuid)")), ("ctransid", .unsigned(target.ctransid)),
      ("contentDigest", .string("\(target.contentDigest)")),
      ("fullDigest", .string("\(target.fullDigest)")), ("dataSize", .unsigned(target.dataSize)),
      ("entryCount", .unsigned(target.entryCount)),
    ])
  }

  private var payloadJSON: JSONValue {
    let payload = manifest.payload
    return .object([
      ("length", .unsigned(payload.length)), ("deltaLength", .unsigned(payload.deltaLength)),
      ("pieceSize", .unsigned(UInt64(payload.pieceSize))),
      ("pieces", .number(Int64(payload.pieces.count))),
      ("sections", .number(Int64(payload.cuts.count))),
      ("dictionarySize", .unsigned(UInt64(payload.dictionarySize))),
    ])
  }
}
