internal import Bytes
internal import Linux

/// The numbers of tar headers.
enum TarNumber {
  /// A field of a header: octal digits, or, where the first byte's highest bit is set, the bytes of a
  /// number in two's complement, the highest first (GNU).
  ///
  /// - Returns: `nil` if it is neither, or beyond `Int64`.
  static func field(_ bytes: RawSpan) -> Int64? {
    guard bytes.byteCount > 0 else { return nil }
    return bytes[0] & 0x80 != 0 ? binary(bytes) : octal(bytes)
  }

  private static func binary(_ bytes: RawSpan) -> Int64? {
    // 0xFF begins a negative number; else 0x80 is only the mark.
    let isNegative = bytes[0] & 0x40 != 0
    var value: Int64 = isNegative ? -1 : 0
    for at in 0..<bytes.byteCount {
      let byte = at == 0 && !isNegative ? bytes[0] & 0x7F : bytes[at]
      let (high, overflow) = value.multipliedReportingOverflow(by: 256)
      if overflow { return nil }
      value = high | Int64(byte)
    }
    return value
  }

  /// Blanks, digits, and a blank or NUL where there is room; no digits are 0.
  private static func octal(_ bytes: RawSpan) -> Int64? {
    var at = 0
    while at < bytes.byteCount, bytes[at] == 0x20 { at += 1 }
    var value: Int64 = 0
    while at < bytes.byteCount, (0x30...0x37).contains(bytes[at]) {
      let (high, overflow) = value.multipliedReportingOverflow(by: 8)
      if overflow { return nil }
      value = high | Int64(bytes[at] - 0x30)
      at += 1
    }
    while at < bytes.byteCount {
      guard bytes[at] == 0 || bytes[at] == 0x20 else { return nil }
      // What follows a NUL is nothing.
      if bytes[at] == 0 { break }
      at += 1
    }
    return value
  }

  /// A number of an extended header: digits.
  static func decimal(_ text: some Collection<UInt8>) -> UInt64? {
    guard !text.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in text {
      guard (0x30...0x39).contains(byte) else { return nil }
      let (high, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = high.addingReportingOverflow(UInt64(byte - 0x30))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  /// A time of an extended header: `-12.3456`, with a fraction of any length.
  ///
  /// What is finer than nanoseconds is cut off, towards the past.
  static func time(_ text: [UInt8]) -> FileTime? {
    let isNegative = text.first == 0x2D
    let digits = text.dropFirst(isNegative ? 1 : 0)
    let point = digits.firstIndex(of: 0x2E) ?? digits.endIndex
    let fraction = digits[point...].dropFirst()
    guard let whole = decimal(digits[..<point]), let seconds = Int64(exactly: whole),
      point == digits.endIndex || !fraction.isEmpty,
      fraction.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    let shown = fraction.prefix(9).reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
    var nanoseconds = shown
    for _ in fraction.prefix(9).count..<9 { nanoseconds *= 10 }
    guard isNegative else { return FileTime(seconds: seconds, nanoseconds: nanoseconds) }
    let isFiner = fraction.dropFirst(9).contains { $0 != 0x30 }
    let (magnitude, carry) =
      isFiner
      ? (nanoseconds + 1 == 1_000_000_000 ? (0, 1) : (nanoseconds + 1, 0)) : (nanoseconds, 0)
    let (past, overflow) = (0 - seconds).subtractingReportingOverflow(Int64(carry))
    if overflow { return nil }
    if magnitude == 0 { return FileTime(seconds: past) }
    let (before, underflow) = past.subtractingReportingOverflow(1)
    return underflow
      ? nil : FileTime(seconds: before, nanoseconds: 1_000_000_000 - magnitude)
  }

  /// A device's number as `st_rdev` has it; `nil` if a part is too large.
  static func device(major: Int64, minor: Int64) -> UInt64? {
    guard let major = UInt32(exactly: major), let minor = UInt32(exactly: minor) else { return nil }
    return DeviceNumber(major: major, minor: minor).specialDevice
  }
}
