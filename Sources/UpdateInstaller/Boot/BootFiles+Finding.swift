internal import Linux

/// Where a system's kernel and initrd are in its tree.
struct KernelPaths: Hashable {
  var kernel: String
  var initrd: String?
}

// A tree is somebody else's data: nothing in it is followed, names are only compared.
extension BootFiles {
  /// Finds kernel and initrd in a system's tree.
  func kernelPaths(in root: borrowing Descriptor) throws(BootError) -> KernelPaths {
    let named = kernel.map { Candidate(kernel: $0) }
    guard let found = named == nil ? try Self.newest(in: root) : named else {
      throw .missing(path: "boot/vmlinuz-*")
    }
    if !usesInitrd { return KernelPaths(kernel: found.kernel, initrd: nil) }
    if let initrd { return KernelPaths(kernel: found.kernel, initrd: initrd) }
    for path in found.initrds where try Self.hasFile(path, in: root) {
      return KernelPaths(kernel: found.kernel, initrd: path)
    }
    throw .missing(path: found.initrds.first ?? "initrd")
  }

  /// The command line's text, before the root subvolume is put in.
  func commandLine(in root: borrowing Descriptor, _ machine: BootMachine) throws(BootError)
    -> String
  {
    if let commandLine { return commandLine }
    for path in ["etc/kernel/cmdline", "usr/lib/kernel/cmdline"] {
      if let bytes = try root.bootContents(path, limit: 4096) {
        return String(decoding: bytes, as: UTF8.self)
      }
    }
    return try machine.commandLine()
  }

  private struct Candidate {
    var kernel: String
    var initrds: [String] = []
  }

  private static func newest(in root: borrowing Descriptor) throws(BootError) -> Candidate? {
    let inBoot = try names(in: "boot", of: root).compactMap { name -> String? in
      name.hasPrefix("vmlinuz-") ? String(name.dropFirst("vmlinuz-".count)) : nil
    }
    if let release = inBoot.filter({ !$0.isEmpty }).max(by: VersionOrder.isOlder) {
      let initrds = ["initrd.img-\(release)", "initramfs-\(release).img", "initrd-\(release)"]
      return Candidate(kernel: "boot/vmlinuz-\(release)", initrds: initrds.map { "boot/\($0)" })
    }
    let modules = "usr/lib/modules"
    let releases = try names(in: modules, of: root).sorted { VersionOrder.isOlder($1, than: $0) }
    for release in releases where try hasFile("\(modules)/\(release)/vmlinuz", in: root) {
      let directory = "\(modules)/\(release)"
      return Candidate(
        kernel: "\(directory)/vmlinuz",
        initrds: ["\(directory)/initrd", "\(directory)/initramfs.img"])
    }
    return nil
  }

  /// The names in a directory of the tree that can be a release's; none if it is not there.
  private static func names(
    in path: String, of root: borrowing Descriptor
  ) throws(BootError) -> [String] {
    let entries: [DirectoryEntry]
    do throws(SystemError) {
      entries = try root.open(beneath: path, [.readOnly, .directory, .noFollow]).entries()
    } catch {
      if error.isNothingThere { return [] }
      throw .system(error)
    }
    return entries.filter { $0.type == .regular || $0.type == .directory }
      .map { String(decoding: $0.name, as: UTF8.self) }
      .filter { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }
  }

  private static func hasFile(
    _ path: String, in root: borrowing Descriptor
  ) throws(BootError) -> Bool {
    do throws(SystemError) {
      return try root.open(beneath: path, [.path, .noFollow]).status().type == .regular
    } catch {
      if error.isNothingThere { return false }
      throw .system(error)
    }
  }
}

extension SystemError {
  /// Whether it only says that there is no such file, nor a way to it.
  var isNothingThere: Bool {
    errno == .noSuchFile || errno == .notDirectory || errno == .tooManySymbolicLinks
  }
}

extension Descriptor {
  /// A file's bytes; `nil` if it is not there.
  func bootContents(_ path: String, limit: Int) throws(BootError) -> [UInt8]? {
    do throws(SystemError) {
      return try open(beneath: path, [.noFollow, .nonBlocking]).readToEnd(limit: limit)
    } catch {
      if error.isNothingThere { return nil }
      throw .system(error)
    }
  }
}
