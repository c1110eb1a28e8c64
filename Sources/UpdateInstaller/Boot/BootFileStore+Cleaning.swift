internal import Bytes
internal import Linux

extension BootFileStore {
  private static let kinds = ["linux", "initrd"]

  /// Removes the descriptions of all systems but these, and the files that nobody needs then.
  ///
  /// - Parameter descriptions: those that are kept elsewhere.
  func clean(
    keeping systems: Set<SubvolumeUUID>, descriptions: [String] = []
  ) throws(BootError) {
    var used = Set(descriptions.flatMap(Self.fileNames))
    for uuid in systems {
      guard let text = try description(uuid) else { continue }
      used.formUnion(Self.fileNames(in: text))
      used.insert(descriptionName(uuid))
    }
    try attemptBoot { () throws(SystemError) in
      var isChanged = false
      for entry in try directory.entries() {
        let name = String(decoding: entry.name, as: UTF8.self)
        guard isOurs(name), !used.contains(name) else { continue }
        try directory.unlink(entry.name)
        isChanged = true
      }
      if isChanged { try directory.sync() }
    }
  }

  /// The names of the store's kernels and initrds in a text.
  static func fileNames(in text: String) -> [String] {
    text.split { !$0.isLetter && !$0.isNumber && $0 != "." }.map(String.init).filter(isFileName)
  }

  private static func isFileName(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 2 && parts[0].utf8.count == 64 && kinds.contains(String(parts[1]))
      && parts[0].utf8.allSatisfy {
        $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66
      }
  }

  /// Whether this program gave a file its name; all others are not its business.
  private func isOurs(_ name: String) -> Bool {
    var name = name
    if name.hasSuffix(Self.temporarySuffix) {
      name.removeLast(Self.temporarySuffix.count)
      if name == Self.scriptName { return true }
    }
    if Self.isFileName(name) { return true }
    guard name.hasSuffix(".\(suffix)") else { return false }
    return SubvolumeUUID(text: name.dropLast(suffix.count + 1)) != nil
  }

  /// What a loader's tool is told in: see ``UBootBackend``.
  static let scriptName = "environment"
}
