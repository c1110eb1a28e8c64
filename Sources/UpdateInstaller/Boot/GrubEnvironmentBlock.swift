/// GRUB's environment block: a header line, lines `NAME=VALUE`, and `#` up to the end.
///
/// GRUB writes to the blocks of the disk that the file had when it read it; so the file is written in
/// place, and keeps its size. A disk writes sectors of 512 bytes as a whole. All that this program
/// writes is therefore kept in the first 256 bytes, right behind the header, padded with a comment:
/// what the others wrote is never moved, and no power cut leaves one of our variables without the
/// others.
struct GrubEnvironmentBlock: Hashable {
  /// The file's size, in bytes.
  let size: Int
  /// What is not ours, each with its line feed.
  private var others: [[UInt8]] = []
  /// Our variables.
  private(set) var variables: [String: String] = [:]

  /// GRUB makes it so long.
  static let standardSize = 1024
  /// No longer one is read.
  static let maximumSize = 64 << 10
  /// Where what is not ours begins.
  static let regionEnd = 256
  private static let header = Array("# GRUB Environment Block\n".utf8)
  private static let padding = Array("# btrfs-update ".utf8)
  private static let prefix = Array(BootChoice.prefix.utf8)

  /// What is wrong with a block.
  enum Flaw: String, Error {
    case noHeader = "it does not begin as a GRUB environment block"
    case size = "its size is not 512 bytes to 64 KiB"
    case noEnd = "its last line has no end"
    case full = "there is no room for the boot choice"
  }

  /// An empty one.
  init() { size = Self.standardSize }

  /// Reads one.
  init(_ bytes: [UInt8]) throws(Flaw) {
    guard (512...Self.maximumSize).contains(bytes.count) else { throw .size }
    guard bytes.starts(with: Self.header) else { throw .noHeader }
    size = bytes.count
    let end = bytes.lastIndex { $0 != UInt8(ascii: "#") } ?? bytes.startIndex
    guard bytes[end] == UInt8(ascii: "\n") else { throw .noEnd }
    for line in Self.lines(bytes[Self.header.count..<max(end + 1, Self.header.count)]) {
      if line.starts(with: Self.padding) { continue }
      guard line.starts(with: Self.prefix) else {
        others.append(line)
        continue
      }
      let text = String(decoding: line.dropLast(), as: UTF8.self)
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      variables[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
    }
  }

  /// In a value, a backslash takes the next byte as it is, a line feed too.
  private static func lines(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var (line, isEscaped) = ([UInt8](), false)
    for byte in bytes {
      line.append(byte)
      if byte == UInt8(ascii: "\n"), !isEscaped {
        lines.append(line)
        line = []
      }
      isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// The block with our variables set to these, in their order.
  ///
  /// - Throws: ``Flaw/full`` if that needs more room than there is.
  func bytes(_ variables: [(name: String, value: String)]) throws(Flaw) -> [UInt8] {
    var bytes = Self.header
    for (name, value) in variables { bytes += Array("\(name)=\(value)\n".utf8) }
    bytes += Self.padding
    guard bytes.count < Self.regionEnd else { throw .full }
    bytes += [UInt8](repeating: UInt8(ascii: "."), count: Self.regionEnd - bytes.count - 1)
    bytes.append(UInt8(ascii: "\n"))
    for line in others { bytes += line }
    guard bytes.count <= size else { throw .full }
    return bytes + [UInt8](repeating: UInt8(ascii: "#"), count: size - bytes.count)
  }
}
