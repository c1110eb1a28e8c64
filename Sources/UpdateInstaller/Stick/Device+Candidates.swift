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
  /// The updates whose version is installed already, just as they would make it.
  public var installed: [TreeIdentity] = []
  /// How many files were not looked at, because there are too many.
  public var ignored = 0

  /// What files of updates end with.
  public static let suffix = ".btrfs.xz"
  /// No more files are looked at in one directory.
  public static let maximumFiles = 64
  /// A directory with more names, of whatever kind, is refused: reading them all would take for ever.
  public static let maximumNames = 100_000
}

extension Device {
  /// Looks at the updates in a directory: regular files `*.btrfs.xz` by name, no links, nothing
  /// below. Only heads are read, and only what a trusted key signed is believed. Changes nothing.
  ///
  /// - Parameter directory: for example the root of a stick.
  /// - Throws: ``InstallError/system(_:)`` if the directory cannot be listed,
  ///   ``InstallError/tooManyNames(path:limit:)`` if it has too many names.
  public func offer(
    in directory: borrowing Descriptor, _ options: InstallOptions,
    observer: InstallObserver = { _ in true }
  ) throws(InstallError) -> UpdateOffer {
    let names = try directory.updateNames()
    var offer = UpdateOffer()
    offer.ignored = names.ignored
    for name in names.first {
      do throws(InstallError) {
        if let candidate = try candidate(name, in: directory, options, observer, &offer) {
          offer.candidates.append(candidate)
        }
      } catch { offer.refused.append((name, error)) }
    }
    return offer
  }

  /// The newest version of an offer that is installed, newer than current, and has never been judged
  /// on this device: what a stick had installed when something kept it from being activated.
  ///
  /// One that failed its trial, or was good and was left by a rollback, is somebody's decision.
  public func unactivatedVersion(of offer: UpdateOffer) throws(InstallError) -> SystemVersion? {
    guard let newest = offer.installed.map(\.version).max(),
      let installed = try installedVersions().first(where: { $0.version == newest })
    else { return nil }
    if let current = try system(DeviceNames.current) {
      guard current.version.map({ $0 < newest }) ?? true else { return nil }
    }
    let verdicts = try StateDirectory(ifIn: directory)?.verdicts() ?? Verdicts()
    return verdicts.known[installed.uuid] == nil ? newest : nil
  }

  /// - Returns: `nil` if its version is installed already; then that is noted in the offer.
  private func candidate(
    _ name: String, in directory: borrowing Descriptor, _ options: InstallOptions,
    _ observer: InstallObserver, _ offer: inout UpdateOffer
  ) throws(InstallError) -> UpdateCandidate? {
    let source = try directory.openUpdate(name)
    let size = try attempt { () throws(SystemError) in try source.status().size }
    let report = check(source, options, observer: observer)
    guard let manifest = report.manifest else { throw report.problems.first ?? .notUpdateFile }
    let target = TreeIdentity(
      version: SystemVersion(manifest.toVersion), content: manifest.target.contentDigest)
    if report.problems.saysInstalled, try isInstalled(target) {
      offer.installed.append(target)
      return nil
    }
    for problem in report.problems {
      // Another update may make it.
      if case .parentMissing = problem { continue }
      throw problem
    }
    return UpdateCandidate(
      name: name, size: size, parent: manifest.parent.map { TreeIdentity($0) },
      target: target, fitsNow: report.problems.isEmpty)
  }

  /// Whether the version is installed with these contents, by the manifest that was kept.
  private func isInstalled(_ tree: TreeIdentity) throws(InstallError) -> Bool {
    guard try system(DeviceNames.version(tree.version)) != nil else { return false }
    do throws(InstallError) {
      return try keptManifest(of: tree.version).target.contentDigest == tree.content
    } catch {
      if case .noManifest = error { return false }
      throw error
    }
  }
}

extension [InstallError] {
  /// Whether an update is for this device, but that it is installed already. What it would start
  /// from may be gone by now, or there may be no room for it once more.
  fileprivate var saysInstalled: Bool {
    var isInstalled = false
    for problem in self {
      switch problem {
      case .alreadyInstalled: isInstalled = true
      case .parentMissing, .parentModified, .notEnoughSpace, .notEnoughMetadataSpace,
        .quotaReached, .notEnoughMemory:
        continue
      default: return false
      }
    }
    return isInstalled
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

  /// The first names of updates, and how many more there are. Holds no more than it gives.
  ///
  /// - Parameter limit: with more names, of whatever kind, it gives up.
  func updateNames(
    limit: Int = UpdateOffer.maximumNames
  ) throws(InstallError) -> (first: [String], ignored: Int) {
    var (names, found, seen): ([String], Int, Int) = ([], 0, 0)
    try attempt { () throws(SystemError) in
      try forEachEntry { entry in
        seen += 1
        guard seen <= limit else { return false }
        // A name that is not UTF-8 cannot be told to anybody, and is none that we made.
        guard let name = String(validating: entry.name, as: UTF8.self),
          name.hasSuffix(UpdateOffer.suffix), !name.hasPrefix(".")
        else { return true }
        found += 1
        let place = names.firstIndex { name.utf8.lexicographicallyPrecedes($0.utf8) }
        names.insert(name, at: place ?? names.endIndex)
        if names.count > UpdateOffer.maximumFiles { names.removeLast() }
        return true
      }
    }
    guard seen <= limit else { throw .tooManyNames(path: path, limit: limit) }
    return (names, found - names.count)
  }
}
