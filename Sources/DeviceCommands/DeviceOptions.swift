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
  @Option(
    help: """
      The directory of the trusted public keys, *.pem; whoever may have written them. [default: \
      Keys= of [Trust], which must be root's alone]
      """)
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
  ///
  /// - Parameter files: where keys and the product are that nobody named on the command line.
  func options(
    _ configuration: DeviceConfiguration, _ files: TrustedFiles, forcesDowngrade: Bool = false
  ) throws -> InstallOptions {
    InstallOptions(
      keys: try keys.map(TrustedKeys.named)
        ?? TrustedKeys.configured(configuration.trust.keys, files),
      product: try compatible ?? configuration.device.name ?? ProductFile.product(files),
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

extension SystemVersion: ExpressibleByArgument {
  /// A version by its number.
  public init?(argument: String) { self.init(argument) }
}
