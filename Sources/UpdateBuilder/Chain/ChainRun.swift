internal import Bytes
internal import DeltaStream
internal import Linux
internal import Recompress
internal import SendStream
internal import Tree
internal import UpdateFile

/// One update of a chain, from its file to the tree that it makes.
struct ChainRun {
  let link: UpdateChain.Link
  /// The directory in which the tree's contents are kept.
  let place: String
  let progress: BuildProgress
  /// Whether the tree to start from was made by a chain, too.
  var ownsParent = false

  /// What decoding may take on a build server, in bytes.
  private static let memoryLimit: UInt64 = 2 << 30

  init(link: UpdateChain.Link, place: String, progress: BuildProgress) {
    self.link = link
    self.place = place
    self.progress = progress
  }

  /// Carries the update out.
  func run(from parent: TreeCatalog?) throws(BuildError) -> TreeCatalog {
    try checkRecipes()
    let receiver: CatalogReceiver
    let tree: ChainTree
    do throws(SystemError) {
      let store = try ContentStore(in: place, parent: parent?.root, ownsParent: ownsParent)
      receiver = CatalogReceiver(parent: parent, store: store)
      var old: ParentTree?
      if let root = parent?.root { old = try ParentTree(root: try root.directory.duplicate()) }
      tree = try ChainTree(parent: old, receiver: receiver)
    } catch { throw failure(.system(error)) }
    try replay(tree, receiver)
    do throws(CatalogReceiveError) { return try receiver.finish() } catch {
      throw failure(.command(error))
    }
  }

  /// Hands the plain commands to the receiver, and proves that they are what was signed.
  private func replay(
    _ tree: ChainTree, _ receiver: CatalogReceiver
  ) throws(BuildError) {
    var expansion: UpdateExpansion<ChainTree>
    do throws(UpdateExpansionError) {
      expansion = try UpdateExpansion(
        link.manifest, tree: tree, memoryLimit: Self.memoryLimit,
        spareMemory: UpdateExpansion<ChainTree>.spareMemory(beside: link.manifest))
    } catch { throw failure(.expansion(error)) }
    var position = link.file.payloadOffset
    while expansion.wanted > 0 {
      let piece = try read(at: position, count: expansion.wanted)
      guard piece.count == expansion.wanted else { throw failure(.file(.truncated)) }
      position += UInt64(piece.count)
      do throws(UpdateExpansionError) { try expansion.append(piece: piece.rawSpan) } catch {
        throw failure(.expansion(error))
      }
      while try next(&expansion, receiver) {}
      try progress.report(.replaying, done: expansion.plainLength, of: link.manifest.plain.length)
    }
    do throws(UpdateExpansionError) { try expansion.finish() } catch {
      throw failure(.expansion(error))
    }
    guard try read(at: position, count: 1).isEmpty else { throw failure(.file(.trailingBytes)) }
  }

  /// Carries the next plain command out; `false` when the next piece is wanted.
  private func next(
    _ expansion: inout UpdateExpansion<ChainTree>, _ receiver: CatalogReceiver
  ) throws(BuildError) -> Bool {
    let offset = expansion.plainLength
    let reason: ChainError.Reason?
    do throws(UpdateExpansionError) {
      guard let frame = try expansion.next() else { return false }
      reason = carryOut(frame, at: offset, by: receiver)
    } catch { throw failure(.expansion(error)) }
    if let reason { throw failure(reason) }
    return true
  }

  /// Carries a plain command out; says why that cannot be done.
  private func carryOut(
    _ frame: borrowing Frame, at offset: UInt64, by receiver: CatalogReceiver
  ) -> ChainError.Reason? {
    if frame.kind == .subvolume || frame.kind == .snapshot {
      var check = DeltaStreamCheck(link.manifest)
      do throws(DeltaStreamError) { try check.add(frame) } catch {
        return .expansion(.deltaStream(error))
      }
    }
    do throws(CatalogReceiveError) { try receiver.carryOut(frame, at: offset) } catch {
      return .command(error)
    }
    return nil
  }

  private func read(at position: UInt64, count: Int) throws(BuildError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(FinishedUpdateError) {
      bytes = try link.file.bytes(at: position, count: count)
    } catch { throw failure(.file(error)) }
    return bytes
  }

  private func failure(_ reason: ChainError.Reason) -> BuildError { .chain(link.error(reason)) }

  private func checkRecipes() throws(BuildError) {
    var failures: [RecipeSelfTest.Failure] = []
    do throws(RecompressError) {
      failures = try link.manifest.recompression?.failures() ?? []
    } catch {
      throw failure(.expansion(.badRecipe(error)))
    }
    guard failures.isEmpty else {
      throw failure(.cannotRebuild(failures.map(\.description).joined(separator: "; ")))
    }
  }
}
