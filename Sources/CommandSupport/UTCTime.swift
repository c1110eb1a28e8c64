/// Seconds since 1970 as a date and time, UTC.
public struct UTCTime: CustomStringConvertible {
  private let seconds: Int64

  /// A moment, in seconds since 1970.
  public init(_ seconds: Int64) { self.seconds = seconds }

  /// Such as `2026-11-21T07:03:00Z`.
  ///
  /// The date from the number of days is H. Hinnant's `civil_from_days`.
  public var description: String {
    let (quotient, remainder) = seconds.quotientAndRemainder(dividingBy: 86400)
    let days = remainder < 0 ? quotient - 1 : quotient
    let rest = remainder < 0 ? remainder + 86400 : remainder
    let shifted = days &+ 719_468
    let era = (shifted >= 0 ? shifted : shifted &- 146_096) / 146_097
    let dayOfEra = shifted &- era &* 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let civilMonth = month < 10 ? month + 3 : month - 9
    let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
    return "\(year)-\(two(civilMonth))-\(two(day))"
      + "T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
  }

  private func two(_ value: Int64) -> String { (value < 10 ? "0" : "") + String(value) }
}
