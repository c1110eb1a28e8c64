import Bytes
import Testing

@Suite("Reading bytes through a cursor")
struct ByteCursorTests {
  @Test("Integers come little-endian, and past the end there is nothing")
  func integers() {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
    var cursor = ByteCursor(bytes.rawSpan)
    let first = cursor.read(UInt16.self)
    let second = cursor.read(UInt32.self)
    let tooMuch = cursor.read(UInt16.self)
    let offset = cursor.offset
    let last = cursor.read(UInt8.self)
    let atEnd = cursor.isAtEnd
    #expect(first == 0x0201)
    #expect(second == 0x0605_0403)
    #expect(tooMuch == nil)
    #expect(offset == 6)
    #expect(last == 7)
    #expect(atEnd)
  }

  @Test("A negative or too long take gives nothing and moves nothing")
  func take() {
    let bytes: [UInt8] = [1, 2, 3]
    var cursor = ByteCursor(bytes.rawSpan)
    let negative = cursor.take(-1) == nil
    let tooLong = cursor.take(4) == nil
    let taken = cursor.take(2)?.byteCount
    let left = cursor.remaining
    #expect(negative)
    #expect(tooLong)
    #expect(taken == 2)
    #expect(left == 1)
  }

  @Test(
    "A varint comes back as it was written",
    arguments: [0, 1, 127, 128, 16_383, 16_384, UInt64(UInt32.max), UInt64.max - 1, UInt64.max])
  func varint(value: UInt64) {
    var bytes: [UInt8] = []
    bytes.append(varint: value)
    var cursor = ByteCursor(bytes.rawSpan)
    let read = cursor.readVarint()
    let atEnd = cursor.isAtEnd
    #expect(read == value)
    #expect(atEnd)
    for cut in 0..<bytes.count {
      let part = Array(bytes[..<cut])
      var short = ByteCursor(part.rawSpan)
      let nothing = short.readVarint()
      #expect(nothing == nil)
    }
  }

  @Test("A varint that is longer than it needs to be, or than 64 bits, is refused")
  func longVarints() {
    for bytes: [UInt8] in [
      [0x80, 0x00], [0xff, 0x00],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    ] {
      var cursor = ByteCursor(bytes.rawSpan)
      let nothing = cursor.readVarint()
      let offset = cursor.offset
      #expect(nothing == nil)
      #expect(offset == 0)
    }
  }

  @Test(
    "Zigzag keeps small magnitudes small and comes back", arguments: [0, -1, 1, -2, .min, .max])
  func zigZag(value: Int64) {
    #expect(Int64(zigZag: value.zigZagEncoded) == value)
    if value == -2 { #expect(value.zigZagEncoded == 3) }
  }
}
