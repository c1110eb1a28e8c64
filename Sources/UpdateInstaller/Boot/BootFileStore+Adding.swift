internal import Bytes
internal import Crypto
internal import Linux

/// What a loader starts: names of files in the store, and the kernel's command line.
struct BootDescription: Hashable {
  var kernel: String
  var initrd: String?
  var options: String
  /// For menus.
  var title: String
}

extension BootFileStore {
  /// A larger kernel or initrd is refused, in bytes.
  private static let fileLimit: UInt64 = 1 << 30
  /// What files are rounded up to: no common cluster is larger.
  private static let cluster: UInt64 = 64 << 10
  /// How much is read at once.
  private static let chunk = 1 << 20

  /// A file of a tree that is to be in the store.
  private struct Source {
    var path: String
    var name: String
    var size: UInt64
  }

  /// Copies what a system boots into the store.
  ///
  /// - Throws: ``BootError/full(path:needed:available:)`` before anything is written, if it does not
  ///   fit. What was written before another error, cleaning removes.
  func add(
    _ system: BootSystem, root: borrowing Descriptor, _ machine: BootMachine
  ) throws(BootError) -> BootDescription {
    let paths = try files.kernelPaths(in: root)
    let line = try files.commandLine(in: root, machine)
    guard let options = KernelCommandLine.line(line, rootedIn: system.subvolumeID) else {
      throw .malformed(path: "etc/kernel/cmdline", "it is too long, or holds control characters")
    }
    var sources = [try source(paths.kernel, "linux", in: root)]
    if let initrd = paths.initrd { sources.append(try source(initrd, "initrd", in: root)) }
    try copy(sources, from: root)
    let version = system.version.map { " v\($0)" } ?? ""
    return BootDescription(
      kernel: sources[0].name, initrd: sources.count > 1 ? sources[1].name : nil,
      options: options, title: files.title + version)
  }

  /// Whether all the files that a description names are there, and are what their names say.
  func isComplete(_ description: String) throws(BootError) -> Bool {
    for name in Self.fileNames(in: description) where try !holds(name) { return false }
    return true
  }

  private func source(
    _ path: String, _ kind: String, in root: borrowing Descriptor
  ) throws(BootError) -> Source {
    let file = try Self.openSource(path, in: root)
    let status = try attemptBoot { () throws(SystemError) in try file.status() }
    guard status.type == .regular, status.size > 0, status.size <= Self.fileLimit else {
      throw .malformed(path: path, "it is not a file of 1 to \(Self.fileLimit) bytes")
    }
    let digest = try Self.digest(of: file)
    return Source(path: path, name: "\(digest).\(kind)", size: status.size)
  }

  private static func openSource(
    _ path: String, in root: borrowing Descriptor
  ) throws(BootError) -> Descriptor {
    do throws(SystemError) {
      return try root.open(beneath: path, [.noFollow, .nonBlocking])
    } catch {
      throw error.isNothingThere ? .missing(path: path) : .system(error)
    }
  }

  private static func digest(of file: borrowing Descriptor) throws(BootError) -> SHA256Digest {
    var hasher = SHA256()
    var offset: UInt64 = 0
    var bytes = try read(file, at: offset)
    while !bytes.isEmpty {
      hasher.update(bytes.rawSpan)
      offset += UInt64(bytes.count)
      bytes = try read(file, at: offset)
    }
    return hasher.finalize()
  }

  private static func read(
    _ file: borrowing Descriptor, at offset: UInt64
  ) throws(BootError) -> [UInt8] {
    do throws(SystemError) { return try file.bytes(at: offset, count: chunk) } catch {
      throw .system(error)
    }
  }

  private func holds(_ name: String) throws(BootError) -> Bool {
    let exists = try attemptBoot { () throws(SystemError) in try directory.hasEntry(name) }
    guard exists else { return false }
    let file = try attemptBoot { () throws(SystemError) in
      try directory.open(beneath: name, [.noFollow])
    }
    return "\(try Self.digest(of: file))" == name.prefix { $0 != "." }
  }

  private func copy(_ sources: [Source], from root: borrowing Descriptor) throws(BootError) {
    var missing: [Source] = []
    for source in sources where try !holds(source.name) { missing.append(source) }
    // One cluster for the description.
    let needed = missing.reduce(Self.cluster) {
      $0 + ($1.size + Self.cluster - 1) / Self.cluster * Self.cluster
    }
    let available = try available()
    guard needed <= available else {
      throw .full(path: files.directory, needed: needed, available: available)
    }
    for source in missing { try copy(source, from: root) }
  }

  private func copy(_ source: Source, from root: borrowing Descriptor) throws(BootError) {
    let temporary = source.name + Self.temporarySuffix
    try noticingFull(needed: source.size) { () throws(SystemError) in
      let old = try root.open(beneath: source.path, [.noFollow, .nonBlocking])
      let new = try directory.open(
        beneath: temporary, [.writeOnly, .create, .truncate, .noFollow])
      var offset: UInt64 = 0
      while true {
        let bytes = try old.bytes(at: offset, count: Self.chunk)
        if bytes.isEmpty { break }
        try new.write(bytes.rawSpan, at: offset)
        offset += UInt64(bytes.count)
      }
      try new.sync()
      try directory.rename(temporary, to: source.name)
      try directory.sync()
    }
  }
}
