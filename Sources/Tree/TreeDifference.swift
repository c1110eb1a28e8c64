/// One way in which two trees differ.
public struct TreeDifference: Hashable, Sendable {
  /// What is different.
  public enum Kind: Hashable, Sendable {
    /// Only the first tree has the entry, with all it holds.
    case onlyInFirst
    /// Only the second tree has the entry, with all it holds.
    case onlyInSecond
    /// One is a directory, say, and the other a file; nothing else of them is compared.
    case type
    /// They share their inode with different other names, or only one does.
    case hardLink
    /// Permissions.
    case permissions
    /// User or group.
    case owner
    /// Modification time.
    case modificationTime
    /// The extended attribute of that name: its value, or only one has it.
    case attribute([UInt8])
    /// The target of the symbolic link.
    case target
    /// What the device node stands for.
    case device
    /// The size of the file; its contents are not compared then.
    case size
    /// The contents, from that offset on.
    case contents(at: UInt64)
  }

  /// The path below the roots; empty for the roots themselves.
  public var path: [UInt8]
  /// What is different there.
  public var kind: Kind

  /// A difference.
  public init(path: [UInt8], kind: Kind) {
    self.path = path
    self.kind = kind
  }
}

extension TreeDifference: CustomStringConvertible {
  /// `etc/passwd: permissions differ`, on one line.
  public var description: String {
    let name = path.isEmpty ? "." : Self.text(path)
    switch kind {
    case .onlyInFirst: return "\(name): only in the first tree"
    case .onlyInSecond: return "\(name): only in the second tree"
    case .type: return "\(name): types differ"
    case .hardLink: return "\(name): hard links differ"
    case .permissions: return "\(name): permissions differ"
    case .owner: return "\(name): owners differ"
    case .modificationTime: return "\(name): modification times differ"
    case .attribute(let attribute):
      return "\(name): extended attribute \(Self.text(attribute)) differs"
    case .target: return "\(name): targets of symbolic links differ"
    case .device: return "\(name): device numbers differ"
    case .size: return "\(name): sizes differ"
    case .contents(let offset): return "\(name): contents differ from byte \(offset) on"
    }
  }

  /// A name that may hold anything, on one line.
  private static func text(_ bytes: [UInt8]) -> String {
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      text +=
        scalar.value < 0x20 || scalar == "\\" || (0x7F..<0xA0).contains(scalar.value)
        ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    return text
  }
}
