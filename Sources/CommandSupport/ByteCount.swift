/// A number of bytes as people read and write it.
public struct ByteCount: Hashable, Sendable {
  /// The number.
  public var bytes: UInt64

  /// A number of bytes.
  public init(_ bytes: UInt64) { self.bytes = bytes }

  /// A number with an optional unit of 1,024: `K`, `M`, `G` or `T`, also as `KiB` or `KB`.
  public init?(_ text: String) {
    let units: [(String, UInt64)] = [
      ("K", 10), ("M", 20), ("G", 30), ("T", 40),
    ]
    var digits = text.uppercased()
    for suffix in ["IB", "B"] where digits.hasSuffix(suffix) {
      digits.removeLast(suffix.count)
      break
    }
    var shift: UInt64 = 0
    for (unit, bits) in units where digits.hasSuffix(unit) {
      digits.removeLast()
      shift = bits
      break
    }
    // UInt64 would take a plus sign.
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(digits),
      number.leadingZeroBitCount >= Int(shift)
    else {
      return nil
    }
    bytes = number << shift
  }
}

extension ByteCount: CustomStringConvertible {
  /// Such as `512 B`, `1.5 KiB`, `23 MiB`.
  public var description: String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    guard unit > 0, value < 100 else { return "\(UInt64(value)) \(units[unit])" }
    let tenths = UInt64(value * 10)
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
