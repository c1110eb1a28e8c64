import Bytes
import Linux
import Testing

@testable import Archive

@Suite("Numbers of tar headers")
struct TarNumberTests {
  @Test("Octal digits end at a blank or a NUL")
  func octal() {
    #expect(field("0000644\0") == 0o644)
    #expect(field("   644 \0") == 0o644)
    #expect(field("77777777777") == 0o77_777_777_777)
    #expect(field("\0\0\0\0\0\0\0\0") == 0)
    #expect(field("        ") == 0)
    #expect(field("12\0xyz") == 0o12)
    #expect(field("0000648\0") == nil)
    #expect(field("-0000644") == nil)
    #expect(field("7777777777777777777777") == nil)
  }

  @Test("GNU's large and negative numbers are bytes")
  func binary() {
    #expect(TarNumber.field([0x80, 0, 0, 0, 1, 0, 0, 0].rawSpan) == 1 << 24)
    #expect(TarNumber.field([0xFF, 0xFF, 0xFF, 0xFE].rawSpan) == -2)
    let most: [UInt8] = [0x80, 0, 0, 0] + [0x7F] + [UInt8](repeating: 0xFF, count: 7)
    #expect(TarNumber.field(most.rawSpan) == .max)
    let beyond: [UInt8] = [0x80, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8)
    #expect(TarNumber.field(beyond.rawSpan) == nil)
    let below: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFE] + [UInt8](repeating: 0xFF, count: 8)
    #expect(TarNumber.field(below.rawSpan) == nil)
  }

  @Test("Times have fractions, and may be before 1970")
  func times() {
    #expect(time("0") == FileTime(seconds: 0))
    #expect(
      time("1350244992.023960108") == FileTime(seconds: 1_350_244_992, nanoseconds: 23_960_108))
    #expect(time("1.5") == FileTime(seconds: 1, nanoseconds: 500_000_000))
    #expect(time("1.9999999999") == FileTime(seconds: 1, nanoseconds: 999_999_999))
    #expect(time("-1") == FileTime(seconds: -1))
    #expect(time("-1.25") == FileTime(seconds: -2, nanoseconds: 750_000_000))
    #expect(time("-0.000000001") == FileTime(seconds: -1, nanoseconds: 999_999_999))
    #expect(time("-0.0000000001") == FileTime(seconds: -1, nanoseconds: 999_999_999))
    #expect(time("-1.9999999999") == FileTime(seconds: -2))
    #expect(time("-9223372036854775807.5") == FileTime(seconds: .min, nanoseconds: 500_000_000))
    for wrong in ["", "-", ".", "1.", ".5", "1.x", "+1", "9223372036854775808", "1 "] {
      #expect(time(wrong) == nil, "\(wrong)")
    }
  }

  @Test("Devices are numbered as the C library numbers them")
  func devices() {
    #expect(TarNumber.device(major: 8, minor: 1) == 0x801)
    #expect(TarNumber.device(major: 259, minor: 70_000) == 0x1111_0370)
    #expect(TarNumber.device(major: 0x12345, minor: 0xABCDEF) == 0x1_200A_BCD3_45EF)
    #expect(TarNumber.device(major: -1, minor: 0) == nil)
    #expect(TarNumber.device(major: 1 << 32, minor: 0) == nil)
  }

  private func field(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    return TarNumber.field(bytes.rawSpan)
  }

  private func time(_ text: String) -> FileTime? { TarNumber.time(Array(text.utf8)) }
}
