internal import UpdateFile
internal import XZ

/// Divides the memory that a device may spend on applying.
///
/// What the device takes is: the program and its buffers; three times the longest command, which
/// is read, copied for the expander, and grows its buffer; one piece of the file; and what xz takes
/// for its dictionary.
struct MemoryBudget {
  /// The memory of the program itself, its buffers, and a tree's digest: measured, and rounded up.
  static let program: UInt64 = 24 << 20
  /// The largest dictionary that is worth its memory.
  static let maximumDictionary: UInt32 = 64 << 20
  private static let minimumDictionary: UInt32 = 1 << 20
  private static let commandCopies: UInt64 = 3

  /// The longest patch.
  let maximumPatchLength: Int
  private let total: UInt64

  /// The budget of a device that can spend `total` bytes.
  init(total: UInt64) throws(BuildError) {
    self.total = total
    let shared = total > Self.program ? total - Self.program : 0
    maximumPatchLength = Int(Swift.min(Swift.max(shared / 12, 192 << 10), 8 << 20))
    let least = try Self.memory(
      dictionary: Self.minimumDictionary, longestCommand: maximumPatchLength,
      pieceSize: Manifest.Payload.minimumPieceSize)
    guard least <= total else { throw .memoryTooSmall(given: total, needed: least) }
  }

  /// The dictionary for a delta stream of a length: a power of two, no larger than it helps.
  func dictionary(deltaLength: UInt64, longestCommand: Int) throws(BuildError) -> UInt32 {
    var size = Self.minimumDictionary
    while size < Self.maximumDictionary, UInt64(size) < deltaLength {
      let next = try Self.memory(
        dictionary: size * 2, longestCommand: longestCommand,
        pieceSize: Manifest.Payload.minimumPieceSize)
      guard next <= total else { break }
      size *= 2
    }
    return size
  }

  /// What applying takes, in bytes.
  static func memory(
    dictionary: UInt32, longestCommand: Int, pieceSize: UInt32
  ) throws(BuildError) -> UInt64 {
    let xz: UInt64
    do throws(XZError) { xz = try XZDecoder.memoryUsage(dictionarySize: dictionary) } catch {
      throw .xz(error)
    }
    return program + commandCopies * UInt64(longestCommand) + UInt64(pieceSize) + xz
  }
}
