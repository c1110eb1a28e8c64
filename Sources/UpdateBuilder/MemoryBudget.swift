internal import BinaryPatch
internal import UpdateFile
internal import XZ

/// Divides the memory that a device may spend on applying.
///
/// What the device takes is: the program and its buffers; three times the longest command, which
/// is read, copied for the expander, and grows its buffer; a piece of the file, read and copied; what applying the
/// most demanding patch takes; and what xz takes for its dictionary.
struct MemoryBudget {
  /// The memory of the program itself, its buffers, and a tree's digest: measured, and rounded up.
  static let program: UInt64 = 24 << 20
  /// What checking the tree takes for each of its entries at worst, in bytes: all of them in one
  /// directory, whose names are sorted. It comes on top of what the builder was told to keep to,
  /// since no choice of its own makes it less.
  static let memoryPerEntry: UInt64 = 128
  /// The largest dictionary that is worth its memory.
  static let maximumDictionary: UInt32 = 64 << 20
  private static let minimumDictionary: UInt32 = 1 << 20
  private static let commandCopies: UInt64 = 3
  /// The longest command is at least as long as the kernel's: a WRITE of 128 KiB, with its path.
  private static let commandLengths = 192 << 10...8 << 20
  /// What a PATCH has beside its patch: two paths of 4 KiB, numbers, attributes' heads.
  static let patchOverhead = 16 << 10

  /// The longest patch.
  let maximumPatchLength: Int
  /// The most memory that applying one patch may take beside that, in bytes: three quarters of what
  /// nothing else needs. A dictionary as long as the delta stream is worth less.
  let maximumPatchMemory: UInt64
  /// The most memory that applying a patch of opened files may take, with opening and making them
  /// again: seven eighths, as one file may well need it.
  let maximumOpenedMemory: UInt64
  /// Whether there is room to keep what patches teach between them.
  let keepsKnowledge: Bool
  private let total: UInt64

  /// The budget of a device that can spend `total` bytes.
  init(total: UInt64) throws(BuildError) {
    self.total = total
    let lengths = Self.commandLengths
    let least = try Self.memory(
      dictionary: Self.minimumDictionary, longestCommand: lengths.lowerBound,
      pieceSize: Manifest.Payload.minimumPieceSize)
    try Self.check(least, of: total)
    // A quarter of what is left, for three copies.
    let commandLength = Swift.min(
      lengths.lowerBound + Int((total - least) / 12), lengths.upperBound)
    maximumPatchLength = commandLength - Self.patchOverhead
    let taken = try Self.memory(
      dictionary: Self.minimumDictionary, longestCommand: commandLength,
      pieceSize: Manifest.Payload.minimumPieceSize)
    let patchMemory = total > taken ? (total - taken) / 4 * 3 : 0
    keepsKnowledge = patchMemory >= 2 * ProjectionKnowledge.maximumMemory
    let kept = keepsKnowledge ? ProjectionKnowledge.maximumMemory : 0
    maximumPatchMemory = patchMemory - kept
    maximumOpenedMemory = (total > taken ? (total - taken) / 8 * 7 : 0) - kept
  }

  /// The dictionary for a delta stream of a length: a power of two, no larger than it helps.
  ///
  /// - Throws: ``BuildError/memoryTooSmall(given:needed:)`` if not even the smallest fits: a stream
  ///   of tens of gigabytes has larger pieces.
  func dictionary(
    deltaLength: UInt64, longestCommand: Int, patchMemory: UInt64 = 0
  ) throws(BuildError) -> UInt32 {
    let pieceSize: UInt32
    // What cannot be packed gets longer by less.
    let longest = deltaLength + deltaLength / 256
    do throws(UpdateFileError) {
      pieceSize = try Manifest.Payload.pieceSize(forLength: longest)
    } catch { throw .updateFile(error) }
    var size = Self.minimumDictionary
    try Self.check(
      Self.memory(
        dictionary: size, longestCommand: longestCommand, pieceSize: pieceSize,
        patchMemory: patchMemory),
      of: total)
    while size < Self.maximumDictionary, UInt64(size) < deltaLength {
      let next = try Self.memory(
        dictionary: size * 2, longestCommand: longestCommand, pieceSize: pieceSize,
        patchMemory: patchMemory)
      guard next <= total else { break }
      size *= 2
    }
    return size
  }

  private static func check(_ needed: UInt64, of total: UInt64) throws(BuildError) {
    guard needed <= total else { throw .memoryTooSmall(given: total, needed: needed) }
  }

  /// What applying takes, in bytes.
  static func memory(
    dictionary: UInt32, longestCommand: Int, pieceSize: UInt32, patchMemory: UInt64 = 0
  ) throws(BuildError) -> UInt64 {
    let xz: UInt64
    do throws(XZError) { xz = try XZDecoder.memoryUsage(dictionarySize: dictionary) } catch {
      throw .xz(error)
    }
    return program + commandCopies * UInt64(longestCommand) + 2 * UInt64(pieceSize) + patchMemory
      + xz
  }
}
