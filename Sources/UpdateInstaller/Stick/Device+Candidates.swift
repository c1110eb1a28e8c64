internal import Bytes
internal import Crypto
public import Linux
internal import UpdateFile

/// What a directory offers to a device.
public struct UpdateOffer: Sendable {
  /// The updates that fit, now or after another one, by name.
  public var candidates: [UpdateCandidate] = []
  /// The updates that do not, and why, by name.
  public var refused: [(name: String, problem: InstallError)] = []
  /// How many files were not looked at, because there are too many.
  public var ignored = 0

  /// What files of updates end with.
  public static let suffix = ".btrfs.xz"
  /// No more files are looked at in one directory.
  public static let maximumFiles = 64
}

extension Device {
  /// Looks at the updates in a directory: regular files `*.btrfs.xz` by name, no links, nothing
  /// below. Only heads are read, and only what a trusted key signed is believed. Changes nothing.
  ///
  /// - Parameter directory: for example the root of a stick.
  /// - Throws: ``InstallError/system(_:)`` if the directory cannot be listed.
  public func offer(
    in directory: borrowing Descriptor, _ options: InstallOptions,
    observer: InstallObserver = { _ in true }
  ) throws(InstallError) -> UpdateOffer {
    let names = try attempt { () throws(SystemError) in try directory.updateNames() }
    var offer = UpdateOffer()
    offer.ignored = max(0, names.count - UpdateOffer.maximumFiles)
    for name in names.prefix(UpdateOffer.maximumFiles) {
      do throws(InstallError) {
        offer.candidates.append(try candidate(name, in: directory, options, observer))
      } catch { offer.refused.append((name, error)) }
    }
    return offer
  }

  private func candidate(
    _ name: String, in directory: borrowing Descriptor, _ options: InstallOptions,
    _ observer: InstallObserver
  ) throws(InstallError) -> UpdateCandidate {
    let source = try directory.openUpdate(name)
    let size = try attempt { () throws(SystemError) in try source.status().size }
    let report = check(source, options, observer: observer)
    guard let manifest = report.manifest else { throw report.problems.first ?? .notUpdateFile }
    for problem in report.problems {
      // Another update may make it.
      if case .parentMissing = problem { continue }
      throw problem
    }
    return UpdateCandidate(
      name: name, size: size, parent: manifest.parent.map { TreeIdentity($0) },
      target: TreeIdentity(
        version: SystemVersion(manifest.toVersion), content: manifest.target.contentDigest),
      fitsNow: report.problems.isEmpty)
  }
}

extension TreeIdentity {
  fileprivate init(_ parent: Manifest.Parent) {
    self.init(version: SystemVersion(parent.version), content: parent.contentDigest)
  }
}

extension Descriptor {
  /// Opens an update in this directory.
  ///
  /// - Throws: `EINVAL` if it is anything but a regular file.
  public func openUpdate(_ name: String) throws(InstallError) -> Descriptor {
    try attempt { () throws(SystemError) in
      // Nobody may be at the other end of a named pipe.
      let file = try open(beneath: name, [.readOnly, .noFollow, .nonBlocking])
      guard try file.status().type == .regular else {
        throw SystemError(operation: "open", path: file.path, errno: .invalidArgument)
      }
      return file
    }
  }

  fileprivate func updateNames() throws(SystemError) -> [String] {
    try entries().compactMap { entry in
      // A name that is not UTF-8 cannot be told to anybody, and is none that we made.
      String(validating: entry.name, as: UTF8.self)
    }
    .filter { $0.hasSuffix(UpdateOffer.suffix) && !$0.hasPrefix(".") }
    .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
