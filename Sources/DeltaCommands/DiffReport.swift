internal import Bytes
internal import CommandSupport
internal import Linux
internal import Tree

/// What changed between trees, as people and scripts read it.
struct DiffReport {
  let changes: TreeChanges
  /// Whether what differs only in its modification time is listed.
  let showsTimes: Bool

  private var shown: [TreeChange] {
    showsTimes ? changes.changes : changes.changes.filter { !$0.isOnlyTime }
  }

  // MARK: Text

  /// A line for each change, and one for all.
  var text: String {
    (shown.map { Self.line($0, showsTimes: showsTimes) } + [summary]).joined(separator: "\n")
  }

  static func line(_ change: TreeChange, showsTimes: Bool) -> String {
    let columns = [
      Self.padded(Self.word(change.kind), 8, toLeft: false),
      Self.padded(Self.size(change.old), 9, toLeft: true),
      Self.padded(Self.size(change.new), 9, toLeft: true),
    ]
    let details = TreeChange.Aspect.allCases.filter { change.aspects.contains($0) }
      .filter { $0 != .time || showsTimes }
      .compactMap { detail($0, change) }
    return columns.joined(separator: " ") + "  " + Self.names(change)
      + (details.isEmpty ? "" : "  (" + details.joined(separator: ", ") + ")")
  }

  private static func word(_ kind: TreeChange.Kind) -> String {
    switch kind {
    case .added: "added"
    case .removed: "removed"
    case .modified: "modified"
    case .moved: "moved"
    }
  }

  private static func size(_ inode: TreeInode?) -> String {
    guard let inode, inode.type == .regular else { return "-" }
    return "\(ByteCount(inode.size))"
  }

  private static func names(_ change: TreeChange) -> String {
    let inode = change.new ?? change.old
    let mark =
      switch inode?.type {
      case .directory: "/"
      case .symbolicLink where change.kind == .added || change.kind == .removed:
        " -> " + name(inode?.target ?? [])
      case .characterDevice, .blockDevice, .fifo, .socket: " [\(type(inode))]"
      default: ""
      }
    guard case .moved(let source) = change.kind else { return path(change.path) + mark }
    return path(source) + mark + " => " + path(change.path) + mark
  }

  private static func detail(_ aspect: TreeChange.Aspect, _ change: TreeChange) -> String? {
    guard let old = change.old, let new = change.new else { return nil }
    switch aspect {
    case .type: return "type: \(type(old)) -> \(type(new))"
    case .contents: return "contents"
    case .target: return "target: \(name(old.target)) -> \(name(new.target))"
    case .device:
      return "device: \(DeviceNumber(old.specialDevice)) -> \(DeviceNumber(new.specialDevice))"
    case .permissions:
      return "permissions: \(octal(old.permissions)) -> \(octal(new.permissions))"
    case .owner: return "owner: \(old.user):\(old.group) -> \(new.user):\(new.group)"
    case .attributes: return "attributes:" + attributes(old, new)
    case .flags: return "flags:" + flags(old, new)
    case .links: return "hard links"
    case .time: return "time"
    }
  }

  /// `+` before those that came, `-` before those that went, `~` before those of another value.
  private static func attributes(_ old: TreeInode, _ new: TreeInode) -> String {
    let pairs = { (inode: TreeInode) in
      Dictionary(inode.attributes.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
    let (before, after) = (pairs(old), pairs(new))
    return Set(before.keys).union(after.keys).sorted { $0.lexicographicallyPrecedes($1) }
      .filter { before[$0] != after[$0] }
      .map { key in
        let mark = before[key] == nil ? "+" : after[key] == nil ? "-" : "~"
        return " " + mark + name(key)
      }.joined()
  }

  /// As `chattr` would be told.
  private static func flags(_ old: TreeInode, _ new: TreeInode) -> String {
    let (came, went) = (new.flags.subtracting(old.flags), old.flags.subtracting(new.flags))
    return (came.isEmpty ? "" : " +" + came.letters) + (went.isEmpty ? "" : " -" + went.letters)
  }

  private var summary: String {
    let totals = changes.totals
    var parts = [
      (totals.added, "added"), (totals.removed, "removed"), (totals.modified, "modified"),
      (totals.moved, "moved"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if parts.isEmpty { parts = ["no differences"] }
    if totals.onlyTimes > 0 { parts.append("\(totals.onlyTimes) with other times only") }
    return parts.joined(separator: ", ")
      + "; files: \(ByteCount(totals.oldBytes)) -> \(ByteCount(totals.newBytes))"
  }

  private static func type(_ inode: TreeInode?) -> String { inode?.type.words ?? "nothing" }

  private static func octal(_ permissions: UInt32) -> String {
    padded(String(permissions, radix: 8), 4, toLeft: true, with: "0")
  }

  private static func path(_ bytes: [UInt8]) -> String { bytes.isEmpty ? "." : name(bytes) }

  private static func name(_ bytes: [UInt8]) -> String {
    QuotedText.oneLine(String(decoding: bytes, as: UTF8.self))
  }

  private static func padded(
    _ text: String, _ width: Int, toLeft: Bool, with character: String = " "
  ) -> String {
    let padding = String(repeating: character, count: max(0, width - text.unicodeScalars.count))
    return toLeft ? padding + text : text + padding
  }

  // MARK: JSON

  /// The same as an object.
  var json: JSONValue {
    let totals = changes.totals
    return .object([
      ("changes", .array(shown.map { Self.json($0) })),
      (
        "totals",
        .object([
          ("added", .unsigned(totals.added)), ("removed", .unsigned(totals.removed)),
          ("modified", .unsigned(totals.modified)), ("moved", .unsigned(totals.moved)),
          ("onlyTimes", .unsigned(totals.onlyTimes)), ("oldBytes", .unsigned(totals.oldBytes)),
          ("newBytes", .unsigned(totals.newBytes)),
        ])
      ),
    ])
  }

  private static func json(_ change: TreeChange) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("change", .string(word(change.kind))), ("path", .name(change.path)),
    ]
    if case .moved(let source) = change.kind { members.append(("from", .name(source))) }
    let aspects = TreeChange.Aspect.allCases.filter { change.aspects.contains($0) }
    members.append(("aspects", .array(aspects.map { .string($0.rawValue) })))
    members.append(("old", json(change.old)))
    members.append(("new", json(change.new)))
    return .object(members)
  }

  private static func json(_ inode: TreeInode?) -> JSONValue {
    guard let inode else { return .null }
    var members: [(String, JSONValue)] = [
      ("type", .string(type(inode))), ("size", .unsigned(inode.size)),
      ("permissions", .string(octal(inode.permissions))),
      ("user", .unsigned(UInt64(inode.user))), ("group", .unsigned(UInt64(inode.group))),
      (
        "time",
        .object([
          ("seconds", .number(inode.modificationTime.seconds)),
          ("nanoseconds", .unsigned(UInt64(inode.modificationTime.nanoseconds))),
        ])
      ),
    ]
    if !inode.flags.isEmpty { members.append(("flags", .string(inode.flags.letters))) }
    if inode.type == .symbolicLink { members.append(("target", .name(inode.target))) }
    if inode.type.isDevice {
      members.append(("device", .string("\(DeviceNumber(inode.specialDevice))")))
    }
    return .object(members)
  }
}
