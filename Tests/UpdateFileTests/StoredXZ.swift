import Bytes

/// An xz Stream that stores its contents, put together anew for the tests and with every knob that
/// a head must not turn.
struct StoredXZ {
  var checkType: UInt8 = 1
  var dictionaryByte: UInt8 = 8
  /// The bytes between the filter's properties and the Block header's checksum.
  var headerPadding: [UInt8] = [0, 0, 0]
  var chunkLength = 65_536
  var laterControl: UInt8 = 2
  var paddingByte: UInt8 = 0

  func encoded(_ contents: [UInt8]) -> [UInt8] {
    var header: [UInt8] = [0, 0, 0x21, 1, dictionaryByte] + headerPadding
    header[0] = UInt8((header.count + 4) / 4 - 1)
    header += crc(header)
    var block: [UInt8] = []
    for (index, start) in stride(from: 0, to: contents.count, by: chunkLength).enumerated() {
      let chunk = contents[start..<min(start + chunkLength, contents.count)]
      let size = chunk.count - 1
      block += [index == 0 ? 1 : laterControl, UInt8(size >> 8), UInt8(size & 0xff)] + chunk
    }
    block.append(0)
    let unpadded = header.count + block.count + 4
    let padding = [UInt8](repeating: paddingByte, count: (4 - block.count % 4) % 4)
    var index: [UInt8] = [0, 1] + varint(unpadded) + varint(contents.count)
    index += [UInt8](repeating: 0, count: (4 - index.count % 4) % 4)
    index += crc(index)
    let footer = little(UInt32(index.count / 4 - 1)) + [0, checkType]
    let start = [0xFD] + Array("7zXZ\0".utf8) + [0, checkType] + crc([0, checkType])
    return start + header + block + padding + crc(contents) + index + crc(footer) + footer
      + Array("YZ".utf8)
  }

  private func crc(_ bytes: [UInt8]) -> [UInt8] {
    var value: UInt32 = 0xffff_ffff
    for byte in bytes {
      for bit in 0..<8 {
        let carry = (value ^ UInt32(byte >> bit)) & 1
        value = value >> 1 ^ carry * 0xedb8_8320
      }
    }
    return little(~value)
  }

  private func varint(_ number: Int) -> [UInt8] {
    number < 128 ? [UInt8(number)] : [UInt8(number % 128 + 128)] + varint(number / 128)
  }

  private func little(_ value: UInt32) -> [UInt8] {
    [UInt8(value & 0xff), UInt8(value >> 8 & 0xff), UInt8(value >> 16 & 0xff), UInt8(value >> 24)]
  }
}

/// The stream inside a head, put together anew.
struct HeadContents {
  var magic = Array("btrfs-stream\0".utf8)
  var version: UInt32 = 0x0001_0002
  var commands: [(number: UInt16, checksum: UInt32, payload: [UInt8])] = []

  var bytes: [UInt8] {
    var bytes = magic
    bytes.append(littleEndian: version)
    for command in commands {
      bytes.append(littleEndian: UInt32(command.payload.count))
      bytes.append(littleEndian: command.number)
      bytes.append(littleEndian: command.checksum)
      bytes += command.payload
    }
    return bytes
  }

  var file: [UInt8] { StoredXZ().encoded(bytes) }
}
