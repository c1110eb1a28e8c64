import Btrfs
import Foundation
import Linux
import Tree

/// All that counts of a device: trees by their digests, and what `status` says, without what differs
/// each time (UUIDs).
struct DeviceState: Hashable, Sendable {
  /// Digests of the systems and of the subvolume beside them; `nil` where there is none.
  var current: String?
  var last: String?
  var home: String?
  /// Digests of the versions by their names.
  var versions: [String: String]
  /// Versions that somebody could write to.
  var writable: [String]
  /// Whose number the default subvolume is.
  var defaultSubvolume: String
  /// What `status` says.
  var status: String
  /// What is only there while something is done.
  var unfinished: [String]
  /// Where an interrupted apply may go on.
  var checkpoints: [String]

  private static let passing: Set = [
    "uuid", "receivedUUID", "warnings", "leftovers", "pending", "halfInstalled",
  ]

  /// Reads all of it. `status` must be able to, whatever was interrupted.
  init(of mounted: Mounted, _ programs: Programs, _ operation: Operation) throws {
    let top = try mounted.open()
    let all = try Subvolume.list(in: top).map { ($0, String(decoding: $0.name, as: UTF8.self)) }
    let (versions, others) = (
      all.filter { $0.1.hasPrefix("sys_root_v") }, Set(all.map(\.1))
    )
    func digest(_ name: String, withTimes: Bool = true) throws -> String? {
      guard others.contains(name) else { return nil }
      let root = try top.open(beneath: name, .directory)
      let digest = try TreeSummary(of: root).digest
      return (withTimes ? digest.full : digest.content).description
    }
    current = try digest("sys_root_current", withTimes: !operation.writesInside)
    last = try digest("sys_root_last", withTimes: !operation.writesInside)
    home = try digest("home")
    self.versions = [:]
    for (_, name) in versions { self.versions[name] = try digest(name) }
    writable = versions.filter { !$0.0.isReadOnly }.map(\.1)
    let id = try FileSystem.defaultSubvolume(of: top)
    defaultSubvolume = id == 5 ? "top" : all.first { $0.0.id == id }?.1 ?? "nothing: \(id)"
    let json = try Self.json(of: mounted, programs, operation.backend)
    status = try Self.text(json)
    let hidden = others.filter { $0.hasPrefix(".sys_root") }.sorted()
    unfinished = hidden.filter { !$0.contains(".checkpoint") }
    checkpoints = hidden.filter { $0.contains(".checkpoint") }
    let records =
      try top.hasEntry(".btrfs-update")
      ? top.open(beneath: ".btrfs-update", .directory).entries() : []
    unfinished += records.map { String(decoding: $0.name, as: UTF8.self) }
      .filter { ["journal", "reset"].contains($0) || $0.hasSuffix(".new") }.sorted()
  }

  private static func json(
    of mounted: Mounted, _ programs: Programs, _ backend: String
  ) throws -> [String: Any] {
    let outcome = try programs.need(
      "btrfs-update", ["status", "--json", "--root", mounted.point, "--boot-backend", backend])
    // One line, that comes in pieces.
    let text = outcome.lines.drop { !$0.hasPrefix("{") }.joined()
    guard
      let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    else { throw Failure("status says \(outcome.text)") }
    return object
  }

  private static func text(_ json: [String: Any]) throws -> String {
    let bytes = try JSONSerialization.data(withJSONObject: stripped(json), options: [.sortedKeys])
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func stripped(_ value: Any) -> Any {
    if let object = value as? [String: Any] {
      return object.filter { !passing.contains($0.key) }.mapValues(stripped)
    }
    if let array = value as? [Any] { return array.map(stripped) }
    return value
  }
}

extension DeviceState: CustomStringConvertible {
  var description: String {
    func short(_ digest: String?) -> String { digest.map { String($0.prefix(8)) } ?? "-" }
    let names = versions.sorted { $0.key < $1.key }.map { "\($0.key)=\(short($0.value))" }
    return """
      current \(short(current)), last \(short(last)), home \(short(home)), \
      \(names.joined(separator: " ")), default \(defaultSubvolume), \
      unfinished \(unfinished + checkpoints), \(status)
      """
  }
}
