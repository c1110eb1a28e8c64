internal import Btrfs
internal import Bytes
internal import Linux

/// `.btrfs-update`, where a device keeps what no rollback may undo.
struct StateDirectory: ~Copyable {
  let directory: Descriptor

  private static let temporarySuffix = ".new"

  /// Opens it; `nil` if there is none yet.
  init?(ifIn parent: borrowing Descriptor) throws(InstallError) {
    do throws(SystemError) {
      directory = try parent.open(beneath: DeviceNames.state, [.directory, .noFollow])
    } catch {
      if error.errno == .noSuchFile { return nil }
      throw InstallError(error)
    }
  }

  /// Opens it, and makes it if there is none yet.
  init(in parent: borrowing Descriptor) throws(InstallError) {
    directory = try attempt { () throws(SystemError) in
      if try !parent.hasEntry(DeviceNames.state) {
        do throws(SystemError) { try parent.makeDirectory(DeviceNames.state) } catch {
          // Somebody else was faster.
          if error.errno != .fileExists { throw error }
        }
        try parent.sync()
      }
      return try parent.open(beneath: DeviceNames.state, [.directory, .noFollow])
    }
  }

  /// A file's bytes; `nil` if there is none.
  func contents(of name: String, limit: Int) throws(InstallError) -> [UInt8]? {
    do throws(SystemError) {
      return try directory.open(beneath: name, [.noFollow]).readToEnd(limit: limit)
    } catch {
      if error.errno == .noSuchFile { return nil }
      throw InstallError(error)
    }
  }

  /// What a record says; `nil` if there is none.
  func read<Value>(
    _ kind: String, as value: (Record) throws(RecordFlaw) -> Value
  ) throws(InstallError) -> Value? {
    guard let bytes = try contents(of: kind, limit: Record.maximumLength) else { return nil }
    do throws(RecordFlaw) { return try value(Record(kind, parsing: bytes)) } catch {
      throw .recordCorrupt(name: kind, error)
    }
  }

  /// The same for those whom a damaged record does not stop: it says nothing to them.
  static func unlessDamaged<Value>(
    _ read: () throws(InstallError) -> Value?
  ) throws(InstallError) -> Value? {
    do throws(InstallError) { return try read() } catch {
      guard case .recordCorrupt = error else { throw error }
      return nil
    }
  }

  /// Replaces a record: a power cut leaves the old one or the new one.
  func replace(_ record: Record) throws(InstallError) {
    try replace(record.kind, with: record.bytes)
  }

  /// Replaces a file: a power cut leaves the old one or the new one.
  func replace(_ name: String, with bytes: [UInt8]) throws(InstallError) {
    try directory.replace(name, with: bytes, temporary: Self.temporarySuffix)
  }

  /// The manifest of a version; `nil` if none is kept.
  func manifest(of version: SystemVersion, limit: Int) throws(InstallError) -> [UInt8]? {
    try contents(of: "\(DeviceNames.manifests)/\(DeviceNames.manifest(version))", limit: limit)
  }

  /// Keeps the manifest of a version.
  func keep(manifest: [UInt8], of version: SystemVersion) throws(InstallError) {
    let manifests = try attempt { () throws(SystemError) in
      if try !directory.hasEntry(DeviceNames.manifests) {
        try directory.makeDirectory(DeviceNames.manifests)
        try directory.sync()
      }
      return try directory.open(beneath: DeviceNames.manifests, [.directory, .noFollow])
    }
    try manifests.replace(
      DeviceNames.manifest(version), with: manifest, temporary: Self.temporarySuffix)
  }

  /// Removes what an interrupted ``replace(_:)`` left behind, and the manifests and pending keys of
  /// versions that are not there.
  func removeLeftovers(versions: Set<SystemVersion>) throws(InstallError) {
    try forgetPendingKeys(except: versions)
    try attempt { () throws(SystemError) in
      try directory.removeEntries { $0.hasSuffix(Self.temporarySuffix) }
      guard try directory.hasEntry(DeviceNames.manifests) else { return }
      let manifests = try directory.open(
        beneath: DeviceNames.manifests, [.directory, .noFollow])
      let kept = Set(versions.map(DeviceNames.manifest))
      try manifests.removeEntries { !kept.contains($0) }
    }
  }

  private func forgetPendingKeys(except versions: Set<SystemVersion>) throws(InstallError) {
    do throws(InstallError) {
      try changeKeys { $0.forgetting { !versions.contains($0) } }
    } catch .recordCorrupt {
      // To go back must still be possible. Who needs the keys meets the error.
    }
  }

  /// Removes files.
  func removeEntries(where isLeftover: (String) -> Bool) throws(InstallError) {
    try attempt { () throws(SystemError) in try directory.removeEntries(where: isLeftover) }
  }

  /// Removes a file, if it is there.
  func remove(_ name: String) throws(InstallError) {
    do throws(SystemError) {
      try directory.unlink(name)
      try directory.sync()
    } catch {
      if error.errno != .noSuchFile { throw InstallError(error) }
    }
  }
}

extension Descriptor {
  fileprivate func removeEntries(where isLeftover: (String) -> Bool) throws(SystemError) {
    for entry in try entries() where isLeftover(String(decoding: entry.name, as: UTF8.self)) {
      try unlink(entry.name)
    }
  }

  /// Replaces a file of this directory as a whole: a power cut leaves the old one or the new one.
  fileprivate func replace(
    _ name: String, with bytes: [UInt8], temporary suffix: String
  ) throws(InstallError) {
    try attempt { () throws(SystemError) in
      let temporary = name + suffix
      let file = try open(beneath: temporary, [.writeOnly, .create, .truncate, .noFollow])
      try file.write(bytes.rawSpan)
      try file.sync()
      try rename(temporary, to: name)
      try sync()
    }
  }
}
