import BinaryDiff
import Bytes
import DeltaStream
import Recompress
import SendStream
import TestSupport
import Testing
import UpdateFile

/// A compressed file in two versions, and how one is made of the other.
struct OpenedSample {
  /// What the text is in.
  enum Container: CaseIterable {
    case gzip, xz, zstd, zip, nested, bitcode, messages
  }

  var old: [UInt8]
  var new: [UInt8]
  var sources: [PatchSource] = []

  init(_ container: Container, count: Int = 60_000) throws {
    let text = Self.text(count)
    old = try Self.contain(text, container)
    let place = count / 3
    new = try Self.contain(
      Array(text[..<place]) + Array("something else\n".utf8) + text[(place + 1)...], container)
    sources = [
      PatchSource(
        path: Array("old".utf8), offset: 0, length: UInt64(try Self.opened(old).view.count))
    ]
  }

  /// Lines that pack, but not too well.
  private static func text(_ count: Int) -> [UInt8] {
    var random = SeededGenerator(seed: 7)
    var text: [UInt8] = []
    while text.count < count {
      text += Array("line \(text.count) \(Int.random(in: 0..<1000, using: &random)) word\n".utf8)
    }
    return text
  }

  private static func contain(_ text: [UInt8], _ container: Container) throws -> [UInt8] {
    switch container {
    case .gzip: try compress(text, "gzip", ["-9n"])
    case .xz: try compress(text, "xz", ["--check=crc32", "--lzma2=dict=1MiB"])
    case .zstd: try compress(text, "zstd", ["-19", "-q"])
    case .zip: try zip(text)
    case .bitcode: try bitcode(text)
    case .messages: try messages(text)
    // Like a kernel: something, xz of something with gzip inside, something.
    case .nested:
      try text[..<300]
        + compress(
          Array(text[..<900]) + compress(text, "gzip", ["-n"]) + [1, 2, 3], "xz",
          ["--check=crc32", "--x86", "--lzma2=preset=6,dict=1MiB"]) + text[..<500]
    }
  }

  /// LLVM bitcode: a function for each line.
  private static func bitcode(_ text: [UInt8]) throws -> [UInt8] {
    var names: Set<String> = []
    let functions = text.split(separator: 0x0A).compactMap { line -> String? in
      let text = String(decoding: line, as: UTF8.self)
      let name = String(text.map { $0.isLetter || $0.isNumber ? $0 : "_" })
      guard names.insert(name).inserted else { return nil }
      return "int f_\(name)(int n) { return say(\"\(text)\") * n + \(line.count); }"
    }
    let source = (["int say(const char *);"] + functions).joined(separator: "\n")
    let outcome = try ExternalProgram.run(
      "clang", ["-O1", "-c", "-emit-llvm", "-x", "c", "file", "-o", "-"],
      files: ["file": Array(source.utf8)])
    try #require(outcome.status == 0)
    return outcome.output
  }

  /// A message catalog of gettext: a message for each line.
  private static func messages(_ text: [UInt8]) throws -> [UInt8] {
    var lines = Set(text.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) })
    lines.remove("")
    let source = lines.sorted().map { "msgid \"\($0)\"\nmsgstr \"to \($0)\"\n" }
    let outcome = try ExternalProgram.run(
      "msgfmt", ["-o", "-", "file"], files: ["file": Array(source.joined(separator: "\n").utf8)])
    try #require(outcome.status == 0)
    return outcome.output
  }

  private static func compress(
    _ bytes: [UInt8], _ program: String, _ options: [String]
  ) throws -> [UInt8] {
    let outcome = try ExternalProgram.run(
      program, options + ["-c", "file"], files: ["file": bytes])
    try #require(outcome.status == 0)
    return outcome.output
  }

  /// A zip file with two members, without its directory.
  private static func zip(_ text: [UInt8]) throws -> [UInt8] {
    let packed = try compress(text, "gzip", ["-n"])
    let data = Array(packed[10..<packed.count - 8])
    var bytes: [UInt8] = []
    for name in ["one", "two"] {
      bytes += [0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0] + packed[(packed.count - 8)...]
      bytes += [UInt8](repeating: 0, count: 4) + [3, 0, 0, 0] + Array(name.utf8) + data
    }
    return bytes
  }

  /// A file's layout and view.
  static func opened(_ file: [UInt8]) throws -> (layout: FileLayout, view: [UInt8]) {
    let bytes = MemorySpill(file)
    let layout = try Recompressor().analyse(bytes, spill: MemorySpill()).layout
    let view = try OpenedView(bytes, layout, spill: MemorySpill())
    return (layout, try view.bytes(at: 0, count: 1 << 24))
  }

  var tree: MemoryTree { MemoryTree(["old": old]) }

  /// The patch that makes new of the sources, in one part.
  func patch(opensOld: Bool = true, opensNew: Bool = true) throws -> OpenedPatch {
    let from = try Self.opened(old)
    let to = try Self.opened(new)
    let source = sources.isEmpty ? [] : opensOld ? from.view : old
    let target = opensNew ? to.view : new
    let patch = try SourceIndex(sources: [source]).patch(to: target.rawSpan)
    return OpenedPatch(
      sources: sources.isEmpty || !opensOld ? [:] : [0: from.layout],
      layout: opensNew ? to.layout : nil,
      parts: [OpenedPatch.Part(offset: 0, length: UInt64(source.count), patch: patch)])
  }

  /// A delta stream with a patch; its source is as long as that needs.
  func delta(_ patch: OpenedPatch) throws -> [UInt8] {
    var sample = self
    if !sources.isEmpty, patch.sources.isEmpty { sample.sources[0].length = UInt64(old.count) }
    return try sample.delta(data: patch.encoded)
  }

  func delta(data: [UInt8]) throws -> [UInt8] {
    deltaHeader() + (try section(data)) + deltaEnd
  }

  /// The commands between the header and END.
  private func section(_ data: [UInt8]) throws -> [UInt8] {
    var writer = StreamWriter(version: StreamVersion(base: 2, revision: 1))
    try writer.makeFile("new")
    let path = Array("new".utf8)
    try writer.writePatch(
      path: path.rawSpan, offset: 0, length: UInt64(new.count), sources: sources,
      data: data.rawSpan, isOpened: true)
    return deltaSnapshot + writer.bytes
  }

  /// The stream that it stands for.
  func plain() throws -> [UInt8] {
    try SampleStream(base: 2, steps: [.file("new"), .writes("new", at: 0, new)], tree: tree).plain()
  }

  /// An update of it, as a manifest describes it.
  func update(_ recompression: Manifest.Recompression?) throws -> SampleUpdate {
    let delta = try section(patch().encoded) + deltaEnd
    var update = try SampleUpdate([SampleSection(delta: delta, plain: plain())])
    update.manifest.recompression = recompression
    update.manifest.requiredFeatures =
      recompression == nil ? [] : [Manifest.recompressionFeature]
    return update
  }

  /// What the update takes.
  func recompression() throws -> Manifest.Recompression {
    let layout = try Self.opened(new).layout
    return Manifest.Recompression(
      memory: try layout.demand().memory + (4 << 20), room: 1 << 20, seconds: 1,
      samples: try layout.settings.map {
        Manifest.RecipeSample(
          recipe: $0.bytes, fingerprint: try RecipeSelfTest.fingerprint(of: $0))
      })
  }
}
