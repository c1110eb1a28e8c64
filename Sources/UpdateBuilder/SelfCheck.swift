internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import UpdateFile

/// Reads a finished update as a device would, and proves that it gives the plain stream back.
struct SelfCheck {
  let parent: ParentTree
  /// Where the plain stream is: what patches copy from of the new tree is read there.
  let plan: Plan
  let keys: [VerificationKey]
  /// What is opened is kept beside it.
  let output: String
  let progress: BuildProgress

  /// Expands the update that a file holds.
  ///
  /// - Throws: ``BuildError/selfCheckFailed(_:)``.
  func run(_ file: borrowing Descriptor) throws(BuildError) {
    var offset: UInt64 = 0
    let manifest = try verifiedHead(file, &offset)
    let tree = try tree()
    var expansion: UpdateExpansion<ExpansionTree>
    do throws(UpdateExpansionError) {
      expansion = try UpdateExpansion(
        manifest, tree: tree, memoryLimit: .max,
        spareMemory: UpdateExpansion<ExpansionTree>.spareMemory(beside: manifest))
    } catch { throw .selfCheckFailed("\(error)") }
    while expansion.wanted > 0 {
      let piece = try read(file, at: offset, count: expansion.wanted)
      offset += UInt64(piece.count)
      do throws(UpdateExpansionError) {
        try expansion.append(piece: piece.rawSpan)
        while try expansion.next() != nil {}
      } catch { throw .selfCheckFailed("\(error)") }
      try progress.report(.checking, done: expansion.plainLength, of: manifest.plain.length)
    }
    do throws(UpdateExpansionError) { try expansion.finish() } catch {
      throw .selfCheckFailed("\(error)")
    }
    guard try read(file, at: offset, count: 1).isEmpty else {
      throw .selfCheckFailed("the file goes on behind its end")
    }
  }

  private func tree() throws(BuildError) -> ExpansionTree {
    do throws(SystemError) {
      let stream = PlainStreamFile(whole: try plan.file.duplicate(), base: plan.base)
      let output = output
      return ExpansionTree(parent: parent, stream: stream) { () throws(SystemError) in
        try TemporaryFile.beside(output, "opened")
      }
    } catch { throw .system(error) }
  }

  private func verifiedHead(
    _ file: borrowing Descriptor, _ offset: inout UInt64
  ) throws(BuildError) -> Manifest {
    var reader = HeadReader()
    do throws(UpdateFileError) {
      while reader.wanted > 0 {
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try file.bytes(at: offset, count: reader.wanted) } catch {
          throw UpdateFileError.notAnUpdateFile
        }
        if bytes.isEmpty { break }
        offset += UInt64(bytes.count)
        try reader.append(bytes.rawSpan)
      }
      let head = try reader.finish()
      // Where nobody signs, there is nobody to ask.
      if keys.isEmpty { return try head.unverifiedManifest() }
      return try head.verified(by: keys, threshold: keys.count).manifest
    } catch { throw .selfCheckFailed("\(error)") }
  }

  private func read(
    _ file: borrowing Descriptor, at offset: UInt64, count: Int
  ) throws(BuildError) -> [UInt8] {
    do throws(SystemError) { return try file.bytes(at: offset, count: count) } catch {
      throw .system(error)
    }
  }
}
