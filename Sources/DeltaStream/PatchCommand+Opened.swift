internal import BinaryPatch
internal import Bytes
internal import Recompress
internal import SendStream

extension PatchCommand {
  /// Reads a patch of opened files.
  ///
  /// - Throws: ``DeltaStreamError/openedPatch(_:path:offset:)``.
  func openedPatch(
    at commandOffset: UInt64, mostRegions: Int = OpenedPatch.mostRegions
  ) throws(DeltaStreamError) -> OpenedPatch {
    do throws(OpenedPatchError) {
      return try OpenedPatch(
        parsing: data, sourceCount: sources.count, mostRegions: mostRegions)
    } catch {
      throw .openedPatch(error, path: [UInt8](copying: path), offset: commandOffset)
    }
  }
}

extension OpenedPatch {
  /// Checks that the parts make as much as the command writes, or as the view has that it is made of.
  ///
  /// - Throws: ``DeltaStreamError``.
  func checkLength(
    of command: borrowing PatchCommand, _ limits: PatchLimits, _ commandOffset: UInt64
  ) throws(DeltaStreamError) {
    var made: UInt64 = 0
    for part in parts {
      do throws(PatchError) {
        let length = try PatchStatistics(patch: part.patch.rawSpan, limits: limits).newLength
        // No patch makes more than the limits allow, and the parts are not so many.
        made += length
      } catch {
        throw .patch(error, path: [UInt8](copying: command.path), offset: commandOffset)
      }
    }
    let length = layout?.length ?? command.length
    guard length == command.length, made == layout?.viewLength ?? command.length else {
      throw .malformedPatch(.size, offset: commandOffset)
    }
  }
}
