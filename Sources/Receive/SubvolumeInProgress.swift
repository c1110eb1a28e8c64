internal import Linux

/// A subvolume while it is received: under a name of its own, which is its final one only when all
/// is well.
final class SubvolumeInProgress {
  let subvolume: ReceivedSubvolume
  /// What it is called for the time being.
  let stagingName: [UInt8]
  /// Its root, locked as long as this is here.
  let root: Descriptor
  let cloneSources: CloneSources
  var receiver: Receiver
  /// How many commands failed and were passed over.
  var errorCount = 0

  init(
    _ subvolume: ReceivedSubvolume, stagingName: [UInt8], root: consuming Descriptor,
    _ cloneSources: CloneSources, _ options: ReceiveOptions
  ) throws(SubvolumeReceiveError) {
    let own = try attempt { () throws(SystemError) in try root.duplicate() }
    do throws(ReceiveError) {
      receiver = try Receiver(root: own, cloneSources: cloneSources, options: options)
    } catch { throw .command(error) }
    (self.subvolume, self.stagingName, self.cloneSources) = (subvolume, stagingName, cloneSources)
    self.root = root
  }

  /// The longest name in bytes: `NAME_MAX`.
  private static let maximumNameLength = 255

  /// `.NAME.receiving`; of a name that is too long for that, the beginning and a checksum.
  static func stagingName(for name: [UInt8]) -> [UInt8] {
    let suffix = Array(".receiving".utf8)
    let whole = [UInt8(ascii: ".")] + name + suffix
    if whole.count <= maximumNameLength { return whole }
    let digits = String(checksum(of: name), radix: 16)
    let rest = Array("-\(digits)".utf8) + suffix
    return [UInt8(ascii: ".")] + name.prefix(maximumNameLength - 1 - rest.count) + rest
  }

  /// `NAME.partial`, and further ones.
  static func partialName(for name: [UInt8], _ number: Int) -> [UInt8] {
    let suffix = Array((number == 1 ? ".partial" : ".partial\(number)").utf8)
    return name.prefix(maximumNameLength - suffix.count) + suffix
  }

  /// FNV-1a: two long names that begin alike are not to be in each other's way.
  private static func checksum(of name: [UInt8]) -> UInt64 {
    name.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
