/// A file name with its version numbers left out, so that `libfoo.so.1.2.3` and `libfoo.so.1.2.10`,
/// or the modules of two kernels, are known for the same thing.
enum NamePattern {
  /// The hash of a path in which every number, and numbers joined by dots, count alike.
  static func hash(_ path: some Collection<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var inNumber = false
    var pendingDot = false
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for byte in path {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if !inNumber { add(UInt8(ascii: "0")) }
        inNumber = true
        pendingDot = false
      case UInt8(ascii: ".") where inNumber && !pendingDot:
        pendingDot = true
      default:
        if pendingDot { add(UInt8(ascii: ".")) }
        pendingDot = false
        inNumber = false
        add(byte)
      }
    }
    if pendingDot { add(UInt8(ascii: ".")) }
    return hash
  }

  /// The last component of a path.
  static func fileName(_ path: [UInt8]) -> ArraySlice<UInt8> {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return path[...] }
    return path[(slash + 1)...]
  }
}
