internal import BinaryPatch
internal import Bytes
internal import SendStream

/// A PATCH that is being expanded to WRITEs.
struct RunningPatch<File: OldFile>: ~Copyable {
  private let path: [UInt8]
  private let commandOffset: UInt64
  private var offset: UInt64
  private var left: UInt64
  private var applier: PatchApplier<SourceSpace<File>>

  init<Tree: OldTree>(
    _ command: borrowing PatchCommand, tree: Tree, limits: PatchLimits,
    offset commandOffset: UInt64, knowledge: consuming ProjectionKnowledge
  ) throws(DeltaStreamError) where Tree.File == File {
    path = [UInt8](copying: command.path)
    self.commandOffset = commandOffset
    offset = command.offset
    left = command.length
    applier = try Self.applier(command, tree, limits, path, commandOffset, knowledge)
  }

  private static func applier<Tree: OldTree>(
    _ command: borrowing PatchCommand, _ tree: Tree, _ limits: PatchLimits, _ path: [UInt8],
    _ commandOffset: UInt64, _ knowledge: consuming ProjectionKnowledge
  ) throws(DeltaStreamError) -> PatchApplier<SourceSpace<File>> where Tree.File == File {
    let old = try SourceSpace(command.sources, in: tree)
    let made: PatchApplier<SourceSpace<File>>
    do throws(PatchError) {
      made = try PatchApplier(
        patch: [UInt8](copying: command.data), old: old, limits: limits, knowledge: knowledge)
    } catch { throw .patch(error, path: path, offset: commandOffset) }
    guard made.newLength == command.length else {
      throw .malformedPatch(.size, offset: commandOffset)
    }
    return made
  }

  /// Gives away what is known for the patch behind, at the end of the run.
  mutating func takeKnowledge() -> ProjectionKnowledge { applier.takeKnowledge() }

  /// Makes the payload of the next WRITE; `false` at the end of the run.
  mutating func nextWrite(
    form: NormalForm, version: StreamVersion, into payload: inout [UInt8]
  ) throws(DeltaStreamError) -> Bool {
    guard left > 0 else {
      do throws(PatchError) { try applier.finish() } catch {
        throw .patch(error, path: path, offset: commandOffset)
      }
      return false
    }
    let count = form.firstChunk(offset: offset, length: left)
    try begin(count, version, &payload)
    let start = payload.count
    do throws(PatchApplyError<DeltaStreamError>) {
      try payload.append(upTo: count) { out throws(PatchApplyError<DeltaStreamError>) in
        try applier.read(into: &out)
      }
    } catch {
      switch error {
      case .patch(let error): throw .patch(error, path: path, offset: commandOffset)
      case .old(let error): throw error
      }
    }
    guard payload.count - start == count else {
      throw .malformedPatch(.patchData, offset: commandOffset)
    }
    offset += UInt64(count)
    left -= UInt64(count)
    return true
  }

  /// Writes what comes before a WRITE's data.
  private func begin(
    _ count: Int, _ version: StreamVersion, _ payload: inout [UInt8]
  ) throws(DeltaStreamError) {
    payload.removeAll(keepingCapacity: true)
    payload.append(littleEndian: AttributeKind.path.rawValue)
    // A path that was parsed fits 16 bits, and so does a chunk of version 1.
    payload.append(littleEndian: UInt16(truncatingIfNeeded: path.count))
    payload.append(contentsOf: path)
    payload.append(littleEndian: AttributeKind.fileOffset.rawValue)
    payload.append(littleEndian: UInt16(8))
    payload.append(littleEndian: offset)
    payload.append(littleEndian: AttributeKind.data.rawValue)
    if version.base < 2 { payload.append(littleEndian: UInt16(truncatingIfNeeded: count)) }
  }
}
