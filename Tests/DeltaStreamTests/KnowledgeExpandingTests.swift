import BinaryDiff
import BinaryPatch
import Bytes
import DeltaStream
import SendStream
import TestSupport
import Testing

@Suite("Expanding patches that teach each other")
struct KnowledgeExpandingTests {
  @Test("What one patch teaches is there for the next, whatever lies between")
  func handedOn() throws {
    let count = 4
    let old = (0..<count).map { SampleModules.module($0, of: SampleModules.old) }
    let new = (0..<count).map { SampleModules.module($0, of: SampleModules.new) }
    var tree = MemoryTree()
    for index in 0..<count { tree.files[Array("m\(index)".utf8)] = old[index] }
    var delta = StreamWriter(version: StreamVersion(base: 2, revision: 1))
    delta.writeHeader()
    var plain = StreamWriter(version: StreamVersion(base: 2))
    plain.writeHeader()
    var bytes = delta.bytes + deltaSnapshot
    var expected = plain.bytes + snapshotCommand(StreamVersion(base: 2))
    var knowledge = ProjectionKnowledge()
    for index in 0..<count {
      let source = PatchSource(
        path: Array("m\(index)".utf8), offset: 0, length: UInt64(old[index].count))
      let wanted = new[index]
      let prepared = try SourceIndex(sources: [old[index]]).prepare(
        to: wanted.rawSpan, isWholeFile: true)
      let patch = prepared.finish(&knowledge)
      let path = Array("n\(index)".utf8)
      delta = StreamWriter(version: StreamVersion(base: 2, revision: 1))
      plain = StreamWriter(version: StreamVersion(base: 2))
      try delta.makeFile("n\(index)")
      try plain.makeFile("n\(index)")
      try delta.writePatch(
        path: path.rawSpan, offset: 0, length: UInt64(new[index].count), sources: [source],
        data: patch.rawSpan)
      try plain.normalWrites("n\(index)", 0, new[index], 131_072)
      bytes += delta.bytes
      expected += plain.bytes
    }
    bytes += deltaEnd
    expected += endCommand(StreamVersion(base: 2))
    let expanded = try expand(bytes, tree)
    #expect(firstDifference(expanded, expected) == nil)
  }
}
