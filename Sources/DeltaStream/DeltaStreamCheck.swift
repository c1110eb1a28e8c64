internal import BinaryPatch
internal import Bytes
public import SendStream
public import UpdateFile

/// Checks the commands of an update's delta stream as far as that goes without the parent: their
/// order, that they make the subvolume that the manifest speaks of, and every patch's form.
public struct DeltaStreamCheck {
  private let manifest: Manifest
  private var order: CommandOrder

  /// A check of the commands behind the head of an update.
  public init(_ manifest: Manifest) {
    self.manifest = manifest
    order = CommandOrder(behindHeadOfUpdateWithParent: manifest.parent != nil)
  }

  /// Checks the next command.
  ///
  /// - Throws: ``DeltaStreamError``.
  public mutating func add(_ frame: borrowing Frame) throws(DeltaStreamError) {
    try order.add(frame)
    guard frame.kind != .patch else { return try checkPatch(frame) }
    let command: Command
    do throws(StreamError) { command = try Command(parsing: frame) } catch { throw .stream(error) }
    switch command {
    case .subvolume(_, let uuid, let ctransid):
      try check(uuid == manifest.target.uuid && ctransid == manifest.target.ctransid, frame)
    case .snapshot(_, let uuid, let ctransid, let parentUUID, let parentCtransid):
      try check(
        uuid == manifest.target.uuid && ctransid == manifest.target.ctransid
          && parentUUID == manifest.parent?.uuid && parentCtransid == manifest.parent?.ctransid,
        frame)
    default: break
    }
  }

  private func check(_ isRight: Bool, _ frame: borrowing Frame) throws(DeltaStreamError) {
    guard isRight else { throw .otherSubvolume(offset: frame.offset) }
  }

  private func checkPatch(_ frame: borrowing Frame) throws(DeltaStreamError) {
    let patch = try PatchCommand(parsing: frame)
    for source in patch.sources {
      if source.tree == .parent {
        try order.requireParent(.patchSource, at: frame.offset)
      } else if !manifest.allowsNewSources {
        throw .malformedPatch(.patchSource, offset: frame.offset)
      }
    }
    var clones = patch.clones
    while try clones.next(in: frame.offset) != nil {}
    guard !patch.isOpened else {
      guard manifest.recompression != nil else {
        throw .malformedPatch(.patchOpenedData, offset: frame.offset)
      }
      return try patch.openedPatch(at: frame.offset).checkLength(
        of: patch, .standard, frame.offset)
    }
    let length: UInt64
    do throws(PatchError) { length = try PatchStatistics(patch: patch.data).newLength } catch {
      throw .patch(error, path: [UInt8](copying: patch.path), offset: frame.offset)
    }
    guard length == patch.length else { throw .malformedPatch(.size, offset: frame.offset) }
  }
}

extension Manifest {
  /// Whether patches may have sources in the new tree.
  public var allowsNewSources: Bool { requiredFeatures.contains(PatchSource.newTreeFeature) }
}
