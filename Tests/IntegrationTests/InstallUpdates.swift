import Btrfs
import Bytes
import Crypto
import DeltaStream
import Linux
import SendStream
import Signing
import TestSupport
import Testing
import Tree
import UpdateFile

@testable import UpdateInstaller

/// A build server and a device, each a directory of the test's file system, and updates from the one
/// to the other that say whatever a test wants them to say.
///
/// These updates are made without the builder, so that they can be wrong in any way.
struct InstallBench {
  let mount = BtrfsFixture.current
  let key: SigningKey

  var server: String { mount.path + "/server" }
  var disk: String { mount.path + "/disk" }

  init() throws {
    key = try SigningKey.generate()
    try run("mkdir", server, disk)
    try run("btrfs", "subvolume", "create", "\(server)/work")
  }

  func device() throws(InstallError) -> Device { try Device(path: disk) }

  var options: InstallOptions {
    InstallOptions(
      keys: [key.verificationKey], product: "thermostat", toolVersion: ToolVersion(1, 0, 0))
  }

  /// Changes what is being worked on by a shell script, and freezes it as a version.
  func release(_ version: UInt64, _ script: String) throws {
    try run("sh", "-ec", "cd \(server)/work; \(script)")
    try run(
      "btrfs", "subvolume", "snapshot", "-r", "\(server)/work", "\(server)/sys_root_v\(version)")
  }

  /// Two versions with a bit of everything.
  func releaseTwo() throws {
    try release(
      1,
      """
      mkdir -p usr/bin etc; echo one >etc/version; echo keep >etc/keep; ln -s keep etc/link
      head -c 300000 /dev/urandom >usr/bin/program; ln usr/bin/program usr/bin/other
      mkfifo etc/fifo; setfattr -n user.a -v b etc/keep; chmod 4755 usr/bin/program
      """)
    try release(
      2,
      """
      echo two >etc/version; rm etc/fifo; mv usr/bin/other usr/bin/moved
      head -c 200000 /dev/urandom >usr/new; cp --reflink usr/bin/program usr/copy
      """)
  }

  func tree(_ path: String) throws -> TreeDigest {
    let root = try Descriptor.open(path, .directory)
    return try TreeSummary(of: root).digest
  }

  /// Makes an update of what the kernel sends.
  ///
  /// - Parameters:
  ///   - sectionLength: where the delta stream is cut.
  ///   - change: makes the manifest say something else before it is signed.
  func update(
    from parent: UInt64?, to version: UInt64, signers: [SigningKey]? = nil,
    sectionLength: Int = .max, changing change: (inout Manifest) -> Void = { _ in }
  ) throws -> [UInt8] {
    let child = try Descriptor.open("\(server)/sys_root_v\(version)", .directory)
    let payload = try Payload(
      sentStream(from: parent, to: version), rootTimes: child.status(),
      sectionLength: sectionLength)
    var manifest = try manifest(from: parent, to: version, payload)
    change(&manifest)
    let bytes = try manifest.encoded()
    let message = UpdateSignature.message(for: bytes.rawSpan)
    let signatures = try (signers ?? [key]).map { key in
      try UpdateSignature(
        keyID: key.verificationKey.keyID, data: key.signature(for: message.rawSpan))
    }
    let head = try UpdateHead(
      manifestBytes: bytes, baseVersion: manifest.baseVersion, signatures: signatures)
    return try head.encoded() + payload.bytes
  }

  private func sentStream(from parent: UInt64?, to version: UInt64) throws -> [UInt8] {
    let child = try Descriptor.open("\(server)/sys_root_v\(version)", .directory)
    try FileSystem.commit(child)
    let parentID = try parent.map {
      try Subvolume.info(of: Descriptor.open("\(server)/sys_root_v\($0)", .directory)).id
    }
    var sender = try Sender(child, parentID: parentID, SendOptions(version: 2))
    var stream: [UInt8] = []
    while true {
      let before = stream.count
      try stream.append(upTo: 1 << 16) { (out) throws(SystemError) in try sender.read(into: &out) }
      if stream.count == before { break }
    }
    try sender.finish()
    return stream
  }

  /// A payload, and what a manifest says of it.
  private struct Payload {
    var bytes: [UInt8] = []
    var cuts: [Manifest.Cut] = []
    var plain: (length: UInt64, digest: SHA256Digest)

    /// - Parameter root: the child's root, whose times the kernel often leaves out, although it uses
    ///   the root for temporary names.
    init(_ stream: [UInt8], rootTimes root: FileStatus, sectionLength: Int) throws {
      var digest = PlainStreamDigest(version: StreamVersion(base: 2))
      var writer = try PayloadWriter(dictionarySize: 1 << 20, preset: 0, isExtreme: false)
      var packed: [UInt8] = []
      var delta: [UInt8] = []
      var parts: [(length: UInt64, digest: SHA256Digest)] = []
      func cut() throws {
        try writer.append(delta.rawSpan, into: &packed)
        try writer.cut(into: &packed)
        parts.append(digest.endSection())
        delta = []
      }
      let version = StreamVersion(base: 2, revision: StreamVersion.deltaRevision)
      try forEachFrame(in: stream) { frame in
        if delta.count >= sectionLength { try cut() }
        if frame.kind == .end {
          let times = try Self.rootTimes(root)
          let payload = times.rawSpan.extracting(droppingFirst: Frame.headerLength)
          let command = Frame(kind: .setTimes, payload: payload, version: frame.version)
          digest.add(command)
          Frame(kind: .setTimes, payload: payload, version: version).appendHeader(to: &delta)
          delta.append(copying: payload)
        }
        digest.add(frame)
        Frame(kind: frame.kind, payload: frame.payload, version: version).appendHeader(to: &delta)
        delta.append(copying: frame.payload)
      }
      try cut()
      cuts = zip(try writer.finish(into: &packed), parts).map {
        Manifest.Cut(
          compressedLength: $0.compressedLength, deltaLength: $0.deltaLength,
          plainLength: $1.length, plainSHA256: $1.digest)
      }
      bytes = packed
      plain = (digest.length, digest.wholeDigest())
    }

    private static func rootTimes(_ root: FileStatus) throws -> [UInt8] {
      func time(_ time: FileTime) -> Timespec {
        Timespec(seconds: time.seconds, nanoseconds: time.nanoseconds)
      }
      var writer = StreamWriter(version: StreamVersion(base: 2))
      let empty: [UInt8] = []
      try writer.write(
        .setTimes(
          path: empty.rawSpan, access: time(root.accessTime),
          modification: time(root.modificationTime), change: time(root.modificationTime),
          creation: nil))
      return writer.bytes
    }
  }

  private func manifest(
    from parent: UInt64?, to version: UInt64, _ payload: Payload
  ) throws -> Manifest {
    var hasher = try PieceHasher(pieceSize: Manifest.Payload.minimumPieceSize)
    hasher.append(payload.bytes.rawSpan)
    let childInfo = try Subvolume.info(
      of: Descriptor.open("\(server)/sys_root_v\(version)", .directory))
    let child = try tree("\(server)/sys_root_v\(version)")
    return Manifest(
      minimumToolVersion: ToolVersion(0, 1, 0), baseVersion: 2, product: "thermostat",
      parent: try parent.map(self.parent), toVersion: version, buildDate: 1_700_000_000,
      builder: "tests",
      target: Manifest.Target(
        uuid: childInfo.uuid, ctransid: childInfo.changeTransaction,
        contentDigest: child.content, fullDigest: child.full, dataSize: 1 << 20, entryCount: 10),
      plain: Manifest.PlainStream(length: payload.plain.length, sha256: payload.plain.digest),
      needs: Manifest.Needs(memory: 64 << 20, diskData: 1 << 20, diskMetadata: 1 << 20),
      payload: Manifest.Payload(
        length: UInt64(payload.bytes.count),
        deltaLength: payload.cuts.reduce(0) { $0 + $1.deltaLength },
        pieceSize: Manifest.Payload.minimumPieceSize, dictionarySize: 1 << 20,
        cuts: payload.cuts, pieces: hasher.finish()))
  }

  private func parent(_ version: UInt64) throws -> Manifest.Parent {
    let path = "\(server)/sys_root_v\(version)"
    let info = try Subvolume.info(of: Descriptor.open(path, .directory))
    let digest = try tree(path)
    return Manifest.Parent(
      version: version, uuid: info.uuid, ownUUID: info.uuid, ctransid: info.changeTransaction,
      contentDigest: digest.content, fullDigest: digest.full)
  }

  /// Installs an update from a file.
  @discardableResult
  func apply(
    _ update: [UInt8], _ options: InstallOptions? = nil,
    observer: InstallObserver = { _ in true }
  ) throws(InstallError) -> Installation {
    let source: Descriptor
    do throws(SystemError) { source = try file(of: update) } catch { throw .system(error) }
    return try device().apply(source, options ?? self.options, observer: observer)
  }

  func check(_ update: [UInt8], _ options: InstallOptions? = nil) throws -> [InstallError] {
    try device().check(file(of: update), options ?? self.options).problems
  }

  func file(of bytes: [UInt8]) throws(SystemError) -> Descriptor {
    let file = try mount.open().open(beneath: "update", [.readWrite, .create, .truncate])
    try file.write(bytes.rawSpan)
    try file.seek(to: 0)
    return file
  }

  /// Everything on the device that an unsuccessful call must leave alone.
  func state() throws -> [String] {
    let disk = try Descriptor.open(disk, .directory)
    var state = try Subvolume.list(in: disk).map { "\($0.text) \($0.uuid) \($0.isReadOnly)" }
    state += try disk.entries().map { String(decoding: $0.name, as: UTF8.self) }.sorted()
    let files = try run(
      "sh", "-c", "cd \(self.disk); [ ! -d .btrfs-update ] || find .btrfs-update -type f | sort")
    return state + [String(decoding: files, as: UTF8.self)]
  }

  /// What an update is refused with; `nil` if it is installed.
  func refusal(of update: [UInt8], _ options: InstallOptions? = nil) throws -> String? {
    do throws(InstallError) {
      try apply(update, options)
      return nil
    } catch {
      return error.description
    }
  }
}
