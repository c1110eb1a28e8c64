internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import Receive
internal import SendStream
internal import UpdateFile

/// Reads the payload of an update, from its start or from a cut, and carries it out in a subvolume.
struct PlainReceiving: ~Copyable {
  let manifest: Manifest
  /// Where it begins: all before it was carried out already.
  let start: ExpansionCut
  /// How many bytes of the files' data were written before ``start``.
  let dataWritten: UInt64
  /// How many bytes of the plain stream lie between two checkpoints at least.
  let checkpointInterval: UInt64
  /// The most memory that may be taken in all, in bytes; what is free if `nil`.
  let memoryLimit: UInt64?

  /// What is told of a cut: how many bytes of data were written.
  typealias CutObserver = (ExpansionCut, UInt64) -> Void

  /// A receiver of what is read, in a subvolume that has what was carried out before.
  func receiver(
    _ root: consuming Descriptor, _ sources: CloneSources
  ) throws(InstallError) -> Receiver {
    // No update has been made with any: what has is not of this program's making.
    let options = ReceiveOptions(allowsEncodedWrites: false)
    do throws(ReceiveError) {
      if start.section == 0 {
        return try Receiver(root: root, cloneSources: sources, options: options)
      }
      // Checked when the checkpoint was made.
      return try Receiver(
        resumingIn: root, uuid: manifest.target.uuid, ctransid: manifest.target.ctransid,
        cloneSources: sources, options: options)
    } catch { throw InstallError(error) }
  }

  /// Carries out all of the payload that is left, from the parent's files and those that it makes.
  ///
  /// When it returns, the plain stream was the one that was signed, and the source is at its end.
  ///
  /// - Parameter atCut: is called where the receiver's subvolume has all up to a cut and nothing else.
  func run<Tree: OldTree>(
    _ source: borrowing UpdateSource, tree: Tree, receiver: inout Receiver,
    _ observer: InstallObserver, atCut: CutObserver
  ) throws(InstallError) {
    var expansion = try expansion(tree)
    let report = ProgressReport(phase: .receiving, total: manifest.payload.length)
    var read = expansion.skippedLength
    try source.skip(read)
    var checkpoints = Checkpoints(last: expansion.plainLength, dataWritten: dataWritten)
    while expansion.wanted > 0 {
      try report(read, to: observer)
      // The manifest's limit on pieces is the limit on what is allocated here.
      let piece = try source.read(expansion.wanted)
      guard piece.count == expansion.wanted else { throw .fileTruncated }
      read += UInt64(piece.count)
      do throws(UpdateExpansionError) { try expansion.append(piece: piece.rawSpan) } catch {
        throw InstallError(error)
      }
      repeat {
        while try carryOutNext(&expansion, &receiver, &checkpoints.dataWritten) {}
      } while try pause(expansion, &receiver, &checkpoints, atCut)
    }
    do throws(UpdateExpansionError) { try expansion.finish() } catch { throw InstallError(error) }
    try report(read, to: observer)
    try source.requireEnd()
    do throws(ReceiveError) { try receiver.finish() } catch { throw InstallError(error) }
    guard isTarget(receiver) else { throw .otherTarget(receiver.uuid) }
  }

  /// How much was done when.
  private struct Checkpoints {
    /// Where in the plain stream the last one is, or the beginning.
    var last: UInt64
    var dataWritten: UInt64
  }

  private func expansion<Tree: OldTree>(
    _ tree: Tree
  ) throws(InstallError) -> UpdateExpansion<Tree> {
    do throws(UpdateExpansionError) {
      var expansion = try UpdateExpansion(
        manifest, tree: tree, memoryLimit: manifest.needs.memory,
        spareMemory: UpdateExpansion<Tree>.spareMemory(beside: manifest, limit: memoryLimit),
        from: start)
      expansion.stopsAtCuts = true
      return expansion
    } catch { throw InstallError(error) }
  }

  /// Whether the stream makes the subvolume that was signed.
  private func isTarget(_ receiver: borrowing Receiver) -> Bool {
    receiver.uuid == manifest.target.uuid && receiver.ctransid == manifest.target.ctransid
  }

  /// False unless the expansion stopped at a cut. Tells of it if enough was done since the last one.
  private func pause<Tree: OldTree>(
    _ expansion: borrowing UpdateExpansion<Tree>, _ receiver: inout Receiver,
    _ checkpoints: inout Checkpoints, _ atCut: CutObserver
  ) throws(InstallError) -> Bool {
    guard let cut = expansion.cut else { return false }
    let length = expansion.plainLength
    guard length - checkpoints.last >= checkpointInterval, receiver.isReceiving,
      isTarget(receiver)
    else { return true }
    do throws(ReceiveError) { try receiver.pause() } catch { throw InstallError(error) }
    checkpoints.last = length
    atCut(cut, checkpoints.dataWritten)
    return true
  }

  /// False when the next piece is wanted, at a cut, or when all is done.
  private func carryOutNext<Tree: OldTree>(
    _ expansion: inout UpdateExpansion<Tree>, _ receiver: inout Receiver,
    _ dataWritten: inout UInt64
  ) throws(InstallError) -> Bool {
    let frame: Frame?
    do throws(UpdateExpansionError) { frame = try expansion.next() } catch {
      throw InstallError(error)
    }
    guard let frame else { return false }
    let command: Command
    do throws(StreamError) { command = try Command(parsing: frame) } catch {
      throw InstallError(.deltaStream(.stream(error)))
    }
    do throws(ReceiveError) { try receiver.carryOut(command) } catch { throw InstallError(error) }
    if case .write(_, _, let data) = command { dataWritten += UInt64(data.byteCount) }
    return true
  }
}
