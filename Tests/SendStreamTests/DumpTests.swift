import Bytes
import TestSupport
import Testing

@testable import SendStream

@Suite("Dumping commands as text")
struct DumpTests {
  private func dump(
    _ commands: [[UInt8]], style: DumpFormatter.Style = .btrfsProgs6_10,
    utcOffset: @escaping @Sendable (Int64) -> Int = { _ in 0 }
  ) throws(StreamError) -> [String] {
    let formatter = DumpFormatter(style: style, utcOffset: utcOffset)
    let bytes = streamHeader(1) + rawSubvolume() + commands.flatMap(\.self) + rawCommand(.end)
    let contents = try StreamContents(bytes, dump: formatter)
    let lines = contents.dump.split(separator: UInt8(ascii: "\n"))
    return lines.dropFirst().map { String(decoding: $0, as: UTF8.self) }
  }

  private func times(
    _ seconds: Int64, utcOffset: @escaping @Sendable (Int64) -> Int
  ) throws(StreamError) -> Substring {
    let time = littleEndian(seconds) + [0, 0, 0, 0]
    let lines = try dump(
      [
        rawCommand(
          .setTimes, tlv(.path, "f"), tlv(.accessTime, time), tlv(.modificationTime, time),
          tlv(.changeTime, time))
      ], utcOffset: utcOffset)
    return lines[0].split(separator: " ")[2].dropFirst("atime=".count)
  }

  @Test("The text of the older style breaks with a line break, that of the newer does not")
  func styles() throws {
    let command = rawCommand(
      .setXattr, tlv(.path, "x y"), tlv(.xattrName, "user. a"), tlv(.xattrData, "\u{1b}[2J\n"))
    let start = "set_xattr       ./sv/x\\ y                       name=user."
    let older = try dump([command], style: .btrfsProgs6_2)
    #expect(older == [start + " a data=\u{1b}[2J", " len=5"])
    let newer = try dump([command], style: .btrfsProgs6_10)
    #expect(newer == [start + "\\ a data=\\e[2J\\n len=5"])
  }

  @Test("A CLONE's source is escaped in the newer style only")
  func cloneSource() throws {
    let command = rawCommand(
      .clone, tlv(.path, "a b"), tlv(.fileOffset, number: UInt64(1)),
      tlv(.cloneLength, number: UInt64(2)), tlv(.cloneUUID, Array(0..<16)),
      tlv(.cloneCtransid, number: UInt64(3)), tlv(.clonePath, "c d"),
      tlv(.cloneOffset, number: UInt64(4)))
    for (style, source) in [(.btrfsProgs6_2, "c d"), (.btrfsProgs6_10, "c\\ d")]
      as [(DumpFormatter.Style, String)]
    {
      let lines = try dump([command], style: style)
      let expected =
        "clone           ./sv/a\\ b                       offset=1 len=2 "
        + "from=./sv/\(source) clone_offset=4"
      #expect(lines == [expected])
    }
  }

  @Test(
    "Times are local, with the distance from UTC in hours and minutes",
    arguments: [
      (0, "1970-01-01T00:00:00+0000"), (3_600, "1970-01-01T01:00:00+0100"),
      (-12_600, "1969-12-31T20:30:00-0330"), (20_700, "1970-01-01T05:45:00+0545"),
      (-75, "1969-12-31T23:58:45-0001"), (-30, "1969-12-31T23:59:30-0000"),
      (50_400, "1970-01-01T14:00:00+1400"),
    ])
  func offsets(offset: Int, text: String) throws {
    let atime = try times(0) { _ in offset }
    #expect(atime == text)
  }

  @Test("The distance from UTC is asked for at each time")
  func daylightSaving() throws {
    let zone: @Sendable (Int64) -> Int = { $0 >= 1_774_746_000 ? 7_200 : 3_600 }
    let (before, after) = (
      try times(1_774_745_999, utcOffset: zone), try times(1_774_746_000, utcOffset: zone)
    )
    #expect(before == "2026-03-29T01:59:59+0100")
    #expect(after == "2026-03-29T03:00:00+0200")
  }

  @Test("The first and the last 64-bit second, which no calendar needs, do not trap")
  func extremeTimes() throws {
    for (seconds, offset, text) in [
      (Int64.max, 3_600, "292277026596-12-04T15:30:07+0000"),
      (Int64.min, -3_600, "-292277022657-01-27T08:29:52+0000"),
      (Int64.min, 3_600, "-292277022657-01-27T09:29:52+0100"),
      (0, Int.max, "292277026596-12-04T15:30:07+"),
    ] {
      let atime = try times(seconds) { _ in offset }
      #expect(atime.hasPrefix(text))
    }
  }

  @Test("The calendar agrees with one that counts day by day, from 1600 to 2400")
  func calendar() {
    let lengths: [Int64] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    var day: Int64 = -135_140
    for year in 1_600...2_400 as ClosedRange<Int64> {
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      for month in 1...12 as ClosedRange<Int64> {
        let last = lengths[Int(month) - 1] + (isLeap && month == 2 ? 1 : 0)
        for (number, second) in [(1, 0), (last, 86_399)] as [(Int64, Int64)] {
          let time = CivilTime(seconds: (day + number - 1) * 86_400 + second, utcOffset: 0)
          #expect([time.year, time.month, time.day] == [year, month, number])
          #expect(time.secondOfDay == second)
        }
        day += last
      }
    }
  }

  @Test("A delta stream's own command can have a line like any other")
  func ownCommand() {
    let formatter = DumpFormatter()
    let path = Array("usr/bin/a b".utf8)
    var line: [UInt8] = []
    formatter.append(name: "patch", path: path.rawSpan, to: &line)
    #expect(String(decoding: line, as: UTF8.self) == "patch           ./usr/bin/a\\ b")
  }

  @Test("END has no line")
  func end() throws {
    let lines = try dump([])
    #expect(lines.isEmpty)
  }
}
