public import ArgumentParser
internal import Bytes
internal import CommandSupport
internal import Configuration
internal import Crypto
internal import Linux
internal import UpdateFile
public import UpdateInstaller

/// Where the device's disk is, and how it is configured.
struct RootOptions: ParsableArguments {
  @Option(
    help: """
      The directory that holds the sys_root_* subvolumes. [default: Root= of [Device], else the top \
      level of the file system that / is on, mounted for this program alone]
      """)
  var root: String?
  @Option(help: "Instead of --root: the block device whose top level holds them.")
  var device: String?
  @Option(help: "The directory below the top level that holds them. [default: the top level]")
  var directory: String?
  @OptionGroup var boot: BootOptions
  @OptionGroup var configuration: ConfigurationOptions

  /// One of the ways, and no more.
  func validate() throws {
    guard root == nil || device == nil && directory == nil else {
      throw ValidationError("--root excludes --device and --directory")
    }
  }

  /// Opens it, as it is configured.
  func open() throws -> Device { try open(configuration.load()) }

  /// Opens it, with the running system's hooks.
  func open(_ loaded: LoadedConfiguration) throws -> Device {
    var device = try Device(
      location(loaded.configuration), boot: boot.backend(loaded.configuration.boot))
    let hooks = loaded.configuration.hooks
    device.hooks = Hooks(configuration.rules(timeLimit: hooks.timeLimit))
    return device
  }

  private func location(_ configured: DeviceConfiguration) -> DeviceLocation {
    if let root { return .directory(root) }
    if let device { return .blockDevice(device, directory: directory) }
    if directory == nil, let root = configured.device.root { return .directory(root) }
    return .runningSystem(directory: directory)
  }
}

/// What a new system takes over.
struct PersistOptions: ParsableArguments {
  @Option(
    help: """
      A file or directory that the new system takes over from the present one, besides Persist= of \
      [Update]; may be given several times.
      """)
  var persist: [String] = []

  /// The same for the library.
  func list(_ configuration: DeviceConfiguration) throws -> PersistList {
    try Self.list(configuration.update.persist + persist, option: "--persist or Persist=")
  }

  /// Paths that were given by an option.
  static func list(_ paths: [String], option: String) throws -> PersistList {
    do throws(PersistListError) { return try PersistList(texts: paths) } catch {
      throw CommandFailure(.usage, "\(option): \(error)")
    }
  }
}

/// Whom the device trusts, and what it is.
struct TrustOptions: ParsableArguments {
  @Option(help: "The directory of the trusted public keys, *.pem. [default: Keys= of [Trust]]")
  var keys: String?
  @Option(
    help: "How many different trusted keys must have signed. [default: Threshold= of [Trust]]")
  var threshold: Int?
  @Option(
    help:
      "What this device is. [default: Product= of [Device], else the line in \(ProductFile.path)]"
  )
  var compatible: String?

  func validate() throws {
    guard threshold.map({ $0 >= 1 }) ?? true else {
      throw ValidationError("--threshold is at least 1")
    }
  }

  /// The same for the library.
  func options(
    _ configuration: DeviceConfiguration, forcesDowngrade: Bool = false
  ) throws -> InstallOptions {
    InstallOptions(
      keys: try TrustedKeys.inDirectory(keys ?? configuration.trust.keys),
      product: try compatible ?? configuration.device.name ?? ProductFile.product(),
      toolVersion: ToolVersion(ProgramVersion.text) ?? ToolVersion(0, 0, 0),
      threshold: threshold ?? configuration.trust.threshold,
      forcesDowngrade: forcesDowngrade)
  }
}

extension InstallOptions {
  /// Makes room as it is configured, and as it is asked for besides.
  mutating func makeRoom(
    as update: DeviceConfiguration.Update, prunes: Bool = false, keeping versions: Int? = nil
  ) {
    if prunes || update.prunesBeforeApply {
      pruning = .whenShort(keeping: versions ?? update.keepVersions)
    }
    minimumFree = update.minimumFree
    maximumMemory = update.maximumMemory
  }
}

/// The keys that a device trusts.
enum TrustedKeys {
  /// No key file is longer than this, in bytes.
  private static let limit = 64 << 10

  /// The keys of all `*.pem` in a directory.
  ///
  /// One that cannot be read is an error, and not left out: who trusts two keys would not notice.
  static func inDirectory(_ path: String) throws -> [VerificationKey] {
    let names = try entries(of: path)
      .filter { $0.count > 4 && $0.suffix(4).elementsEqual(".pem".utf8) }
      .sorted { $0.lexicographicallyPrecedes($1) }
    guard !names.isEmpty else {
      throw CommandFailure(.badKey, "\"\(path)\" holds no *.pem: put the trusted public keys there")
    }
    return try names.map { try key(in: path, named: $0) }
  }

  private static func entries(of path: String) throws -> [[UInt8]] {
    do throws(SystemError) {
      return try Descriptor.open(path, [.readOnly, .directory]).entries().map(\.name)
    } catch { throw CommandFailure(.badKey, "the keys cannot be read: \(error)") }
  }

  private static func key(in directory: String, named name: [UInt8]) throws -> VerificationKey {
    let path = "\(directory)/\(String(decoding: name, as: UTF8.self))"
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Descriptor.open(Array("\(directory)/".utf8) + name).readToEnd(limit: limit)
    } catch { throw CommandFailure(.badKey, "the key cannot be read: \(error)") }
    do throws(KeyError) { return try VerificationKey(pem: bytes.rawSpan) } catch {
      throw CommandFailure(.badKey, "\"\(path)\" is not a public key to trust: \(error)")
    }
  }
}

/// What the running system says that the device is.
enum ProductFile {
  static let path = "/etc/btrfs-update/compatible"

  /// The file's first line; `nil` if there is no file, or nothing in it.
  static func product() throws(SystemError) -> String? {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Descriptor.open(path).readToEnd(limit: 4096)
    } catch {
      if error.errno == .noSuchFile { return nil }
      throw error
    }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
    let product = line.drop { $0 == " " || $0 == "\t" }
    let end = product.lastIndex { $0 != " " && $0 != "\t" && $0 != "\r" }
    guard let end else { return nil }
    return String(product[...end])
  }
}

extension SystemVersion: ExpressibleByArgument {
  /// A version by its number.
  public init?(argument: String) { self.init(argument) }
}
