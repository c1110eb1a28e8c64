import Bytes
import TestSupport
import Testing
import UpdateBuilder
import UpdateFile

@Suite("Explaining an update")
struct ExplanationTests {
  private func explain(_ name: String) throws -> (UpdateExplanation, Manifest) {
    let file = try TestImages.bytes("updates/\(name).btrfs.xz")
    var head = HeadReader()
    while head.wanted > 0 {
      let end = head.length + head.wanted
      try head.append(file.rawSpan.extracting(head.length..<end))
    }
    let manifest = try head.finish().unverifiedManifest()
    var reader = try ExplanationReader(manifest, memoryLimit: 1 << 30)
    var position = head.length
    while reader.wanted > 0 {
      let end = position + reader.wanted
      try reader.append(piece: file.rawSpan.extracting(position..<end))
      position = end
    }
    return (try reader.finish(), manifest)
  }

  @Test(
    "Every compressed byte belongs to a command",
    arguments: ["delta-revision-1", "delta-proto-1-revision-1", "full-revision-1"])
  func sumsUp(_ name: String) throws {
    let (explanation, manifest) = try explain(name)
    #expect(explanation.total.compressedLength.rounded() == Double(manifest.payload.length))
    #expect(explanation.total.deltaLength == manifest.payload.deltaLength)
    let forms = explanation.forms.values
    #expect(forms.map(\.commandCount).reduce(0, +) == explanation.total.commandCount)
    #expect(forms.map(\.deltaLength).reduce(0, +) == explanation.total.deltaLength)
    let data = explanation.forms.filter { $0.key != .metadata }.values
    #expect(
      explanation.files.map(\.sum.deltaLength).reduce(0, +)
        == data.map(\.deltaLength).reduce(0, +))
  }

  @Test("A patched file is listed by its final name, with its source and its patch's parts")
  func namesFiles() throws {
    let (explanation, _) = try explain("delta-revision-1")
    let file = try #require(explanation.files.first { $0.form == .patched })
    #expect(file.path == Array("usr/bin/program".utf8))
    #expect(file.sources == [Array("usr/bin/program".utf8)])
    #expect(file.controlLength > 0 && file.extraLength > 0 && file.plainLength == 0)
    #expect(file.sum.writtenLength > 100_000 && file.sum.deltaLength < 1000)
  }

  @Test("The largest contributors come first")
  func sorts() throws {
    let (explanation, _) = try explain("full-revision-1")
    let sizes = explanation.files.map(\.sum.compressedLength)
    #expect(sizes == sizes.sorted(by: >))
    #expect(explanation.files.first?.path == Array("usr/bin/program".utf8))
    #expect(explanation.files.allSatisfy { $0.form == .whole && $0.plainLength > 0 })
  }
}
