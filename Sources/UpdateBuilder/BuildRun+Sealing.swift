internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import SendStream
internal import Signing
internal import Tree
internal import UpdateFile
internal import XZ

extension BuildRun {
  /// Packs the delta stream, writes and signs the file, checks it, and gives it its name.
  func seal(
    _ update: PlannedUpdate, _ sink: DeltaSink
  ) throws(BuildError) -> BuildReport {
    let plan = update.plan
    let dictionary = try budget.dictionary(
      deltaLength: sink.length, longestCommand: sink.longestCommand,
      patchMemory: sink.patchMemory)
    var packer = try PayloadPacker(
      sink, plainLength: plan.length, dictionarySize: dictionary, jobs: options.jobs,
      file: try temporary("payload"),
      progress: progress)
    let payload = try packer.pack(dictionarySize: dictionary)
    let manifest = try manifest(update, sink, payload, sink.opening.recompression())
    let head = try signedHead(manifest)
    try write(head, packer, plan)
    return BuildReport(
      fromVersion: versions.from, toVersion: versions.to,
      fileLength: UInt64(head.count) + payload.length, plainLength: plan.length,
      deltaLength: sink.length, patchedRuns: sink.patchCount,
      plainRuns: plan.runs.count - Swift.min(sink.patchCount, plan.runs.count),
      applyMemory: manifest.needs.memory, nestedSubvolumes: update.child.leftOut)
  }

  /// Writes the file, checks it, and gives it its name.
  private func write(
    _ head: [UInt8], _ packer: borrowing PayloadPacker, _ plan: Plan
  ) throws(BuildError) {
    var output = try output()
    do throws(SystemError) { try output.file.write(head.rawSpan) } catch { throw .system(error) }
    try packer.copy(to: output.file)
    if options.checksItself {
      try SelfCheck(
        parent: try trees.oldTree(), plan: plan, keys: options.keys.map(\.verificationKey),
        output: options.output, progress: progress
      ).run(output.file)
    }
    do throws(SystemError) { try output.publish() } catch { throw .system(error) }
  }

  private func output() throws(BuildError) -> OutputFile {
    do throws(SystemError) { return try OutputFile(options.output) } catch {
      throw .system(error)
    }
  }

  private func manifest(
    _ update: PlannedUpdate, _ sink: DeltaSink, _ payload: Manifest.Payload,
    _ recompression: Manifest.Recompression?
  ) throws(BuildError) -> Manifest {
    let (plan, child) = (update.plan, update.child)
    return Manifest(
      requiredFeatures: sink.features.sorted(), minimumToolVersion: Self.minimumToolVersion,
      baseVersion: UInt32(plan.base),
      product: options.product, parent: try parent(update), toVersion: versions.to,
      buildDate: options.date ?? update.date, builder: Self.builder(options.builder),
      target: Manifest.Target(
        uuid: plan.identity.uuid, ctransid: plan.identity.ctransid,
        contentDigest: child.digest.content, fullDigest: child.digest.full,
        dataSize: child.totals.dataBytes, entryCount: child.totals.entries),
      plain: Manifest.PlainStream(length: plan.length, sha256: plan.digest),
      needs: Manifest.Needs(
        memory: try MemoryBudget.memory(
          dictionary: payload.dictionarySize, longestCommand: sink.longestCommand,
          pieceSize: payload.pieceSize, patchMemory: sink.patchMemory)
          + child.totals.entries * MemoryBudget.memoryPerEntry,
        diskData: plan.dataBytes,
        diskMetadata: plan.metadataCommands * Self.metadataPerCommand + Self.metadataAtLeast
          + plan.dataBytes / Self.dataPerMetadata),
      recompression: recompression, keyChanges: options.keyChanges, payload: payload)
  }

  private func parent(
    _ update: PlannedUpdate
  ) throws(BuildError) -> Manifest.Parent? {
    guard let version = versions.from, let digest = update.parent?.digest,
      let identity = update.plan.identity.parent
    else { return nil }
    return Manifest.Parent(
      version: version, uuid: identity.uuid, ownUUID: update.parentUUID,
      ctransid: identity.ctransid,
      contentDigest: digest.content, fullDigest: digest.full)
  }

  private func signedHead(_ manifest: Manifest) throws(BuildError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(UpdateFileError) { bytes = try manifest.encoded() } catch {
      throw .updateFile(error)
    }
    let message = UpdateSignature.message(for: bytes.rawSpan)
    var signed: [(SHA256Digest, [UInt8])] = []
    for key in options.keys {
      signed.append((key.verificationKey.keyID, try Self.signature(of: message, by: key)))
    }
    do throws(UpdateFileError) {
      var signatures: [UpdateSignature] = []
      for (keyID, data) in signed {
        signatures.append(try UpdateSignature(keyID: keyID, data: data))
      }
      let head = try UpdateHead(
        manifestBytes: bytes, baseVersion: manifest.baseVersion, signatures: signatures)
      return try head.encoded()
    } catch { throw .updateFile(error) }
  }

  private static func signature(
    of message: [UInt8], by key: SigningKey
  ) throws(BuildError) -> [UInt8] {
    do throws(KeyError) { return try key.signature(for: message.rawSpan) } catch {
      throw .key(error)
    }
  }

  /// The smallest version of the device's program that reads what this library writes.
  private static var minimumToolVersion: ToolVersion { ToolVersion(0, 1, 0) }

  /// What a command that changes names or metadata may add to the file system's trees, in bytes.
  /// Measured on btrfs: some 400 bytes a command of a full stream; doubled.
  private static var metadataPerCommand: UInt64 { 1024 }
  private static var metadataAtLeast: UInt64 { 4 << 20 }
  /// A block of 4 KiB has a checksum of four bytes, in trees that are kept half full.
  private static var dataPerMetadata: UInt64 { 512 }

  /// The program and the libraries that decide what the bytes are.
  private static func builder(_ program: String) -> String {
    "\(program), liblzma \(XZEncoder.libraryVersion)"
  }
}
