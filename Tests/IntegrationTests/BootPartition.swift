import Bytes
import Linux
import TestSupport

@testable import UpdateInstaller

/// A backend with the boot partition that it writes to, which lives as long.
final class BootPartition: BootBackend {
  enum Kind { case bls, grub }

  let directory: TemporaryDirectory
  private let backend: any BootBackend

  init(_ kind: Kind) throws {
    directory = try TemporaryDirectory()
    let path = directory.path
    var files = BootFiles(directory: path)
    files.commandLine = "root=LABEL=device"
    let machine = BootMachine(commandLinePath: "/dev/null", variables: "/dev/null")
    let top = try directory.open()
    for name in ["btrfs-update", "loader"] { try top.makeDirectory(name) }
    try top.open(beneath: "loader", .directory).makeDirectory("entries")
    switch kind {
    case .bls: backend = BLSBackend(files, machine)
    case .grub:
      let header = Array("# GRUB Environment Block\n".utf8)
      let block = header + [UInt8](repeating: UInt8(ascii: "#"), count: 1024 - header.count)
      try top.open(beneath: "grubenv", [.writeOnly, .create]).write(block.rawSpan)
      backend = GrubBackend(files, environment: "\(path)/grubenv", machine)
    }
  }

  /// The names of the systems' kernels.
  func kernels() throws -> [String] {
    try directory.open().open(beneath: "btrfs-update", .directory).entries()
      .map { String(decoding: $0.name, as: UTF8.self) }.filter { $0.hasSuffix(".linux") }
  }

  var name: String { backend.name }
  var countsTries: Bool { backend.countsTries }

  func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    try backend.primary(disk)
  }

  func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError) {
    try backend.setPrimary(system, tries: tries, disk)
  }

  func state(
    of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) -> BootState {
    try backend.state(of: system, disk)
  }

  func setState(
    _ verdict: BootVerdict, of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) {
    try backend.setState(verdict, of: system, disk)
  }

  func current(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    try backend.current(disk)
  }

  func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ disk: borrowing BootDisk
  ) throws(BootError) {
    try backend.prepare(system, root: root, disk)
  }

  func retain(_ systems: [BootSystem], _ disk: borrowing BootDisk) throws(BootError) {
    try backend.retain(systems, disk)
  }
}
