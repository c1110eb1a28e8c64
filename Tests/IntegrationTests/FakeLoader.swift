import Bytes
import Linux
import Synchronization
import TestSupport

@testable import UpdateInstaller

/// A boot loader that counts tries, as those do that a device may have: what it keeps is files, so
/// that faults hit it, too.
final class FakeLoader: BootBackend {
  /// What it does not do.
  enum Refusal: CaseIterable { case prepare, setPrimary, setState, retain, none }

  let directory: TemporaryDirectory
  private let refused = Mutex(Refusal.none)
  private let started = Mutex<SubvolumeUUID?>(nil)

  init() throws { directory = try TemporaryDirectory() }

  let name = "fake"
  let countsTries = true

  var refusal: Refusal {
    get { refused.withLock { $0 } }
    set { refused.withLock { $0 = newValue } }
  }

  /// What it started for this boot.
  var booted: SubvolumeUUID? {
    get { started.withLock { $0 } }
    set { started.withLock { $0 = newValue } }
  }

  private func check(_ call: Refusal) throws(BootError) {
    if refusal == call { throw .full(path: "fake", needed: 2, available: 1) }
  }

  private func read(_ name: String) throws(BootError) -> String? {
    do throws(SystemError) {
      let top = try Descriptor.open(directory.path, [.readOnly, .directory])
      let bytes = try top.open(beneath: name, .noFollow).readToEnd(limit: 1000)
      return String(decoding: bytes, as: UTF8.self)
    } catch {
      if error.errno == .noSuchFile { return nil }
      throw .system(error)
    }
  }

  private func write(_ name: String, _ text: String) throws(BootError) {
    do throws(SystemError) {
      let top = try Descriptor.open(directory.path, [.readOnly, .directory])
      do {
        let file = try top.open(
          beneath: name + ".tmp", [.writeOnly, .create, .truncate, .noFollow])
        let bytes = Array(text.utf8)
        try file.write(bytes.rawSpan)
        try file.sync()
      }
      try top.rename(name + ".tmp", to: name)
      try top.sync()
    } catch { throw .system(error) }
  }

  func files() throws -> [String] {
    let top = try Descriptor.open(directory.path, [.readOnly, .directory])
    return try top.entries().map { String(decoding: $0.name, as: UTF8.self) }.sorted()
  }

  func primary(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    guard let text = try read("primary") else { return nil }
    return disk.systems.first { $0.uuid.description == text }
  }

  func setPrimary(
    _ system: BootSystem, tries: Int?, _ disk: borrowing BootDisk
  ) throws(BootError) {
    try check(.setPrimary)
    guard try read("kernel-\(system.uuid)") != nil else { throw .unknownSystem(system.uuid) }
    try write("state-\(system.uuid)", tries.map { "\($0)" } ?? "good")
    try write("primary", system.uuid.description)
  }

  func state(
    of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) -> BootState {
    guard let text = try read("state-\(system.uuid)") else { throw .unknownSystem(system.uuid) }
    if text == "good" { return .good }
    guard let left = Int(text), left > 0 else { return .bad }
    return .trial(triesLeft: left)
  }

  func setState(
    _ verdict: BootVerdict, of system: BootSystem, _ disk: borrowing BootDisk
  ) throws(BootError) {
    try check(.setState)
    try write("state-\(system.uuid)", verdict == .good ? "good" : "0")
  }

  func current(_ disk: borrowing BootDisk) throws(BootError) -> BootSystem? {
    booted.flatMap { disk.system($0) }
  }

  func prepare(
    _ system: BootSystem, root: borrowing Descriptor, _ disk: borrowing BootDisk
  ) throws(BootError) {
    try check(.prepare)
    try write("kernel-\(system.uuid)", "kernel")
  }

  func retain(_ systems: [BootSystem], _ disk: borrowing BootDisk) throws(BootError) {
    try check(.retain)
    do throws(SystemError) {
      let top = try Descriptor.open(directory.path, [.readOnly, .directory])
      for entry in try top.entries() {
        let name = String(decoding: entry.name, as: UTF8.self)
        if name == "primary" || systems.contains(where: { name.hasSuffix("-\($0.uuid)") }) {
          continue
        }
        try top.unlink(entry.name)
      }
    } catch { throw .system(error) }
  }

  /// Boots as such a loader does: counts, and falls back to another system when none is left.
  func boot(otherwise last: SubvolumeUUID?) throws {
    guard let text = try read("primary") else { return }
    let uuid = text
    let state = try read("state-\(uuid)")
    if let left = state.flatMap(Int.init) {
      guard left > 0 else { return booted = last }
      try write("state-\(uuid)", "\(left - 1)")
    }
    booted = SubvolumeUUID(text: uuid)
  }
}
