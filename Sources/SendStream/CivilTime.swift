/// A point in time on the Gregorian calendar, at some place's distance from UTC.
struct CivilTime {
  let year: Int64
  let month: Int64
  let day: Int64
  let secondOfDay: Int64
  /// The distance from UTC in seconds, to the east positive.
  let utcOffset: Int64

  private static let secondsPerDay: Int64 = 86_400
  /// The calendar repeats after 400 years.
  private static let daysPerEra: Int64 = 146_097
  /// Days from 0000-03-01, where an era begins, to 1970-01-01.
  private static let epoch: Int64 = 719_468

  /// The time `seconds` after the start of 1970 UTC, for any 64-bit number.
  ///
  /// Years are counted from March in between, so that the day a leap year adds is the last one
  /// ("chrono-compatible low-level date algorithms", Hinnant).
  init(seconds: Int64, utcOffset: Int64) {
    let (sum, overflow) = seconds.addingReportingOverflow(utcOffset)
    let local = overflow ? seconds : sum
    self.utcOffset = overflow ? 0 : utcOffset
    let (days, secondOfDay) = Self.floorDivide(local, by: Self.secondsPerDay)
    self.secondOfDay = secondOfDay
    let (era, dayOfEra) = Self.floorDivide(days + Self.epoch, by: Self.daysPerEra)
    let leapDays = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
    let yearOfEra = (dayOfEra - leapDays) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  private static func floorDivide(
    _ value: Int64, by divisor: Int64
  ) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  /// Appends the time as strftime(3) does for `%Y-%m-%dT%H:%M:%S%z`, such as
  /// `2026-02-03T04:05:06+0100`.
  func append(to bytes: inout [UInt8]) {
    bytes.append(decimal: year)
    for (separator, number) in [
      ("-", month), ("-", day), ("T", secondOfDay / 3_600), (":", secondOfDay / 60 % 60),
      (":", secondOfDay % 60),
    ] {
      bytes.append(contentsOf: separator.utf8)
      bytes.append(twoDigits: number)
    }
    bytes.append(UInt8(ascii: utcOffset < 0 ? "-" : "+"))
    let minutes = utcOffset.magnitude / 60
    bytes.append(twoDigits: Int64(minutes / 60 % 100))
    bytes.append(twoDigits: Int64(minutes % 60))
  }
}

extension [UInt8] {
  /// Appends a number in decimal digits.
  mutating func append(decimal number: some BinaryInteger) {
    append(contentsOf: String(number).utf8)
  }

  /// Appends a number from 0 to 99.
  fileprivate mutating func append(twoDigits number: Int64) {
    append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10))
    append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
  }
}
