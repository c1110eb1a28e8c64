import Bytes
import Crypto
import DeltaStream
import Foundation
import Linux
import TestSupport
import Testing
import UpdateFile

/// Updates of each format revision, which are read forever.
@Suite("Golden updates")
struct GoldenUpdateTests {
  @Test(
    "An update of revision 1 is trusted, and expands to the stream that was signed",
    arguments: [
      "full-revision-1", "delta-revision-1", "delta-proto-1-revision-1",
      "sources-revision-1", "opened-revision-1",
    ])
  func expands(name: String) throws {
    let file = try TestImages.bytes("updates/\(name).btrfs.xz")
    let (head, length) = try Self.head(of: file)
    let pem = try TestImages.bytes("keys/test.pub.pem")
    let key = try VerificationKey(pem: pem.rawSpan)
    let manifest = try head.verified(by: [key]).manifest
    #expect(manifest.product == "golden")
    #expect(manifest.parent?.version == (name.hasPrefix("full") ? nil : 1))

    #expect(manifest.allowsNewSources == name.hasPrefix("sources"))
    #expect((manifest.recompression != nil) == name.hasPrefix("opened"))

    let root = try Descriptor.open(TestImages.url("updates/parent").path, [.directory])
    let place = try TemporaryDirectory()
    let stream = try place.open().open(
      beneath: "stream", [.readWrite, .create, .exclusive], permissions: 0o600)
    let base = UInt16(truncatingIfNeeded: manifest.baseVersion)
    let tree = ExpansionTree(
      parent: try ParentTree(root: root),
      stream: PlainStreamFile(keepingIn: stream, base: base))
    var expansion = try UpdateExpansion(
      manifest, tree: tree, memoryLimit: manifest.needs.memory)
    var at = length
    while expansion.wanted > 0 {
      let piece = Array(file[at..<at + expansion.wanted])
      at += piece.count
      try expansion.append(piece: piece.rawSpan)
      while try expansion.next() != nil {}
    }
    try expansion.finish()
    #expect(at == file.count)
    #expect(expansion.plainLength == manifest.plain.length)
  }

  @Test("A key that did not sign it is no reason to trust it")
  func otherKey() throws {
    let file = try TestImages.bytes("updates/delta-revision-1.btrfs.xz")
    let (head, _) = try Self.head(of: file)
    let pem = try TestImages.bytes("keys/other.pub.pem")
    let key = try VerificationKey(pem: pem.rawSpan)
    #expect(throws: UpdateFileError.noTrustedSignature) { try head.verified(by: [key]) }
  }

  private static func head(of file: [UInt8]) throws -> (UpdateHead, Int) {
    var reader = HeadReader()
    while reader.wanted > 0 {
      let next = Array(file[reader.length..<reader.length + reader.wanted])
      try reader.append(next.rawSpan)
    }
    return (try reader.finish(), reader.length)
  }
}
