internal import Bytes
internal import Crypto
internal import DeltaStream
internal import Linux
internal import Receive
internal import SendStream
internal import UpdateFile

/// Reads the payload of an update, and carries it out in a subvolume.
struct PlainReceiving: ~Copyable {
  let manifest: Manifest

  /// Carries out all of the payload, from the parent's files.
  ///
  /// When it returns, the plain stream was the one that was signed, and the source is at its end.
  func run<Tree: OldTree>(
    _ source: borrowing UpdateSource, tree: Tree, receiver: inout Receiver,
    _ observer: InstallObserver
  ) throws(InstallError) {
    var expansion: UpdateExpansion<Tree>
    do throws(UpdateExpansionError) {
      expansion = try UpdateExpansion(manifest, tree: tree, memoryLimit: manifest.needs.memory)
    } catch { throw InstallError(error) }
    let report = ProgressReport(phase: .receiving, total: manifest.payload.length)
    var read: UInt64 = 0
    while expansion.wanted > 0 {
      try report(read, to: observer)
      // The manifest's limit on pieces is the limit on what is allocated here.
      let piece = try source.read(expansion.wanted)
      guard piece.count == expansion.wanted else { throw .fileTruncated }
      read += UInt64(piece.count)
      do throws(UpdateExpansionError) { try expansion.append(piece: piece.rawSpan) } catch {
        throw InstallError(error)
      }
      while try carryOutNext(&expansion, &receiver) {}
    }
    do throws(UpdateExpansionError) { try expansion.finish() } catch { throw InstallError(error) }
    try report(read, to: observer)
    try source.requireEnd()
    do throws(ReceiveError) { try receiver.finish() } catch { throw InstallError(error) }
    guard receiver.uuid == manifest.target.uuid, receiver.ctransid == manifest.target.ctransid
    else { throw .otherTarget(receiver.uuid) }
  }

  /// False when the next piece is wanted, or all is done.
  private func carryOutNext<Tree: OldTree>(
    _ expansion: inout UpdateExpansion<Tree>, _ receiver: inout Receiver
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
    return true
  }
}

/// What a full update is made of: no old files.
struct NoOldTree: OldTree {
  func open(_ path: [UInt8]) throws(SystemError) -> ParentFile {
    throw SystemError(
      operation: "open", path: String(decoding: path, as: UTF8.self), errno: .noSuchFile)
  }
}
